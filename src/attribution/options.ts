// The options of explain() by methods that do not propagate, and by a method that is not known yet.

import type { PredictOptions } from "../engine/options.ts";
import { type ExplainOptions, explainOptions } from "../explain/options.ts";
import { callback, type Options, oneOf, oneOrMore } from "../options/kinds.ts";
import type { AnyList, Listed, OneOrMore } from "../options/lists.ts";
import type { Composite, PropagationMethod } from "../propagation/composites.ts";
import type { AttributionName } from "./names.ts";

/** What stands in for a token that is left out: a token of the vocabulary, or a vector of zeros. */
export const baselines = ["unk", "mask", "pad", "zero"] as const;
export type Baseline = (typeof baselines)[number];

/** The options of those methods that have any. */
export interface AttributionSettings {
  /** Nodes of the quadrature, 1 to 1000 (default 50); what stands in for tokens at its other end (default pad). */
  "integrated-gradients": { steps?: number; baseline?: Baseline };
  /** So many samples (default 25); noise as a share of the embeddings' range (default 0.1); a seed (default 0). */
  smoothgrad: { samples?: number; noise?: number; seed?: number };
  /** What stands in for a token (default mask). */
  occlusion: { baseline?: Baseline };
  /** Coalitions (default 0: 2 · tokens + 2048); what stands in for a token (default mask); a seed (default 0). */
  "kernel-shap": { samples?: number; baseline?: Baseline; seed?: number };
  /** A seed (default 0). */
  random: { seed?: number };
}

/** The options of a method. */
export type SettingsOf<Name extends AttributionName> = Name extends keyof AttributionSettings
  ? AttributionSettings[Name]
  : Record<never, never>;

/** A name, or a name with some of its options: `{ name: "integrated-gradients", steps: 20 }`. */
export type AttributionMethod =
  | AttributionName
  | { [Name in AttributionName]: { name: Name } & SettingsOf<Name> }[AttributionName];

/** What explain() takes as its `method`: a name, a method with options, or a composite of your own. */
export type Method = PropagationMethod | Composite | AttributionMethod;

/** The options of explain() that all methods have. */
export interface MethodOptions
  extends PredictOptions,
    Pick<ExplainOptions, "target" | "contrast" | "token" | "groups"> {
  /** Default cp-lrp; of images and point clouds others. */
  method?: Method;
  /** Other methods than propagation read relevance at embeddings only (the default). */
  at?: "embeddings";
  /** How many runs of the network are behind a method that does not propagate. */
  onProgress?: (progress: { forwardPasses: number }) => void;
}

/** The options of explain() by a method that does not propagate. */
export interface AttributeOptions extends MethodOptions {
  /** A method by name, or with options of its own. */
  method: AttributionMethod;
}

type Listable = "method" | "target" | "contrast";

/** The same options, some of them lists, and then a text has a list of results. */
export type AttributeLists = Listed<AttributeOptions, Listable> & {
  method: OneOrMore<AttributionMethod>;
} & AnyList<AttributeOptions, Listable>;

/** The same options, some of them lists: `method` has names of either kind, not of both. */
export type MethodLists = Listed<MethodOptions, Listable> & AnyList<MethodOptions, Listable>;

const { signal, truncate, numLoops, ablate, method, target, token, contrast, groups } = explainOptions;

export const attributeOptions = {
  ...{ signal, truncate, numLoops, ablate, method, target, token, contrast, groups },
  at: oneOrMore(oneOf("embeddings")),
  onProgress: callback,
} satisfies Options<AttributeOptions>;
