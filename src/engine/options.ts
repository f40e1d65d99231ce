// The options of predict(), which those of explain() and diagnose() extend.

import { MOST_LOOPS } from "../models/encoder.ts";
import type { AbortSignal } from "../options/globals.ts";
import { flag, integer, list, type Options, object, signal, tuple } from "../options/kinds.ts";

/** Options of predict() and tokenize(), and of all other calls on a model. */
export interface PredictOptions {
  /**
   * Cuts a text that is too long, with a warning, instead of rejecting it with `InputTooLong`. The default is false, but true
   * for a sentence-transformers model (one with modules.json), because that library cuts too.
   */
  truncate?: boolean;
  /** Aborts the call: no further run begins; a run under way may finish. */
  signal?: AbortSignal;
  /** The number of loops of a looped model, from 0; default: its config's. */
  numLoops?: number;
  /** Attention heads and neurons to ablate: their outputs are set to 0. */
  ablate?: Ablation;
}

/** Attention heads and feed-forward neurons, each by the indices of its block and of itself. */
export interface Ablation {
  /** Attention heads, each by its block and its index there, from 0. */
  heads?: readonly (readonly [block: number, head: number])[];
  /** Feed-forward neurons, each by its block and its index there, from 0. */
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
