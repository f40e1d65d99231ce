// The options of explain() by methods that do not propagate.

import { type ExplainOptions, explainOptions } from "../explain/options.ts";
import { callback, type Options, oneOf, oneOrMore } from "../options/kinds.ts";
import type { OneOrMore } from "../options/lists.ts";

/** Options of a method by name: numbers, or words of which some are known. */
export type Settings = Readonly<Record<string, number | string>>;

/** The names of the methods that do not propagate. */
export type AttributionName =
  | "saliency"
  | "integrated-gradients"
  | "smoothgrad"
  | "attention-last"
  | "rollout"
  | "attention-flow"
  | "gae"
  | "grad-rollout"
  | "occlusion"
  | "kernel-shap"
  | "random";

/** A name, or a name with some of its options: `{ name: "integrated-gradients", steps: 20 }`. */
export type AttributionMethod = AttributionName | ({ name: AttributionName } & Settings);

export interface AttributeOptions
  extends Pick<ExplainOptions, "target" | "contrast" | "truncate" | "signal" | "groups"> {
  method: AttributionMethod;
  at?: "embeddings";
  /** How many runs of the network are behind it. */
  onProgress?: (progress: { forwards: number }) => void;
}

type Listable = "method" | "target" | "contrast";
export type AttributeLists = Omit<AttributeOptions, Listable> & { method: OneOrMore<AttributionMethod> } & {
  [K in "target" | "contrast"]?: OneOrMore<Required<AttributeOptions>[K]>;
} & { [K in Listable]: Record<K, readonly unknown[]> }[Listable];

const { signal, truncate, loops, without, method, target, token, contrast, groups } = explainOptions;

export const attributeOptions = {
  ...{ signal, truncate, loops, without, method, target, token, contrast, groups },
  at: oneOrMore(oneOf("embeddings")),
  onProgress: callback,
} satisfies Options<AttributeOptions & Pick<ExplainOptions, "loops" | "without" | "token">>;
