// What an answer is explained as: a matrix of its tokens by all tokens before each. Plain JSON, as an explanation.

import type { MessageSpan } from "../inputs/encoded.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import type { ReadingPoint } from "../models/family.ts";
import type { Composite, Propagating } from "../propagation/composites.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import type { Ledger } from "./explanation.ts";
import type { Span } from "./options.ts";

/** A row of a matrix: one token of the answer, and what its logit rests on. */
export interface AnswerRow {
  /** The explained token, by its place in `tokens`. */
  token: number;
  /** The same token with its logit and its probability, given all tokens before it. */
  target: ClassScore;
  /** The second token, if one was given: its logit is subtracted. */
  contrast?: ClassScore;
  /** With another objective than the logit: what is explained, and its value. */
  explained?: { objective: string; value: number };
  /** The relevance of each token before it, in order: as many as `token`. It and those after it have none, the model is causal. */
  relevance: number[];
  /** The account of the explained number, as an explanation has it. */
  ledger: Ledger;
}

/** A part of the text, and those of its tokens that a row or a column stands for. */
export interface AnswerPart extends Span {
  /** Of a message: its place among the messages, and who says it. */
  message?: number;
  /** Of a message: its role. */
  role?: string;
  /** The part of the text. */
  text: string;
  /** Its tokens, by their place in `tokens`; of a row only those of the answer. */
  tokens: number[];
}

/** The sums of a matrix's rows over some tokens of the answer, and of its columns over parts of the text. */
export interface AnswerSums {
  /** By column. */
  relevance: number[];
  /** Of all tokens in no column. */
  rest: number;
  /** The sum of the rows' ledgers. */
  ledger: Ledger;
}

/** With `groups`: a matrix by parts of the text on both sides. */
export interface AnswerGroups {
  /** The parts of the whole text. */
  columns: AnswerPart[];
  /** Those of them with tokens of the answer. */
  rows: (AnswerPart & AnswerSums)[];
  /** The answer's tokens that are in no part, where there are any. */
  rest?: AnswerSums & { tokens: number[] };
}

/**
 * What `Model.explain()` returns with `each`: of each token of a continuation, the relevance of each token before it. It is plain
 * data; all relevance is in the logit's unit.
 */
export interface AnswerMatrix {
  /** The text and its continuation. */
  text: string;
  /** Of a conversation: where in the text what its messages say is. */
  messages?: readonly MessageSpan[];
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** A method's name, or "custom" for a composite of the caller's own. */
  method: Propagating["name"];
  /** The rules that ran. */
  composite: Composite;
  /** The reading point of the relevance. */
  at: ReadingPoint;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** All tokens: `promptTokens` of what comes before the answer, then the answer's. */
  tokens: Token[];
  /** How many tokens come before the answer. */
  promptTokens: number;
  /** One for each token of the answer. */
  rows: AnswerRow[];
  /** With `groups`: the matrix by words, sentences, messages or spans. */
  groups?: AnswerGroups;
  /** Warnings about the accuracy of this result; usually empty. */
  warnings: string[];
}
