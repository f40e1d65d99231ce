// From a model's network to the tensors of a prediction or an explanation, and from a run's numbers to ledgers.

import { RelpropError } from "../errors.ts";
import { cols, type Entry, input, size, state, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Captured, Embedded, Network, Past, ReadingPoint } from "../models/family.ts";
import { dot } from "../ops/dot.ts";
import { seed } from "../ops/seed.ts";
import { writeRows } from "../ops/write_rows.ts";
import type { Composite } from "../propagation/composites.ts";
import { propagate } from "../propagation/propagate.ts";
import type { Ledger } from "./explanation.ts";

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

export const readingPoints: readonly ReadingPoint[] = ["embeddings", "embedding-sum", "words", "pixels", "points"];

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
