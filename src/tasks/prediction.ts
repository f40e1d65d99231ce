// What a prediction is: plain JSON, made by Model.predict().

import type { Token } from "../inputs/tokenizers/token.ts";

/** A class with its score. */
export interface ClassScore {
  /** The class's index. */
  index: number;
  /** The class's label in config.json; of a language model the vocabulary's piece. */
  label: string;
  /** The model's output for the class, before softmax. */
  logit: number;
  /** Softmax of the logits, or each logit's sigmoid where a text can be of several classes; none of numbers that are no classes. */
  probability?: number;
}

/** A token with its classes; of a language model the top ones. */
export type TokenClasses = Token & { classes: ClassScore[] };

/** The part of a text that a question answering model takes for the answer. */
export interface Answer {
  text: string;
  /** UTF-16 offsets into `text` of the prediction. */
  start: number;
  end: number;
  /** Its first and last token, by their place. */
  tokens: [number, number];
  /** The sum of both tokens' logits. */
  logit: number;
}

/** What `Model.predict()` returns. */
export interface Prediction {
  /** Of models that make up hidden groups of points: these points, and the mean Chamfer distance (L2) to those that were there. */
  cloud?: { points: number[][]; chamfer: number };
  /** The text; of a pair both, on a line of their own each; of an image empty. */
  text: string;
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** The text's classes; of a model with logits of each token, those of the token that explain() explains by default. */
  classes: ClassScore[];
  /** Of models with logits of each token: these, or of the masked ones only. */
  tokens?: TokenClasses[];
  /** Of models for question answering: the most probable answer. */
  answer?: Answer;
  /** Of embedding models: the vector. */
  embedding?: number[];
  /** Sentences about the accuracy of this result or changes of the input; usually empty. */
  warnings: string[];
}

/** What of a prediction depends on the task. @internal */
export type Predicted = Pick<Prediction, "cloud" | "classes" | "tokens" | "answer" | "embedding">;
