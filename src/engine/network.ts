// From a model's network to a plan: what is computed, under which names, and what of it is whose.

import { cols, type Entry, input, state, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Captured, Embedded, Network, Past, ReadingPoint } from "../models/family.ts";
import { writeRows } from "../ops/write_rows.ts";

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
 * inputs/inputs.ts, `reads` how many rows the head reads where that is an input too, `cached` how many rows of a key/value cache
 * attention reads, where there is one: 0 for those of the text alone.
 */
export type Made = Pick<Embedded, "recompute" | "attend" | "whole" | "loops" | "mask"> & {
  given?: boolean;
  paired?: boolean;
  reads?: number;
  cached?: number;
};

/** The network over `batch` texts padded to so many tokens; its inputs are words, places and lengths. */
export function network(
  architecture: Architecture,
  batch: number,
  tokens: number,
  { given, paired, reads, cached, ...made }: Made = {},
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
    past: cached === undefined ? undefined : keyValueCache(Math.max(t, cached)),
  });
  return { ...net, selection: architecture.reads === "mean" ? undefined : picks };
}

/** A cache of so many rows, into which a text's are written from the input `position` on. */
function keyValueCache(rows: number): Past {
  const position = input("position", [1]);
  return {
    extended: (name, x) => writeRows(state(name, [x.shape[0], rows, cols(x)]), x, position),
    position,
  };
}

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits }, walks: [] });

/** One of `count` parts of an output whose leading dimension they share. */
export function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}
