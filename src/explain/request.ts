// What explain() is asked: how, about which logits, read where. Each may be a list, and then a text has as many
// explanations as there are combinations, all from runs that share the forward pass.

import { type Composite, method } from "../graph/composites.ts";
import { listed, type OneOrMore } from "../options/lists.ts";
import type { Groups, NeuronsAsked } from "./breakdown.ts";
import type { ReadingPoint } from "./explanation.ts";
import type { Of } from "./objective.ts";

export interface PredictOptions {
  /**
   * Cuts a text that is too long, with a warning, instead of rejecting it with `InputTooLong`. The default is false, but true
   * for a sentence-transformers model (one with modules.json), because that library cuts too.
   */
  truncate?: boolean;
  /** Seen before each run; a run that has begun is finished. */
  signal?: AbortSignal;
  /** How often the blocks of a looped model run, from 0; by default as often as its config says. */
  loops?: number;
  /** What the network runs without, as if it had been cut out. */
  without?: Without;
}

/** Attention heads and feed-forward neurons, each by its block and its place there. */
export interface Without {
  heads?: readonly (readonly [block: number, head: number])[];
  neurons?: readonly (readonly [block: number, neuron: number])[];
}

export interface ExplainOptions extends PredictOptions {
  /** A method's name (default cp-lrp), or a composite of your own. */
  method?: string | Composite;
  /** A class by its label or index; by default the top class. A label beats an index where a class is called "1". */
  target?: string | number;
  /**
   * Of models with logits of each token: whose are explained, by its place or as a part of the text. By default the first
   * masked token, the last one that a text goes on from, or the one most surely of a class that is not "O".
   */
  token?: number | string;
  /** Of models that continue texts: how one goes on, of which all tokens together are explained; `contrast` is then another. */
  continuation?: string;
  /** A class to compare with: the explained number is the target's logit less this one's. */
  contrast?: string | number;
  /** What of the target is explained (default its logit); see targets.ts. */
  of?: Of;
  /** Where relevance is read (default embeddings). */
  at?: ReadingPoint;
  /** Also the residual stream's relevance at each block's input, as `layers`. */
  layers?: boolean;
  /** Also relevance by words, by sentences, or by spans of the text, as `groups`. */
  groups?: Groups;
  /** Also what each attention head hands on, block by block, as `heads`. */
  heads?: boolean;
  /** Also so many feed-forward neurons, those with most relevance, as `neurons`; of one token's, if `token` says which. */
  neurons?: number | NeuronsAsked;
  /** Also what tokens pass on to one another through attention, by block and head, as `pairs`. */
  pairs?: boolean;
  /** Of an image: also each pixel's relevance, as `image.pixels`. */
  pixels?: boolean;
  /** Of a point cloud: also each point's relevance, as `cloud.relevance`. */
  points?: boolean;
  /** With `of` a dot product or cosine: also its relevance by pairs of one token of either text, as `interactions`. */
  interactions?: boolean;
}

/** What finer explanations are asked for. @internal */
export type Finer = Pick<ExplainOptions, "groups" | "heads" | "neurons" | "pairs" | "pixels" | "points">;

type Listable = "method" | "target" | "contrast" | "at";

/**
 * The same options, some of them lists, and then a text has a list of explanations: flat, methods slowest, then targets,
 * then reading points. `model.labels` is a list of targets. Lists of targets and of contrasts go together pair by pair; one
 * of either goes with all of the other.
 */
export type ExplainLists = Omit<ExplainOptions, Listable> & {
  [K in Listable]?: OneOrMore<Required<ExplainOptions>[K]>;
} & { [K in Listable]: Record<K, readonly unknown[]> }[Listable];

/** @internal */
export interface Question {
  methods: { name: string; composite: Composite }[];
  requests: Float32Array[];
  points: readonly ReadingPoint[];
  layers: boolean;
  /** If anything finer than tokens and layers is asked for. */
  finer?: Finer;
  /** Whether a text's answer is a list. */
  several: boolean;
}

/** @internal */
export function question(requests: Float32Array[], options: ExplainOptions | ExplainLists): Question {
  const {
    target,
    contrast,
    at = "embeddings",
    layers = false,
    groups,
    heads,
    neurons,
    pairs,
    pixels,
    points: each,
  } = options;
  return {
    methods: listed(options.method).map(method),
    requests,
    points: listed(at),
    layers,
    finer:
      groups || heads || neurons || pairs || pixels || each
        ? { groups, heads, neurons, pairs, pixels, points: each }
        : undefined,
    several: [options.method, target, contrast, at].some(Array.isArray),
  };
}
