// The options of predict(), which those of explain() and diagnose() extend.

import { MOST_LOOPS } from "../models/encoder.ts";
import type { AbortSignal } from "../options/globals.ts";
import { flag, integer, list, type Options, object, signal, tuple } from "../options/kinds.ts";

export interface PredictOptions {
  /**
   * Cuts a text that is too long, with a warning, instead of rejecting it with `InputTooLong`. The default is false, but true
   * for a sentence-transformers model (one with modules.json), because that library cuts too.
   */
  truncate?: boolean;
  /** Seen before each run; a run that has begun is finished. */
  signal?: AbortSignal;
  /** How often the blocks of a looped model run, from 0; by default as often as its config says. */
  numLoops?: number;
  /** What the network runs without, as if it had been cut out. */
  ablate?: Ablation;
}

/** Attention heads and feed-forward neurons, each by its block and its place there. */
export interface Ablation {
  heads?: readonly (readonly [block: number, head: number])[];
  neurons?: readonly (readonly [block: number, neuron: number])[];
}

const positionEmbeddings = list(tuple("[block, place]", integer(0), integer(0)));

export const predictOptions = {
  signal,
  truncate: flag,
  numLoops: integer(0, MOST_LOOPS),
  ablate: {
    ...object({ heads: positionEmbeddings, neurons: positionEmbeddings }),
    must: "{ heads, neurons }, each a list of [block, place]",
  },
} satisfies Options<PredictOptions>;
