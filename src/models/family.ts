import type { Data } from "../backends/backend.ts";
import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Changed, Encoded, Input, InputSpec, Tables } from "../inputs/encoded.ts";
import type { Patched } from "../inputs/images/patches.ts";
import type { attend } from "../ops/attend.ts";
import type { Config } from "./config.ts";
import type { Fields } from "./fields.ts";
import type { Task } from "./heads.ts";
import type { Similarity } from "./sentence/modules.ts";

/** What a network is fed: vectors looked up on the host, so that a large vocabulary never travels to a device. */
export interface Embedded extends Changed {
  /** Word vectors [batch, t, d]. */
  words: Tensor;
  /** Position plus type vectors [t, d], the same for every text, of models that have them. */
  places?: Tensor;
  /** How many tokens each text has [batch]; the rest is padding. */
  lengths: Tensor;
  /** Whether propagation makes attention weights again instead of keeping them, by `attend`; by default, where they are large. */
  recompute?: boolean;
  attend?: typeof attend;
  /** Whether all rows of the last block are computed, of which heads may read one. */
  whole?: boolean;
  /** The rows that the head reads, as weights of all rows [batch, 1, rows, t]; by default what the family's heads read. */
  picks?: Tensor;
  /** In place of the embeddings that words and places make: [batch, t, d]. */
  embeddings?: Tensor;
  /** What blocks keep of tokens, for those that follow. */
  past?: Past;
  /** The blocks before this one. */
  earlier?: readonly Block[];
  /** Is told the tensors of each block that finer explanations look at. */
  note?: (tensors: Record<string, Tensor>) => void;
}

/** A key/value cache, of one text. */
export interface Past {
  /** `x` [1, n, d] behind what earlier tokens left under that name [1, rows, d]; there may be more rows than tokens. */
  extended(name: string, x: Tensor): Tensor;
  /** How many earlier tokens there are [1]. */
  position: Tensor;
}

/**
 * What finer explanations look at in a block, by name: `queries`, `keys`, `values` [batch, t, d], `scores` and `weights`
 * [batch, heads, n, t] unless they are made again, `context` [batch, n, d], which is what heads hand on, and `neurons`
 * [batch, n, inner]. `attention` and `feedforward` are the stream after each; `skipped` and `passed` went around them.
 */
export type Block = Readonly<Record<string, Tensor>>;

/** Where relevance is read. */
export type ReadingPoint = "embeddings" | "embedding-sum" | "words" | "pixels" | "points";

export interface Network {
  /** Where relevance can be read, each depending on the next. */
  readings: ReadonlyMap<ReadingPoint, Tensor>;
  /** The residual stream [batch, t, d]: each block's input, then the last block's output, of which there may be fewer rows. */
  stream: readonly Tensor[];
  blocks: readonly Block[];
  /** [batch, rows that are read, classes] */
  logits: Tensor;
  /** Whether the head reads the mean of all rows. */
  mean?: boolean;
}

/** What an energy is computed from: the state, and the weights it names as they are stored. */
export interface Energy {
  weights: Readonly<Record<string, Tensor>>;
  of(state: readonly Float64Array[], weights: Readonly<Record<string, Float32Array>>): Record<string, number>;
}

/** A model family: what one checkpoint of it needs to run. */
export interface Architecture extends InputSpec {
  task: Task;
  /** The token with which a text ends, of models that continue texts. */
  stops?: readonly number[];
  /** The bytes of UTF-8 that a piece of the vocabulary stands for in a text. */
  spell?(piece: string): readonly number[];
  /** Whether the word vector of each token's type id is added, where the tokenizer gives type ids. */
  typedByWords?: boolean;
  /** Further inputs of the network for texts of so many tokens, padded to `t`. */
  data?(t: number, tables: Tables, lengths: readonly number[]): Data;
  /** Of models that read images: see inputs/images/encode.ts. */
  image?: Patched;
  /** The same for images of another size, of models that take any. */
  sized?(size: readonly [height: number, width: number]): Architecture;
  /** Of models that read no texts: what is given, as tokens. @internal */
  encode?(input: Input, signal?: AbortSignal): Encoded | Promise<Encoded>;
  /** How often the looped blocks run, unless told. */
  loops?: number;
  /** Which ledgers have no sense of their own, because relevance also goes around what they are of. */
  skips?: readonly ("layers" | "heads" | "neurons")[];
  /** The energies that the blocks descend, of a state of their stream [n, width]. */
  energy?: Energy;
  /** Of what is read at `embeddings`, where that is another. */
  embedded?: number;
  /** How many tokens every input has, of models that take no other number. */
  length?: number;
  /** The classes; of language models the vocabulary's pieces, which the tokenizer knows. */
  labels: readonly string[];
  /** How logits become probabilities; `none` where they are none. */
  scores: "softmax" | "sigmoid" | "none";
  /** What sentence-transformers' pooling is fed, where it is more than one row or the mean of all: see sentence/pooling.ts. @internal */
  pool?(batch: readonly Encoded[], t: number): Data;
  /** Whether longer texts are cut, with a warning, unless told otherwise. */
  truncates?: boolean;
  /** How the embeddings of texts are meant to be compared, where files say so. */
  similarity?: Similarity;
  network(x: Embedded): Network;
}

/** How checkpoints of a `model_type` are read. */
export interface Family {
  /** The fields of its configuration class. */
  fields: Fields;
  /** A name that its classes give to the encoder, as wrappers of modules also do: see unwrapped() in checkpoint/shards.ts. */
  own?: string;
  build(config: Config, weights: Weights): Architecture;
}
