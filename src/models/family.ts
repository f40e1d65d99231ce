import type { ReadingPoint } from "../explanation.ts";
import type { Tensor } from "../tensor.ts";
import { bert } from "./bert.ts";
import { type Config, field, unsupported } from "./config.ts";
import type { Weights } from "./weights.ts";
import { xaiTransformer } from "./xai_transformer.ts";

/** What a network is fed: vectors looked up on the host, so that a large vocabulary never travels to a device. */
export interface Embedded {
  /** Word vectors [batch, t, d]. */
  words: Tensor;
  /** Position plus type vectors [t, d], the same for every text. */
  places: Tensor;
  /** How many tokens each text has [batch]; the rest is padding. */
  lengths: Tensor;
  /** Whether propagation makes attention weights again instead of keeping them; by default, where they are large. */
  recompute?: boolean;
  /** Whether all rows of the last block are computed, of which the pooler reads one. */
  whole?: boolean;
  /** In place of the embeddings that words and places make: [batch, t, d]. */
  embeddings?: Tensor;
  /** Is told the tensors of each block that finer explanations look at. */
  note?: (tensors: Record<string, Tensor>) => void;
}

/**
 * What finer explanations look at in a block, by name: `queries`, `keys`, `values` [batch, t, d], `scores` and `weights`
 * [batch, heads, n, t] unless they are made again, `context` [batch, n, d], which is what heads hand on, and `neurons`
 * [batch, n, inner]. `attention` and `feedforward` are the stream after each; `skipped` and `passed` went around them.
 */
export type Block = Readonly<Record<string, Tensor>>;

export interface Network {
  /** Where relevance can be read, each depending on the next. */
  readings: ReadonlyMap<ReadingPoint, Tensor>;
  /** The residual stream [batch, t, d]: each block's input, then the last block's output, of which there may be fewer rows. */
  stream: readonly Tensor[];
  blocks: readonly Block[];
  /** [batch, 1, classes] */
  logits: Tensor;
}

/** A model family: what one checkpoint of it needs to run. */
export interface Architecture {
  /** Names of the embedding tables [rows, d], kept on the host. */
  tables: { words: string; positions: string; types: string };
  vocabulary: number;
  width: number;
  /** The most tokens a text may have. */
  positions: number;
  labels: string[];
  network(x: Embedded): Network;
}

export type Family = (config: Config, weights: Weights) => Architecture;

const families = new Map<string, Family>([
  ["bert", bert],
  ["xai_transformer", xaiTransformer],
]);

/** The architecture that config.json's `model_type` names. */
export function architecture(config: Config, weights: Weights): Architecture {
  const type = field(config, "model_type");
  const family = families.get(String(type));
  if (!family) throw unsupported("model_type", type, `supported are ${[...families.keys()].join(", ")}`);
  return family(config, weights);
}
