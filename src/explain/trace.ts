// From a model's network to the tensors of a prediction or an explanation, and from a run's numbers to ledgers.

import { RelpropError } from "../errors.ts";
import { cols, type Entry, history, input, size, state, type Tensor } from "../graph/tensor.ts";
import type { Architecture, Embedded, Network, Past, ReadingPoint } from "../models/family.ts";
import { dot } from "../ops/dot.ts";
import { seed } from "../ops/seed.ts";
import { writeRows } from "../ops/write_rows.ts";
import type { Composite } from "../propagation/composites.ts";
import { propagate } from "../propagation/propagate.ts";
import type { Ledger } from "./explanation.ts";

/** What a plan has to compute, and how to read what it has computed. */
export interface Trace {
  outputs: Record<string, Tensor>;
  /** One for each method. */
  walks: Walk[];
  /** Reading points that lie right below a norm. */
  normed?: ReadonlySet<ReadingPoint>;
}

/** One walk back through the network. What it tells are names of outputs, each of a row for every target and text. */
export interface Walk {
  /** Relevance at each reading point. */
  readings: ReadonlyMap<string, string>;
  /** Relevance of each tensor of the residual stream, if it was asked for. */
  layers: string[];
  /** If anything in the blocks is watched: relevance of the stream after each half, and gradients of what is watched. */
  halves: ReadonlyMap<string, string>;
  gradients: ReadonlyMap<string, string>;
  /** Amounts: `times` · Σ rows, for the readings that lie below, by the op whose output `by` is. */
  kept: { entry: Entry; times: number; rows: string; below: ReadonlySet<string>; by: Tensor }[];
}

export const readingPoints: readonly ReadingPoint[] = ["embeddings", "embedding-sum", "words", "pixels", "points"];

/**
 * How a network is made: see models/family.ts; `given` if its embeddings are an input of that name, `paired` see inputs.ts,
 * `reads` how many rows the head reads where that is an input too, `cached` how many rows of a key/value cache attention
 * reads, where there is one: 0 for those of the text alone.
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
  const net = architecture.network({
    ...made,
    embeddings: given ? input("embeddings", [batch, t, embedded]) : undefined,
    words: input("words", [batch, t, width]),
    places: tables.positions || tables.types ? input("places", paired ? [batch, t, width] : [t, width]) : undefined,
    picks: reads ? input("picks", [batch, 1, reads, t]) : undefined,
    lengths: input("lengths", [batch]),
    past: cached === undefined ? undefined : keyValueCache(Math.max(t, cached)),
  });
  return { ...net, mean: architecture.reads === "mean" };
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
 * texts of the first one first. `watch` names tensors of each block whose numbers and gradients are wanted; the
 * relevance of the stream between its halves comes with them.
 */
export function explaining(
  net: Network,
  composites: readonly Composite[],
  targets = 1,
  layers = false,
  watch: readonly string[] = [],
): Trace {
  const { logits, readings, stream, blocks } = net;
  const texts = logits.shape[0];
  const request = input("request", [targets * texts, size(logits) / texts + 1]);
  const outputs: Trace["outputs"] = { logits, seed: seed(logits, request) };
  const along = layers ? stream.map((x, i) => [`layer ${i}`, x] as const) : [];
  const within = (names: readonly string[]) =>
    blocks.flatMap((block, i) =>
      names.flatMap((name) => (block[name] ? [[`${name} ${i}`, block[name]] as const] : [])),
    );
  const halves = watch.length ? within(["attention", "feedforward"]) : [];
  const watched = within(watch);
  for (const [name, x] of watched) outputs[name] = x;
  const points = readingPoints.flatMap((at) => (readings.has(at) ? [[at, readings.get(at)!] as const] : []));
  const inward = [...along, ...halves].sort(([, a], [, b]) => b.id - a.id);
  if (inward.length > MOST_INWARD) {
    const message = `layers, heads and neurons of ${blocks.length} blocks need ${inward.length} ledgers, the most is ${MOST_INWARD}`;
    throw new RelpropError("LimitExceeded", message, { blocks: blocks.length });
  }
  const places = [...inward, ...points]; // from the output down
  const sources = places.map(([, x]) => x);

  const walks = composites.map((composite, w): Walk => {
    const taps = watched.map(([, x]) => x);
    const { gradients, tapped, kept } = propagate(logits, outputs.seed, sources, composite, taps);
    const name = (what: string) => `${w} ${what}`;
    const reached = watched.flatMap(([place], i) =>
      tapped[i] ? [[place, name(`g ${place}`), tapped[i]] as const] : [],
    );
    for (const [, output, g] of reached) outputs[output] = g;
    places.forEach(([place, x], i) => {
      outputs[name(place)] = dot(gradients[i], x);
    });
    return {
      readings: new Map(points.map(([at]) => [at, name(at)])),
      layers: along.map(([layer]) => name(layer)),
      halves: new Map(halves.map(([half]) => [half, name(half)])),
      gradients: new Map(reached.map(([place, output]) => [place, output])),
      kept: kept.map(({ entry, times = 1, rows, by, above }, i) => {
        outputs[name(`kept ${i}`)] = rows;
        const below = new Set(places.filter((_, j) => above[j]).map(([place]) => name(place)));
        return { entry, times, rows: name(`kept ${i}`), below, by };
      }),
    };
  });
  const readers = history([logits]).flatMap((y) => y.inputs.map((x) => [x, y] as const));
  const normed = new Set(points.flatMap(([at, x]) => (belowNorm(x, readers, net.mean ?? false) ? [at] : [])));
  return { outputs, walks, normed };
}

/** Ops whose rows are of the same rows of their inputs. */
const ROW_BY_ROW = new Set(["linear", "norm", "activation", "gate", "add"]);

/**
 * Whether all that tokens say to others, or to the head, passes a norm of `x` itself: directly, or through a dense layer without
 * a bias. The rows that the head reads may go around it; no others do if nothing beside the norm mixes rows.
 */
function belowNorm(x: Tensor, readers: readonly (readonly [Tensor, Tensor])[], mean: boolean): boolean {
  let normed = false;
  const bare = new Set([x]);
  const above = new Set([x]);
  for (const t of above) {
    for (const [read, y] of readers) {
      if (read !== t) continue;
      const { op, inputs } = y;
      const selects = op.name === "pick" || (op.name === "context" && inputs[0].name === "picks" && !mean);
      if (bare.has(t) && op.name === "norm") normed = true;
      else if (!selects) {
        if (!ROW_BY_ROW.has(op.name)) return false;
        if (bare.has(t) && op.name === "linear" && inputs.length === 2) bare.add(y); // without a bias nothing is added
        above.add(y);
      }
    }
  }
  return normed;
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
