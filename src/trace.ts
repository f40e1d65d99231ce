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
  /** Names of the outputs that hold the relevance of each tensor of the residual stream, if it was asked for. */
  layers: string[];
  /** An amount for each output "kept 0", "kept 1", …, and the names of the readings it lies above. */
  kept: { entry: Entry; times: number; at: ReadonlySet<string> }[];
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

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits }, layers: [], kept: [] });

/**
 * Relevance at every reading point, and along the residual stream if `layers`, with all that their ledgers need, from
 * one walk; the target is the input `request`.
 */
export function explaining(net: Network, batch: number, composite: Composite, layers = false): Trace {
  const { logits, readings, stream } = net;
  const request = input("request", [batch, cols(logits) + 1]);
  const start = seed(logits, request);
  const along = layers ? stream.map((x, i) => [`layer ${i}`, x] as const) : [];
  const points = readingPoints.flatMap((at) => (readings.has(at) ? [[at, readings.get(at)!] as const] : []));
  const places = [...along.reverse(), ...points]; // from the output down
  const sources = places.map(([, x]) => x);
  const { gradients, kept } = propagate(logits, start, sources, composite);

  const outputs: Trace["outputs"] = { logits, seed: start };
  places.forEach(([name, x], i) => {
    outputs[name] = dot(gradients[i], x);
  });
  kept.forEach(({ rows }, i) => {
    outputs[`kept ${i}`] = rows;
  });
  const amounts = kept.map(({ entry, times = 1, above }) => {
    return { entry, times, at: new Set(places.filter((_, i) => above[i]).map(([name]) => name)) };
  });
  return { outputs, layers: along.map(([name]) => name).reverse(), kept: amounts };
}

/** A text's part of an output whose leading dimension is the batch. */
export function part(values: Float32Array, text: number, batch: number): Float32Array {
  const size = values.length / batch;
  return values.subarray(text * size, (text + 1) * size);
}

/** The ledger of one text at one reading. The device added rows in f32; rows are added here in f64. */
export function ledger(trace: Trace, data: Data, at: string, text: number, batch: number): Ledger {
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
