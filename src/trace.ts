// From a model's network to the tensors of a prediction or an explanation, and from a run's numbers to ledgers.

import type { Data } from "./backends/backend.ts";
import type { Composite } from "./composites.ts";
import type { Ledger, ReadingPoint } from "./explanation.ts";
import type { Architecture, Network } from "./models/family.ts";
import { dot } from "./ops/dot.ts";
import { seed } from "./ops/seed.ts";
import { propagate } from "./propagate.ts";
import { cols, type Entry, input, type Tensor } from "./tensor.ts";

/** What a plan has to compute, and how to read what it has computed. */
export interface Trace {
  outputs: Record<string, Tensor>;
  /** An amount for each output "kept 0", "kept 1", …, and the reading points it lies above. */
  kept: { entry: Entry; times: number; at: ReadonlySet<ReadingPoint> }[];
}

export const readingPoints: readonly ReadingPoint[] = ["embeddings", "embedding-sum", "words"];

/** The network over `batch` texts padded to `t` tokens; its inputs are words, places and lengths. */
export function network(architecture: Architecture, batch: number, t: number): Network {
  const { width } = architecture;
  return architecture.network({
    words: input("words", [batch, t, width]),
    places: input("places", [t, width]),
    lengths: input("lengths", [batch]),
  });
}

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits }, kept: [] });

/** Relevance at every reading point and all that its ledgers need, from one walk; the target is the input `request`. */
export function explaining({ logits, readings }: Network, batch: number, composite: Composite): Trace {
  const request = input("request", [batch, cols(logits) + 1]);
  const start = seed(logits, request);
  const points = readingPoints.filter((at) => readings.has(at));
  const sources = points.map((at) => readings.get(at)!);
  const { gradients, kept } = propagate(logits, start, sources, composite);

  const outputs: Trace["outputs"] = { logits, seed: start };
  points.forEach((at, i) => {
    outputs[at] = dot(gradients[i], sources[i]);
  });
  kept.forEach(({ rows }, i) => {
    outputs[`kept ${i}`] = rows;
  });
  const amounts = kept.map(({ entry, times = 1, above }) => {
    return { entry, times, at: new Set(points.filter((_, i) => above[i])) };
  });
  return { outputs, kept: amounts };
}

/** A text's part of an output whose leading dimension is the batch. */
export function part(values: Float32Array, text: number, batch: number): Float32Array {
  const size = values.length / batch;
  return values.subarray(text * size, (text + 1) * size);
}

/** The ledger of one text at one reading point. The device added rows in f32; rows are added here in f64. */
export function ledger(trace: Trace, data: Data, at: ReadingPoint, text: number, batch: number): Ledger {
  const mine = (name: string) => part(data[name], text, batch);
  const logits = mine("logits");
  const entries: Ledger = {
    logit: mine("seed").reduce((sum, weight, c) => sum + weight * logits[c], 0),
    tokens: total(mine(at)),
    biases: 0,
    norms: 0,
    positions: 0,
    softmax: 0,
    products: 0,
    activations: 0,
    epsilon: 0,
    residual: 0,
  };
  let rest = entries.logit - entries.tokens;
  trace.kept.forEach(({ entry, times, at: points }, i) => {
    if (!points.has(at)) return;
    const amount = times * total(mine(`kept ${i}`));
    entries[entry] += amount;
    rest -= amount;
  });
  entries.residual = rest;
  return entries;
}

const total = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0);
