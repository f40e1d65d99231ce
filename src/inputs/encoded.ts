// What a user gives, and the same as tokens for a network.

import type { Data } from "../backends/backend.ts";
import type { Rows } from "../checkpoint/dtypes.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { ImageView } from "./images/patches.ts";
import type { Image } from "./images/picture.ts";
import type { Token } from "./tokenizers/token.ts";

/**
 * A text; or two that are read as one, `text` and `pair`; or with other words in place of their own: as many ids as there are
 * tokens, special ones included, −1 for none at all (a word vector of zeros).
 */
export type Text = string | { text: string; pair?: string; ids?: readonly number[] };

/** Vectors in place of a text's words, a row for each token, of models that read them; `names` are what results call them. */
export interface Matrix {
  /** A row of numbers for each token, all of the model's width. */
  rows: readonly ArrayLike<number>[];
  /** The rows' names in results; default: their numbers. */
  names?: readonly string[];
}

/** A point cloud, of models that read them: x, y and z of each point; and which groups a model that makes them up must. */
export interface PointCloud {
  /** The coordinates x, y and z of each point. */
  points: readonly ArrayLike<number>[];
  /** Indices of the groups that a model of hidden groups reconstructs. */
  hidden?: readonly number[];
}

/** What somebody says: "system", "user", "assistant"; and what the template reads besides, such as `tool_calls`, as JSON. */
export interface Message {
  /** Who speaks, as the template names it. */
  role: string;
  /** What is said. */
  content: string;
  [field: string]: unknown;
}

/**
 * A conversation, of models with a chat template, up to their answer; `answer` is what that begins with. `variables` are what the
 * template reads besides the messages, as JSON: `tools`, `documents`, `enable_thinking`.
 */
export interface Conversation {
  /** The messages in their order. */
  messages: readonly Message[];
  /** The beginning of the answer. */
  answer?: string;
  /** What else the template reads. */
  variables?: Readonly<Record<string, unknown>>;
}

/** Where in the text that a chat template makes a message's content is, in UTF-16 units. */
export interface MessageSpan {
  /** Its place among the messages; an answer's is behind them. */
  message: number;
  /** Who speaks. */
  role: string;
  /** The content's first unit. */
  start: number;
  /** The unit after its last. */
  end: number;
}

/** A text; or a conversation, an image, rows of numbers or points, of models that read them. */
export type Input = Text | Conversation | Image | Matrix | PointCloud;

/** What of a point cloud a model saw. */
export interface PointCloudView {
  /** How many points the cloud has. */
  points: number;
  /** By group the places of its points, the centre's first; groups are the tokens that are not special. */
  groups: number[][];
  /** How many groups were hidden, the last ones, of models that make them up. */
  hidden?: number;
}

/** A text as the model will read it. @internal */
export interface Encoded {
  text: string;
  tokens: Token[];
  /** For models with logits of each token: indices of the tokens to read. */
  reads?: readonly number[];
  /** The number of earlier tokens in the key/value cache (default 0). */
  follows?: number;
  warnings: string[];
  /** Of a conversation. */
  messages?: readonly MessageSpan[];
  /** What the network is fed in place of ids, by the input's name: as many numbers of each token. */
  given?: Readonly<Data>;
  /** What of an image or a point cloud that is. */
  image?: ImageView;
  cloud?: PointCloudView;
  /** How the network is another than the checkpoint says, for this run: see engine/ablation.ts. */
  change?: Change;
}

/** What a model's tokens become: sizes of its tables, and which rows its head reads. */
export interface InputSpec {
  /** Names of the embedding tables [rows, d], and of others that `data` reads, kept on the host. */
  tables: {
    words?: string;
    positions?: string;
    types?: string;
    relative?: string;
    [block: `distances ${number}`]: string | undefined;
  };
  /** The row of positions that the first token has. */
  first?: number;
  /** The id of tokens that positions do not count, which have the row before the first: RoBERTa's padding. */
  uncounted?: number;
  /** How many types of tokens there are; where it is one, a pair's second text is like the first. */
  kinds: number;
  vocabulary: number;
  /** Of word vectors. */
  width: number;
  /** The most tokens a text may have. */
  positions: number;
  /** The rows of the last block that the head reads by default: the first or last token's, the mean of all, or each. */
  reads: "first" | "last" | "mean" | "tokens";
  /** An id that is not read as the last token's, unless there is no other. */
  pad?: number;
}

/** How a network is another than the checkpoint says. */
export interface NetworkChanges {
  /** How often the blocks that are looped run; by default as often as the config says. */
  numLoops?: number;
  /** Takes away what is masked of a block's `heads` or `neurons`; see engine/ablation.ts. */
  mask?: (kind: string, x: Tensor) => Tensor;
}

/** @internal */
export interface Change {
  network: NetworkChanges;
  data: Data;
  /** Tells networks apart. */
  key: string;
}

/** The rows of the tables that stay on the host, widened as they are asked for. @internal */
export type Tables = { [K in keyof InputSpec["tables"]]?: Rows };
