// The options of predict() and explain(), as users read of them and as they are checked.

import { type PredictOptions, predictOptions } from "../engine/options.ts";
import type { Input } from "../inputs/encoded.ts";
import type { ReadingPoint } from "../models/family.ts";
import {
  absent,
  anything,
  callback,
  either,
  flag,
  integer,
  list,
  number,
  type Options,
  object,
  oneOf,
  oneOrMore,
  record,
  text,
  tuple,
} from "../options/kinds.ts";
import type { AnyList, Listed } from "../options/lists.ts";
import type { Composite, PropagationMethod } from "../propagation/composites.ts";

/** Options of explain() by methods that propagate. Each has a default. */
export interface ExplainOptions extends PredictOptions {
  /** A method's name (default cp-lrp; of images and point clouds others), or a composite of your own. */
  method?: PropagationMethod | Composite;
  /** A class by its label or index; by default the top class. A label beats an index where a class is called "1". */
  target?: string | number;
  /**
   * For models with logits of each token: the token to explain, by index or as a part of the text. By default the first
   * masked token, the last one that a text goes on from, or the one most surely of a class that is not "O".
   */
  token?: number | string;
  /** For causal language models: a continuation of the text; all its tokens are explained together. `contrast` is then another continuation. */
  continuation?: string;
  /**
   * `true` with `continuation`: each of its tokens on its own, as a matrix of its tokens by all tokens before each. See
   * AnswerOptions and AnswerMatrix.
   */
  each?: false;
  /** A class to compare with: the explained number is the target's logit less this one's. */
  contrast?: string | number;
  /** The function of the target to explain (default: its logit); see Objective. */
  objective?: Objective;
  /** The reading point of relevance (default embeddings). */
  at?: ReadingPoint;
  /**
   * Of methods by which queries and keys have relevance in halves (attn-lrp): half of what rotations of queries and keys get is
   * their positions', and goes to each one's token, as its `positional` (PA-LRP; Bakish et al., 2025; default false).
   */
  positional?: boolean;
  /** Also the residual stream's relevance at each block's input, as `layers` (default false). */
  layers?: boolean;
  /** Also relevance by words, by sentences, by messages of a conversation, or by spans of the text, as `groups`. */
  groups?: Groups;
  /** Also the relevance of each attention head's output, block by block, as `heads` (default false). */
  heads?: boolean;
  /** Also the N feed-forward neurons with the most |relevance|, as `neurons`; with `token`, ranked at one token (default none). */
  neurons?: number | NeuronRequest;
  /** Also relevance from token to token through attention, by block and head, as `pairs` (default false). */
  pairs?: boolean;
  /** Of a mixture of experts: also which experts each token chose and by which weights, as `experts` (default false). */
  experts?: boolean;
  /** Of an image: also each pixel's relevance, as `image.pixels` (default false). */
  pixels?: boolean;
  /** Of a point cloud: also each point's relevance, as `cloud.relevance` (default false). */
  points?: boolean;
  /** With the objective `dot` or `cosine`: also its relevance by pairs of one token of either text, as `interactions` (default false). */
  interactions?: boolean;
}

/** The options of explain() with `each`. */
export interface AnswerOptions
  extends Pick<ExplainOptions, "method" | "at" | "objective" | "contrast" | "groups" | "truncate" | "signal"> {
  /** The answer: its first token begins where the text ends. */
  continuation: string;
  /** A matrix: each of its tokens is explained. */
  each: true;
  /** Is called after each run of the network with how many rows of how many there are. */
  onProgress?: (progress: { rows: number; of: number }) => void;
}

/** The options of breakdowns. @internal */
export type BreakdownOptions = Pick<
  ExplainOptions,
  "groups" | "heads" | "neurons" | "pairs" | "experts" | "pixels" | "points"
>;

type Listable = "method" | "target" | "contrast" | "at";

/**
 * The same options, some of them lists, and then a text has a list of explanations: flat, methods slowest, then targets,
 * then reading points. `model.labels` is a list of targets. Lists of targets and of contrasts go together pair by pair; one
 * of either goes with all of the other.
 */
export type ExplainLists = Listed<ExplainOptions, Listable> & AnyList<ExplainOptions, Listable>;

/** A part of the text, as UTF-16 offsets. */
export interface Span {
  /** The first unit's index. */
  start: number;
  /** The index after the last unit. */
  end: number;
}

/** The parts of a text to sum relevance over: its words, its sentences, a conversation's messages, or spans. */
export type Groups = "words" | "sentences" | "messages" | readonly Span[];

/** The `top` neurons, of all tokens together or of the one at place `token`. */
export interface NeuronRequest {
  /** The number of neurons. */
  top: number;
  /** The token's index; default: all tokens. */
  token?: number;
}

/**
 * - `log-probability`: of the target, ln p; with a contrast, the difference of both
 * - `softmax-contrast`: the target's logit less the mean of the others', by their probabilities, which count as constants
 * - `{ distance: other }`: the squared distance of the logits from another text's, whatever the target
 * - `{ dot: other }`, `{ cosine: other }`: the dot product or cosine of a text's embedding and another's
 */
export type Objective =
  | "logit"
  | "log-probability"
  | "softmax-contrast"
  | { [K in (typeof COMPARISONS)[number]]: Record<K, Input> }[(typeof COMPARISONS)[number]];

export const COMPARISONS = ["distance", "dot", "cosine"] as const;

/** In a list undefined stands for the default: the top class, no contrast. */
export const className = either(text, integer(0));
const classNames = either(className, list(either(className, absent), 1));
const at = oneOf("embeddings", "embedding-sum", "words", "pixels", "points");
const finite = number("a finite number", -Number.MAX_VALUE, Number.MAX_VALUE);

/** A rule's name, or its name with options. */
const rule = either(text, tuple("[rule, options]", text, record("an object of numbers", finite)));
export const composite = record("an object with a rule for each op", rule);
/** A method that propagates, one of your own, or another one with options. */
const method = either(text, composite, record("a method with its options", either(text, finite)));

/** Of one explanation. */
export const single = {
  ...predictOptions,
  method,
  target: className,
  contrast: className,
  at,
};

/** Of explain(): `onProgress` is of methods that do not propagate, and of `each`. */
export const explainOptions = {
  ...single,
  method: oneOrMore(method),
  target: classNames,
  token: either(integer(0), text),
  continuation: text,
  each: flag,
  contrast: classNames,
  objective: either(
    oneOf("logit", "log-probability", "softmax-contrast"),
    ...COMPARISONS.map((name) => object({ [name]: anything }, name)),
  ),
  at: oneOrMore(at),
  positional: flag,
  layers: flag,
  groups: either(
    oneOf("words", "sentences", "messages"),
    list(object({ start: integer(0), end: integer(0) }, "start", "end")),
  ),
  heads: flag,
  neurons: either(integer(1), object({ top: integer(1), token: integer(0) }, "top")),
  pairs: flag,
  experts: flag,
  pixels: flag,
  points: flag,
  interactions: flag,
  onProgress: callback,
} satisfies Options<ExplainOptions & { onProgress: unknown }>;
