// From a model's network to the tensors of a prediction or an explanation, and from a run's numbers to ledgers.

import type { Composite } from "./composites.ts";
import type { Ledger, ReadingPoint } from "./explanation.ts";
import type { Architecture, Network } from "./models/family.ts";
import { dot } from "./ops/dot.ts";
import { seed } from "./ops/seed.ts";
import { propagate } from "./propagate.ts";
import { cols, type Entry, input, rows, type Tensor } from "./tensor.ts";

/** What a plan has to compute, and how to read what it has computed. */
export interface Trace {
  outputs: Record<string, Tensor>;
  /** One for each method. */
  walks: Walk[];
}

/** One walk back through the network. What it tells are names of outputs, each of a row for every target and text. */
export interface Walk {
  /** Relevance at each reading point. */
  readings: ReadonlyMap<string, string>;
  /** Relevance of each tensor of the residual stream, if it was asked for. */
  layers: string[];
  /** Amounts: `times` · Σ rows, for the readings that lie below. */
  kept: { entry: Entry; times: number; rows: string; below: ReadonlySet<string> }[];
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

export const predicting = ({ logits }: Network): Trace => ({ outputs: { logits }, walks: [] });

/**
 * Relevance by each of `composites` at every reading point, and along the residual stream if `layers`, with all that
 * their ledgers need. The forward pass is there once. Targets are the input `request`: so many for each text, and the
 * texts of the first one first.
 */
export function explaining(net: Network, composites: readonly Composite[], targets = 1, layers = false): Trace {
  const { logits, readings, stream } = net;
  const request = input("request", [targets * rows(logits), cols(logits) + 1]);
  const outputs: Trace["outputs"] = { logits, seed: seed(logits, request) };
  const along = layers ? stream.map((x, i) => [`layer ${i}`, x] as const) : [];
  const points = readingPoints.flatMap((at) => (readings.has(at) ? [[at, readings.get(at)!] as const] : []));
  const places = [...[...along].reverse(), ...points]; // from the output down
  const sources = places.map(([, x]) => x);

  const walks = composites.map((composite, w): Walk => {
    const { gradients, kept } = propagate(logits, outputs.seed, sources, composite);
    const name = (what: string) => `${w} ${what}`;
    places.forEach(([place, x], i) => {
      outputs[name(place)] = dot(gradients[i], x);
    });
    return {
      readings: new Map(points.map(([at]) => [at, name(at)])),
      layers: along.map(([layer]) => name(layer)),
      kept: kept.map(({ entry, times = 1, rows, above }, i) => {
        outputs[name(`kept ${i}`)] = rows;
        const below = new Set(places.filter((_, j) => above[j]).map(([place]) => name(place)));
        return { entry, times, rows: name(`kept ${i}`), below };
      }),
    };
  });
  return { outputs, walks };
}

/** One of `count` parts of an output whose leading dimension they share. */
export function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}

/**
 * The ledger of one reading; `mine` gives a target's and text's part of an output. The device added rows in f32, they are
 * added here in f64.
 */
export function ledger(walk: Walk, reading: string, logit: number, mine: (name: string) => Float32Array): Ledger {
  const entries: Ledger = {
    logit,
    tokens: total(mine(reading)),
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
  for (const { entry, times, rows, below } of walk.kept) {
    if (!below.has(reading)) continue;
    const amount = times * total(mine(rows));
    entries[entry] += amount;
    rest -= amount;
  }
  entries.residual = rest;
  return entries;
}

const total = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0);
