// What a protocol is: how one explanation of one text is judged. A new one is a file in protocols/ and a line in
// protocols.ts.

import type { Attribution } from "../attribution/attribution.ts";
import type { Ablation } from "../engine/options.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { Input } from "../inputs/encoded.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import type { Model } from "../runtime/model.ts";
import type { ClassScore } from "../tasks/prediction.ts";

/** The names of the protocols. */
export type ProtocolName =
  | "ali2022"
  | "ali2022-fixed"
  | "achtibat2024"
  | "ablation"
  | "aopc"
  | "loo"
  | "pruning"
  | "sanity"
  | "stability";

/** A way to measure how faithful an explanation is. */
export interface Protocol {
  /** Where it was published, and what it does. */
  description: string;
  /** The class explained and scored: the example's label, or the class that the model predicts. */
  target: "label" | "top";
  /** Its metrics, the one that counts first, and whether more or less of each is better, or what is nearer to zero. */
  metrics: Readonly<Record<string, "more" | "less" | "zero">>;
  /** What the curves run over, and where their points lie. */
  axis?: { name: string; at: readonly number[] };
  /** Whether models with random weights in place of their own are needed. */
  randomized?: true;
  /** The metrics of one explanation of one text. @internal */
  score(trial: Trial): Promise<Scores>;
  /** Of protocols that judge no explanations but what a model loses: see ablations.ts. */
  ablation?: AblationPlan;
}

/** A part of a block, by its place there. */
export type Part = readonly [block: number, index: number];

/** The names of the orders in which parts are cut out. */
export type OrderName =
  | "smallest"
  | "largest"
  | "least-important"
  | "most-important"
  | "least-relevant"
  | "most-relevant"
  | "random";

export interface AblationPlan {
  of: keyof Ablation;
  /** What is known of each part: the parts with the least of it go first by the first order, those with the most by the second. */
  orders: Readonly<Partial<Record<OrderName, Order>>>;
}

export interface Order {
  most: boolean;
  score(parts: readonly Part[], seen: AblationContext): Promise<number[]>;
}

export interface AblationContext {
  model: Model;
  texts: readonly string[];
  targets: readonly number[];
  seed: number;
  /** The mean loss without these parts. */
  loss(without: Ablation): Promise<number>;
}

/** The metrics of one explanation; NaN where one is not defined for this text. */
export interface Scores {
  values: Record<string, number>;
  curves?: Record<string, number[]>;
}

/** One explanation of one text, and what can be asked to judge it. */
export interface Trial {
  text: string;
  tokens: readonly Token[];
  /** As many as tokens. */
  relevance: readonly number[];
  /** The explained class. */
  target: number;
  /** The classes of the text as it is. */
  predicted: readonly ClassScore[];
  ids: Model["specialIds"] & { unk: number };
  /** The classes of the text with other words in place of its own; all methods' texts run together. */
  predict(ids: readonly (readonly number[])[]): Promise<ClassScore[][]>;
  /** Another text's relevance by the same method, for the same class; or this one's by another model. */
  explain(text: Input, model?: Model): Promise<Explanation | Attribution>;
  /** The model with random weights: from the top down to each block in turn. */
  randomized: readonly Model[];
}
