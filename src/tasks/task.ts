// What a model is for. A task is an object in a file of its own, and an architecture points at its task as a tensor points at
// its op: nothing else asks what a task is called.

import type { Encoded, InputSpec } from "../inputs/encoded.ts";
import type { PropagationMethod } from "../propagation/composites.ts";
import type { Predicted } from "./prediction.ts";
import type { TargetOptions } from "./target.ts";

export type TaskName =
  | "sequence-classification"
  | "token-classification"
  | "question-answering"
  | "masked-lm"
  | "causal-lm"
  | "embedding"
  | "image-classification"
  | "tabular-classification"
  | "tabular-regression"
  | "point-cloud-classification"
  | "point-cloud-reconstruction";

/** What a model's logits are. @internal */
export interface Outputs extends Pick<InputSpec, "reads"> {
  task: Task;
  /** The classes; of language models the vocabulary's pieces, which the tokenizer knows. */
  labels: readonly string[];
  /** How logits become probabilities; `none` where they are none. */
  scores: "softmax" | "sigmoid" | "none";
}

/** A model as its task sees it. @internal */
export interface TaskModel {
  readonly architecture: Outputs;
  readonly tokenizer: { readonly maskId: number | null };
  /** The logits of each text: of the rows that are read, or of each token. */
  predict(encoded: readonly Encoded[], signal?: AbortSignal): Promise<Float32Array[]>;
}

/** What a call explains or diagnoses of a text. @internal */
export interface TargetRequest extends TargetOptions {
  objective?: unknown;
  token?: number | string;
  signal?: AbortSignal;
}

/** @internal */
export interface Task {
  /** What `model.task` is. */
  readonly name: TaskName;
  /** The rows that the head reads, unless the family says otherwise. */
  readonly reads: InputSpec["reads"];
  /** How logits become probabilities and what they are called, where the config does not decide. */
  readonly scores?: Outputs["scores"];
  readonly labels?: readonly string[];

  /** Whether labels are classes that the config names; and whether these are of a whole text each. */
  readonly classes?: boolean;
  readonly texts?: boolean;
  /** Whether labels are the pieces of a vocabulary, and the most of them that results have; others are added if they are asked for. */
  readonly pieces?: boolean;
  readonly most?: number;
  /** Whether logits are the numbers of an embedding. */
  readonly embeds?: boolean;
  /** Whether the model continues texts. */
  readonly continues?: boolean;

  /** The defaults of explain(), where they are others than usual. */
  readonly defaults?: { readonly method?: PropagationMethod; readonly at?: "pixels"; readonly points?: boolean };

  /** What tokenizer.json knows of the model's outputs: their labels, and the bytes of UTF-8 that each stands for in a text. */
  complete?(
    tokenizerJson: Readonly<Record<string, unknown>>,
    labels: number,
  ): Promise<{ labels: readonly string[]; spell?(piece: string): readonly number[] } | undefined>;

  /** For each pair of target and contrast a row for ops/seed.ts. Throws `InvalidOption`. */
  targetWeights(labels: readonly string[], asked: TargetRequest): Float32Array[] | Promise<Float32Array[]>;
  /** The texts, each with the tokens to explain. Throws `InvalidOption`. */
  selectTokens(model: TaskModel, encoded: readonly Encoded[], asked: TargetRequest): Promise<Encoded[]>;
  /** A text with the tokens to predict, if these are not all of them. */
  predicted?(model: TaskModel, one: Encoded): Promise<Encoded>;
  /** What the logits of a text say. */
  prediction(model: TaskModel, one: Encoded, logits: Float32Array): Promise<Predicted>;
}
