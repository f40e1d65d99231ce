// From a network to the tensors of an explanation, and from a run's numbers to ledgers.

import type { Trace, Walk, Watched } from "../engine/network.ts";
import { RelpropError } from "../errors.ts";
import { input, size, type Tensor } from "../graph/tensor.ts";
import type { Network, ReadingPoint } from "../models/family.ts";
import { dot } from "../ops/dot.ts";
import { seed } from "../ops/seed.ts";
import type { Composite } from "../propagation/composites.ts";
import { propagate } from "../propagation/propagate.ts";
import type { Ledger } from "./explanation.ts";

export const readingPoints: readonly ReadingPoint[] = ["embeddings", "embedding-sum", "words", "pixels", "points"];

const MOST_INWARD = 1024; // what is kept is told of each reading below it, so that work grows by the square

/**
 * Relevance by each of `composites` at every reading point, and along the residual stream if `layers`, with all that
 * their ledgers need. The forward pass is there once. Targets are the input `request`: so many for each text, and the
 * texts of the first one first. Beside these come numbers and gradients of what is
 * `watched`, and relevance of the stream at `halves` of blocks.
 */
export function explaining(
  net: Network,
  composites: readonly Composite[],
  targets = 1,
  layers = false,
  { watched, halves }: Record<"watched" | "halves", readonly Place[]> = { watched: [], halves: [] },
): Trace {
  const { logits, readings, stream, blocks } = net;
  const texts = logits.shape[0];
  const request = input("request", [targets * texts, size(logits) / texts + 1]);
  const outputs: Trace["outputs"] = { logits, seed: seed(logits, request) };
  const along = layers ? stream.map((x, i) => [`layer ${i}`, x] as const) : [];
  for (const { name, x } of watched) outputs[name] = x;
  const points = readingPoints.flatMap((at) => (readings.has(at) ? [[at, readings.get(at)!] as const] : []));
  const inward = [...along, ...halves.map(({ name, x }) => [name, x] as const)].sort(([, a], [, b]) => b.id - a.id);
  if (inward.length > MOST_INWARD) {
    const message = `layers, heads and neurons of ${blocks.length} blocks need ${inward.length} ledgers, the most is ${MOST_INWARD}`;
    throw new RelpropError("LimitExceeded", message, { blocks: blocks.length });
  }
  const places = [...inward, ...points]; // from the output down
  const sources = places.map(([, x]) => x);

  const walks = composites.map((composite, w): Walk => {
    const taps = watched.map(({ x }) => x);
    const { gradients, tapped, kept } = propagate(logits, outputs.seed, sources, composite, taps);
    const name = (what: string) => `${w} ${what}`;
    const reached = watched.flatMap((place, i) => {
      const g = tapped[i];
      if (g) outputs[name(`g ${place.name}`)] = g;
      return g ? [place] : [];
    });
    places.forEach(([place, x], i) => {
      outputs[name(place)] = dot(gradients[i], x);
    });
    return {
      readings: new Map(points.map(([at]) => [at, name(at)])),
      layers: along.map(([layer]) => name(layer)),
      halves: entered(blocks.length, halves, name).blocks,
      gradients: entered(blocks.length, reached, (place) => name(`g ${place}`)),
      kept: kept.map(({ entry, times = 1, rows, by, above }, i) => {
        outputs[name(`kept ${i}`)] = rows;
        const below = new Set(places.filter((_, j) => above[j]).map(([place]) => name(place)));
        return { entry, times, rows: name(`kept ${i}`), below, by };
      }),
    };
  });
  return { outputs, watched: entered(blocks.length, watched, (name) => name), walks, net };
}

/** A tensor that is watched, under a name of its own, and where the output of it is entered. */
export interface Place {
  name: string;
  x: Tensor;
  enter(into: Watched, output: string): void;
}

/** The outputs of these tensors, by block and reading point. */
function entered(blocks: number, places: readonly Place[], output: (name: string) => string): Watched {
  const found: Watched = { blocks: Array.from({ length: blocks }, () => ({})), readings: {} };
  for (const { name, enter } of places) enter(found, output(name));
  return found;
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
