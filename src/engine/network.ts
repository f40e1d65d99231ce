// From a model's network to a trace: the outputs that a plan computes, by name.

import { input, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Captured, Network, NetworkInputs, PastKeyValues, ReadingPoint } from "../models/family.ts";

/** What a plan has to compute. Traces of more have the names of their outputs, for those who read them. */
export interface Trace {
  outputs: Record<string, Tensor>;
}

/** Something of each tensor that is watched: by block, and by reading point. */
export interface Captures<T> {
  blocks: Captured<T>[];
  readings: { [K in ReadingPoint]?: T };
}

/** What `to` makes of each, if it makes something of it. */
export function mapCaptures<T, U>(watched: Captures<T>, to: (one: T, name: string) => U | undefined): Captures<U> {
  const fields = (of: Captured<T> | Captures<T>["readings"], where: number | string) =>
    Object.fromEntries(
      Object.entries(of).flatMap(([field, one]) => {
        const made = to(one, `${field} ${where}`);
        return made === undefined ? [] : [[field, made]];
      }),
    );
  return { blocks: watched.blocks.map(fields), readings: fields(watched.readings, "reading") };
}

/**
 * How a network is made: see models/family.ts; `embeddingsAsInput` if its embeddings are an input, `paired` see
 * inputs/inputs.ts, `reads` how many rows the head reads where that is an input too, `past` makes a key/value cache for a
 * run of `t` tokens.
 */
export type NetworkOptions = Pick<NetworkInputs, "recompute" | "attend" | "allRows" | "numLoops" | "mask"> & {
  embeddingsAsInput?: boolean;
  paired?: boolean;
  reads?: number;
  past?: (t: number) => PastKeyValues;
};

/** The network over `batch` texts padded to so many tokens; its inputs are `tokenEmbeddings`, `positionEmbeddings` and `lengths`. */
export function network(
  architecture: Architecture,
  batch: number,
  tokens: number,
  { embeddingsAsInput, paired, reads, past, ...options }: NetworkOptions = {},
): Network {
  const { width, embeddingWidth = width, tables, length: t = tokens } = architecture;
  const rowSelection = reads ? input("rowSelection", [batch, 1, reads, t]) : undefined;
  const net = architecture.network({
    ...options,
    embeddings: embeddingsAsInput ? input("embeddings", [batch, t, embeddingWidth]) : undefined,
    tokenEmbeddings: input("tokenEmbeddings", [batch, t, width]),
    positionEmbeddings:
      tables.positions || tables.types
        ? input("positionEmbeddings", paired ? [batch, t, width] : [t, width])
        : undefined,
    rowSelection,
    lengths: input("lengths", [batch]),
    pastKeyValues: past?.(t),
  });
  return { ...net, selection: architecture.reads === "mean" ? undefined : rowSelection };
}

export const logitsTrace = ({ logits }: Network): Trace => ({ outputs: { logits } });

/** Part `index` of `count` equal parts of an output, along its leading dimension. */
export function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}
