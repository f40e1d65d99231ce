// The request of an explain() call: methods, targets, reading points. Each may be a list, and then a text has as many
// explanations as there are combinations, all from runs that share the forward pass.

import { RelpropError } from "../errors.ts";
import type { Architecture, ReadingPoint } from "../models/family.ts";
import { listed } from "../options/lists.ts";
import { method, type Propagating } from "../propagation/composites.ts";
import type { BreakdownOptions, ExplainLists, ExplainOptions } from "./options.ts";

/** @internal */
export interface ExplainRequest {
  methods: Propagating[];
  targetWeights: Float32Array[];
  readingPoints: readonly ReadingPoint[];
  layers: boolean;
  positional?: boolean;
  /** Set if any breakdown is requested. */
  breakdownOptions?: BreakdownOptions;
  /** Whether a text's answer is a list. */
  isList: boolean;
}

/** @internal */
export function explainRequest(targetWeights: Float32Array[], options: ExplainOptions | ExplainLists): ExplainRequest {
  const {
    target,
    contrast,
    at = "embeddings",
    layers = false,
    positional,
    groups,
    heads,
    neurons,
    pairs,
    experts,
    pixels,
    points: each,
  } = options;
  return {
    methods: listed(options.method).map(method),
    targetWeights,
    readingPoints: listed(at),
    layers,
    positional,
    breakdownOptions:
      groups || heads || neurons || pairs || experts || pixels || each
        ? { groups, heads, neurons, pairs, experts, pixels, points: each }
        : undefined,
    isList: [options.method, target, contrast, at].some(Array.isArray),
  };
}

/** Throws `InvalidOption` if the request needs all relevance to pass the stream between blocks, and it does not. */
export function checkStream({ skips }: Pick<Architecture, "skips">, request: ExplainOptions): void {
  const wanted = skips?.find((name) => request[name]);
  if (!wanted) return;
  const message = `in this model relevance also goes around blocks, so ${wanted} have no ledger; leave out \`${wanted}\``;
  throw new RelpropError("InvalidOption", message);
}
