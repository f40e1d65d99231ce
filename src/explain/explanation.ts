// What an explanation is: plain JSON, made by Model.explain() and read by the renderers.

import type { Entries } from "../graph/ledger.ts";
import type { MessageSpan, PointCloudView } from "../inputs/encoded.ts";
import type { ImageView } from "../inputs/images/patches.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import type { ReadingPoint } from "../models/family.ts";
import type { Composite, Propagating } from "../propagation/composites.ts";
import type { ClassScore } from "../tasks/prediction.ts";

/** A token and its share of the explained logit, signed, in the logit's unit. */
export type TokenRelevance = Token & {
  relevance: number;
  /** With `positional`: what of it is the token's rotary position's. */
  positional?: number;
};

/** The logit's account, entry by entry (docs/understand/ledger.md). All numbers in the logit's unit. */
export interface Ledger extends Entries {
  /** ⟨logits, seed⟩: the target's logit, or target minus contrast. */
  logit: number;
  /** Σ relevance of the tokens. */
  tokens: number;
  /** Rounding: the logit less all of the above. */
  residual: number;
}

/** The relevance of one tensor of the residual stream, token by token, with the ledger of what lies above it. */
export interface LayerRelevance {
  /** As many as the explanation has tokens, in their order. */
  relevance: number[];
  /** Its `tokens` is the sum of `relevance`. */
  ledger: Ledger;
}

/** The relevance of a part of the text: of all tokens that begin in it. */
export interface GroupRelevance {
  /** Of a message: its place among the messages, and who says it. */
  message?: number;
  /** Of a message: its role. */
  role?: string;
  /** The part of the text. */
  text: string;
  /** UTF-16 offsets into the user's own text. */
  start: number;
  /** The end of the range, exclusive. */
  end: number;
  /** The sum of its tokens' relevance. */
  relevance: number;
  /** Which tokens, by their place in `tokens`. */
  tokens: number[];
}

/** A ledger across a block's middle: `parts` are its heads' or neurons' relevance, `stream` is what goes around them. */
export type PartsLedger = Omit<Ledger, "tokens"> & { parts: number; stream: number };

/** The relevance of a block's heads: of their context vectors. */
export interface HeadRelevance {
  /** By head. */
  relevance: number[];
  /** By head and token. Of the last block only rows that are read count. */
  tokens: number[][];
  /** Its `parts` is the sum over heads. */
  ledger: PartsLedger;
}

/** A feed-forward neuron: one number of a block's activations. */
export interface NeuronRelevance {
  /** The block's index, from 0. */
  block: number;
  /** The neuron's index in its block, from 0. */
  neuron: number;
  /** The sum over tokens. */
  relevance: number;
  /** By token. */
  tokens: number[];
}

/** The feed-forward neurons with the most relevance, and the ledgers of all of them. */
export interface Neurons {
  /** Those with the most relevance, by magnitude. */
  top: NeuronRelevance[];
  /** Of each block, all its neurons together. */
  ledgers: PartsLedger[];
}

/** What passes through a block's attention, by head, from token i (a row) to token j (a column). */
export interface PairRelevance {
  /** Through the values: with constant attention weights all of it; rows sum to `heads`' relevance of token i. */
  values: number[][][];
  /** Through the keys, where attention weights carry relevance. */
  keys?: number[][][];
  /** Through the queries, which a token passes to itself: by head and token. */
  queries?: number[][];
}

/** The experts that the router of a block chose, of a mixture of experts. */
export interface ExpertChoices {
  /** The block's index, from 0. */
  block: number;
  /** By token: those it chose, the likeliest first, each with the weight of what it adds. */
  tokens: { expert: number; weight: number }[][];
}

/** What a similarity rests on in both texts at once. */
export interface Interactions {
  /** The other text's tokens, each with its column's sum. */
  tokens: TokenRelevance[];
  /** Of token i here (a row) with token j there (a column). */
  relevance: number[][];
  /** `logit` is the dot product or cosine, `tokens` the sum of all pairs. */
  ledger: Ledger;
}

/** What `Model.explain()` returns for a method that propagates: the relevance of each token and a ledger that accounts for the whole logit. It is plain data. */
export interface Explanation {
  /** The text; of a pair both, on a line of their own each; of an image empty. */
  text: string;
  /** Of a conversation: where in the text what its messages say is; the rest is the chat template's. */
  messages?: readonly MessageSpan[];
  /** Of an image; with `pixels`, each pixel's relevance, row by row. */
  image?: ImageView & { pixels?: number[] };
  /** Of a point cloud; with `points`, each point's relevance over all its groups. */
  cloud?: PointCloudView & { relevance?: number[] };
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** A method's name, or "custom" for a composite of the caller's own. */
  method: Propagating["name"];
  /** The rules that ran. */
  composite: Composite;
  /** The reading point of the relevance. */
  at: ReadingPoint;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** With a contrast `logit` stays the class's own; the explained difference is `ledger.logit`. */
  target: ClassScore;
  /** The second class, if one was given: its logit is subtracted. */
  contrast?: ClassScore;
  /** All classes; of a language model the top ones. */
  classes: ClassScore[];
  /** Of models with logits of each token: indices into `tokens` of the tokens these logits belong to. */
  reads?: number[];
  /**
   * If it is no logit: what is explained, its value, and its gradient, a weight for every class (left out where there are as
   * many as a vocabulary has pieces). `ledger.logit` is then the sum of logits by these weights, which is what is accounted
   * for.
   */
  explained?: { objective: string; value: number; gradient?: number[]; other?: string };
  /** The tokens, each with its relevance in the logit's unit. */
  tokens: TokenRelevance[];
  /** The account of the explained number, entry by entry. */
  ledger: Ledger;
  /**
   * With `layers`: the residual stream's relevance at each block's input, and last at the last block's output. Whatever
   * the reading point, the first is what `embeddings` reads.
   */
  layers?: LayerRelevance[];
  /** With `groups`: relevance of words, sentences or spans; `rest` is that of all tokens outside them, such as special ones. */
  groups?: { spans: GroupRelevance[]; rest: number };
  /** With `heads`: one for each block. */
  heads?: HeadRelevance[];
  /** With `neurons`: those with the most relevance. */
  neurons?: Neurons;
  /** With `pairs`: one for each block. */
  pairs?: PairRelevance[];
  /** With `experts`: one for each block that has experts. */
  experts?: ExpertChoices[];
  /** With `interactions`: the relevance of pairs of tokens of both texts. */
  interactions?: Interactions;
  /** Warnings about the accuracy of this result; usually empty. */
  warnings: string[];
}
