// From a model's network to a plan: what is computed, under which names, and what of it is whose.

import { input, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Captured, Embedded, Network, Past, ReadingPoint } from "../models/family.ts";

/** What a plan has to compute. Traces of more have the names of their outputs, for those who read them. */
export interface Trace {
  outputs: Record<string, Tensor>;
}

/** Something of each tensor that is watched: by block, and by reading point. */
export interface Watched<T> {
  blocks: Captured<T>[];
  readings: { [K in ReadingPoint]?: T };
}

/** What `to` makes of each, if it makes something of it. */
export function each<T, U>(watched: Watched<T>, to: (one: T, name: string) => U | undefined): Watched<U> {
  const fields = (of: Captured<T> | Watched<T>["readings"], where: number | string) =>
    Object.fromEntries(
      Object.entries(of).flatMap(([field, one]) => {
        const made = to(one, `${field} ${where}`);
        return made === undefined ? [] : [[field, made]];
      }),
    );
  return { blocks: watched.blocks.map(fields), readings: fields(watched.readings, "reading") };
}

/**
 * How a network is made: see models/family.ts; `given` if its embeddings are an input of that name, `paired` see
 * inputs/inputs.ts, `reads` how many rows the head reads where that is an input too, `past` makes a key/value cache for a
 * run of `t` tokens.
 */
export type Made = Pick<Embedded, "recompute" | "attend" | "whole" | "numLoops" | "mask"> & {
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

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits } });

/** One of `count` parts of an output whose leading dimension they share. */
export function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}
