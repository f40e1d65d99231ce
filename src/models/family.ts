import type { Data } from "../backends/backend.ts";
import type { Weights } from "../checkpoint/weights.ts";
import type { RelpropError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Encoded, Input, InputSpec, NetworkChanges, Tables } from "../inputs/encoded.ts";
import type { Patched } from "../inputs/images/patches.ts";
import type { attend } from "../ops/attend.ts";
import type { Outputs } from "../tasks/task.ts";
import type { Config } from "./config.ts";
import type { Fields } from "./fields.ts";
import type { Similarity } from "./sentence/modules.ts";

/** What a network is fed: vectors looked up on the host, so that a large vocabulary never travels to a device. @internal */
export interface NetworkInputs extends NetworkChanges {
  /** Word vectors [batch, t, d]. */
  tokenEmbeddings: Tensor;
  /** Position plus type vectors [t, d], the same for every text, of models that have them. */
  positionEmbeddings?: Tensor;
  /** How many tokens each text has [batch]; the rest is padding. */
  lengths: Tensor;
  /** Whether propagation makes attention weights again instead of keeping them, by `attend`; by default, where they are large. */
  recompute?: boolean;
  attend?: typeof attend;
  /** Whether all rows of the last block are computed; a head may read only one. */
  allRows?: boolean;
  /** The rows that the head reads, as weights of all rows [batch, 1, rows, t]; by default what the family's heads read. */
  rowSelection?: Tensor;
  /** In place of the embeddings made of token and position embeddings: [batch, t, d]. */
  embeddings?: Tensor;
  /** What blocks keep of tokens, for those that follow. */
  pastKeyValues?: PastKeyValues;
  /** The blocks before this one. */
  previousBlocks?: readonly Block[];
  /** Captures tensors of the block. */
  capture?: (tensors: Block) => void;
}

/** A key/value cache, of one text. @internal */
export interface PastKeyValues {
  /** `x` [1, n, d] behind what earlier tokens left under that name [1, rows, d]; there may be more rows than tokens. */
  append(name: string, x: Tensor): Tensor;
  /** How many earlier tokens there are [1]. */
  position: Tensor;
}

/** What is captured of a block, of its tensors or something of each: `n` rows, of `t` that are attended to. @internal */
export interface Captured<T> {
  /** What attention normalises before it projects [batch, t, d]. */
  normed?: T;
  /** [batch, n, d] and [batch, t, d]. */
  queries?: T;
  keys?: T;
  values?: T;
  /** The same before heads of an earlier block have a part in them. */
  ownKeys?: T;
  ownValues?: T;
  /** [batch, heads, n, t], unless propagation makes them again. */
  scores?: T;
  weights?: T;
  /** The heads' outputs, and what attention adds to the stream [batch, n, d]. */
  context?: T;
  attentionOutput?: T;
  /** The stream that goes around attention, and the stream after it. */
  residualInput?: T;
  attention?: T;
  /** The stream that goes around the feed-forward half, its neurons [batch, n, inner], and the stream after it. */
  preMlpStream?: T;
  neurons?: T;
  feedforward?: T;
  /** Of a mixture of experts: which ones each token chooses, the likeliest first, and by which weights [batch, n, k]. */
  choice?: T;
  routing?: T;
  /** The neurons of a half that is parallel to attention: around heads relevance goes through these too. */
  parallel?: T;
}

/** @internal */
export type Block = Captured<Tensor>;

/** Where relevance is read. */
export type ReadingPoint = "embeddings" | "embedding-sum" | "words" | "pixels" | "points";

/** @internal */
export interface Network {
  /**
   * Where relevance can be read, each depending on the next: at one tensor, or at several that do not depend on one another,
   * of networks that several texts enter.
   */
  readings: ReadonlyMap<ReadingPoint, readonly Tensor[]>;
  /** The residual stream [batch, t, d]: each block's input, then the last block's output, of which there may be fewer rows. */
  stream: readonly Tensor[];
  blocks: readonly Block[];
  /** [batch, rows that are read, classes] */
  logits: Tensor;
  /**
   * What the last norm and the head would make of such rows of another tensor of the stream [batch, t, d]: logits. Of a decoder
   * also of other `rows`, weights [n·batch, 1, rows, t] like `rowSelection`.
   */
  unembed(x: Tensor, rows?: Tensor): Tensor;
  /** The weights by which the head reads some rows of the last block, each as it is: not their mean. */
  selection?: Tensor;
}

/** What an energy is computed from: the state, and the weights it names as they are stored. @internal */
export interface Energy {
  weights: Readonly<Record<string, Tensor>>;
  of(state: readonly Float64Array[], weights: Readonly<Record<string, Float32Array>>): Record<string, number>;
}

/** A model family: what one checkpoint of it needs to run. @internal */
export interface Architecture extends InputSpec, Outputs {
  /** The tokens with which a text ends, of models that continue texts. */
  stops?: readonly number[];
  /** The defaults by which transformers generates; and why they cannot be reproduced, if so. */
  generation?: { repetitionPenalty?: number; stop?: readonly string[]; refused?: RelpropError };
  /** The bytes of UTF-8 that a piece of the vocabulary stands for in a text. */
  spell?(piece: string): readonly number[];
  /** The same with a tokenizer that gives type ids, if it is another then. */
  typed?: Architecture;
  /** Further inputs of the network for texts padded to `t` tokens. */
  data?(t: number, tables: Tables, texts: readonly Pick<Encoded, "tokens" | "follows">[]): Data;
  /** Whether keys of a text of so many tokens are others than they were when it had one less. */
  changesKeys?(tokens: number): boolean;
  /** Of models that read images: see inputs/images/encode.ts. */
  image?: Patched;
  /** The same for images of another size, of models that take any. */
  sized?(size: readonly [height: number, width: number]): Architecture;
  /** Of models that read other things than texts: what is given, as tokens; undefined of a text. @internal */
  encode?(input: Input, signal?: AbortSignal): Encoded | undefined | Promise<Encoded>;
  /** The default number of loops of the looped blocks. */
  numLoops?: number;
  /** Which ledgers have no sense of their own, because relevance also goes around what they are of. */
  skips?: readonly ("layers" | "heads" | "neurons")[];
  /** The energies that the blocks descend, of a state of their stream [n, width]. */
  energy?: Energy;
  /** Of what is read at `embeddings`, where that is another. */
  embeddingWidth?: number;
  /** How many tokens every input has, of models that take no other number. */
  length?: number;
  /** What sentence-transformers' pooling is fed, where it is more than one row or the mean of all: see sentence/pooling.ts. @internal */
  pool?(batch: readonly Encoded[], t: number): Data;
  /** Whether longer texts are cut by default, with a warning. */
  truncates?: boolean;
  /** How the embeddings of texts are meant to be compared, where files say so. */
  similarity?: Similarity;
  network(x: NetworkInputs): Network;
}

/** How checkpoints of a `model_type` are read. @internal */
export interface Family {
  /** The fields of its configuration class. */
  fields: Fields;
  /** A name that its classes give to the encoder, as wrappers of modules also do: see unwrapped() in checkpoint/tensors.ts. */
  own?: string;
  /** A tensor's name without what the class puts before those of the part that is read. */
  rename?(name: string): string;
  /** Names of matrices that its files have as [in, out], unless they are quantised. */
  columns?: RegExp;
  build(config: Config, weights: Weights): Architecture;
}
