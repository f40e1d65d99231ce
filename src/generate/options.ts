// The options of generate().

import { type AnswerOptions, type ExplainOptions, explainOptions, single } from "../explain/options.ts";
import type { AbortSignal } from "../options/globals.ts";
import {
  callback,
  either,
  filled,
  flag,
  integer,
  number,
  type Options,
  object,
  oneOrMore,
  signal,
} from "../options/kinds.ts";
import type { GeneratedToken } from "./generation.ts";
import type { Sampling } from "./sampling.ts";

/** Options of generate() and stream(). Decoding is greedy unless `temperature` is above 0. */
export interface GenerateOptions extends Sampling {
  /** The most tokens to add (default 20). One of the model's own stop tokens, or its most tokens, may end the text before. */
  maxNewTokens?: number;
  /** Ends the text before the first of these that it comes to have. */
  stop?: string | readonly string[];
  /** Also ln of each token's probability, and of so many of the likeliest tokens in its place (default none). */
  logprobs?: number;
  /**
   * Also explains each token, `true` by the defaults of explain(); `contrast` is with another token's logit. With `each: true` all
   * of them together when the text has ended, as `matrix`: in less time than one by one, see AnswerMatrix.
   */
  explain?:
    | boolean
    | Pick<ExplainOptions, "method" | "contrast" | "at" | "positional" | "layers" | "groups" | "heads" | "neurons">
    | GenerationMatrix;
  /** Ends the call: it rejects with `Aborted`. */
  signal?: AbortSignal;
  /** Is called with each token as soon as its text is certain: not before a character, or what may be a stop string, is whole. */
  onProgress?: (token: GeneratedToken) => void;
}

/** How generate() explains all tokens together. */
export interface GenerationMatrix
  extends Pick<AnswerOptions, "each" | "method" | "contrast" | "objective" | "at" | "groups"> {}

const { each, objective, positional, layers, groups, heads, neurons } = explainOptions;
const { method, contrast, at } = single;

export const generateOptions = {
  signal,
  maxNewTokens: integer(0),
  temperature: number("a finite number from 0", 0, Number.MAX_VALUE),
  topK: integer(1),
  topP: number("a number above 0 and at most 1", Number.MIN_VALUE, 1),
  minP: number("a number from 0 to 1", 0, 1),
  repetitionPenalty: number("a number from 0.01 to 100", 0.01, 100),
  stop: oneOrMore(filled),
  logprobs: integer(0),
  seed: integer(0),
  explain: either(flag, object({ method, contrast, at, positional, layers, groups, heads, neurons, each, objective })),
  onProgress: callback,
} satisfies Options<GenerateOptions>;
