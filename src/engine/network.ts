// From a model's network to a plan: what is computed, under which names, and what of it is whose.

import { type Entry, input, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Captured, Embedded, Network, Past, ReadingPoint } from "../models/family.ts";

/** What a plan has to compute, and how to read what it has computed. */
export interface Trace {
  outputs: Record<string, Tensor>;
  /** The outputs that hold the numbers of what is watched. */
  watched?: Watched;
  /** One for each method. */
  walks: Walk[];
  /** The network whose relevance it has. */
  net?: Network;
}

/** Names of outputs, for what is watched: by block, and by reading point. */
export interface Watched {
  blocks: Captured<string>[];
  readings: { [K in ReadingPoint]?: string };
}

/** One walk back through the network. What it tells are names of outputs, each of a row for every target and text. */
export interface Walk {
  /** Relevance at each reading point. */
  readings: ReadonlyMap<string, string>;
  /** Relevance of each tensor of the residual stream, if it was asked for. */
  layers: string[];
  /** If anything in the blocks is watched: relevance of the stream after each half, and gradients of what is watched. */
  halves: Captured<string>[];
  gradients: Watched;
  /** Amounts: `times` · Σ rows, for the readings that lie below, by the op whose output `by` is. */
  kept: { entry: Entry; times: number; rows: string; below: ReadonlySet<string>; by: Tensor }[];
}

/**
 * How a network is made: see models/family.ts; `given` if its embeddings are an input of that name, `paired` see
 * inputs/inputs.ts, `reads` how many rows the head reads where that is an input too, `past` makes a key/value cache for a
 * run of `t` tokens.
 */
export type Made = Pick<Embedded, "recompute" | "attend" | "whole" | "loops" | "mask"> & {
  given?: boolean;
  paired?: boolean;
  reads?: number;
  past?: (t: number) => Past;
};

/** The network over `batch` texts padded to so many tokens; its inputs are words, places and lengths. */
export function network(
  architecture: Architecture,
  batch: number,
  tokens: number,
  { given, paired, reads, past, ...made }: Made = {},
): Network {
  const { width, embedded = width, tables, length: t = tokens } = architecture;
  const picks = reads ? input("picks", [batch, 1, reads, t]) : undefined;
  const net = architecture.network({
    ...made,
    embeddings: given ? input("embeddings", [batch, t, embedded]) : undefined,
    words: input("words", [batch, t, width]),
    places: tables.positions || tables.types ? input("places", paired ? [batch, t, width] : [t, width]) : undefined,
    picks,
    lengths: input("lengths", [batch]),
    past: past?.(t),
  });
  return { ...net, selection: architecture.reads === "mean" ? undefined : picks };
}

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits }, walks: [] });

/** One of `count` parts of an output whose leading dimension they share. */
export function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}
