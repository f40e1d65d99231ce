// What generate() takes and returns: plain JSON.

import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { Conversation } from "../inputs/encoded.ts";
import type { TextToken } from "../inputs/tokenizers/token.ts";

/** The prompt: a text, or a conversation to be answered. */
export type Prompt = string | Conversation;

/** A token of the vocabulary and ln of its probability among all. */
export interface TokenProbability {
  /** The token's row in the vocabulary. */
  id: number;
  /** The vocabulary's piece. */
  text: string;
  /** The natural logarithm of its probability. */
  logProbability: number;
}

/**
 * A token with its logit, and its probability among all tokens, as the model has them: before a repetition penalty, a temperature
 * or what else its choice was by.
 */
export interface GeneratedToken extends TextToken {
  /** The characters that the text got by it: none where it is a part of one, which the token that ends it adds. */
  added: string;
  /** The token's logit. */
  logit: number;
  /** Its probability among all tokens, by softmax. */
  probability: number;
  /** With `logprobs`: ln of the probability. */
  logProbability?: number;
  /** With `logprobs`: the most probable tokens in its place, the most probable first. */
  likeliest?: TokenProbability[];
  /** Of its logit; offsets and tokens are those of the text up to it. */
  explanation?: Explanation;
}

/** A token that generate() explained. */
export type ExplainedToken = GeneratedToken & { explanation: Explanation };

/** What `Model.generate()` returns. */
export interface Generation<Added extends GeneratedToken = GeneratedToken> {
  /** The prompt and the generated text; `promptLength` is the prompt's length in UTF-16 units. */
  text: string;
  /** The prompt's length in UTF-16 units. */
  promptLength: number;
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** The generated tokens. */
  tokens: Added[];
  /** With `explain: { each: true }`: what each of them rests on. */
  matrix?: AnswerMatrix;
  /** Whether the model ended the text, or a stop string did; or there was no room for more. */
  finishReason: "stop" | "length";
  /** Sentences about the accuracy of this result or changes of the input; usually empty. */
  warnings: string[];
}
