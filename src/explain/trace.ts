// From a network to the tensors of an explanation, and from a run's numbers to ledgers.

import { type Captures, mapCaptures, type Trace } from "../engine/network.ts";
import { RelpropError } from "../errors.ts";
import { type Entry, nothing } from "../graph/ledger.ts";
import { input, size, type Tensor } from "../graph/tensor.ts";
import type { Network, ReadingPoint } from "../models/family.ts";
import { dot } from "../ops/dot.ts";
import { seed } from "../ops/seed.ts";
import type { Composite } from "../propagation/composites.ts";
import { keptAbove, propagate } from "../propagation/propagate.ts";
import type { Ledger } from "./explanation.ts";

export const readingPoints: readonly ReadingPoint[] = ["embeddings", "embedding-sum", "words", "pixels", "points"];

const MOST_INWARD = 1024; // each reading's ledger lists what is kept above it, so work grows with the square

/** Probes of blocks, for breakdowns. */
export interface BlockProbes {
  /** Tensors to capture, with their gradients. */
  captured: Captures<Tensor>;
  /** Of each block, siblings that ledgers are wanted of. */
  sublayers: Sublayers<Tensor[]>[];
}

/** Something of a block's heads and of its neurons. */
export type Sublayers<T> = { [K in "heads" | "neurons"]?: T };

/** An explanation's outputs, and the network that it explains. */
export interface ExplanationTrace extends Trace {
  captured: Captures<string>;
  /** One for each method. */
  backwardPasses: BackwardPass[];
  net: Network;
}

/** One walk back through the network. What it has are names of outputs, each of a row for every target and text. */
export interface BackwardPass {
  readings: ReadonlyMap<ReadingPoint, Reading>;
  /** Along the residual stream, with `layers`. */
  layers: Reading[];
  gradients: Captures<string>;
  /** What was kept above heads and neurons. */
  sublayers: Sublayers<Kept[]>[];
}

/** Relevance of siblings, of each one row by row where any reaches it, and what was kept above them. */
export interface Reading {
  rows: (string | undefined)[];
  kept: Kept[];
}

/** An amount: `times` · Σ rows. */
export interface Kept {
  entry: Entry;
  times: number;
  rows: string;
}

/**
 * Relevance by each of `composites` at every reading point, and along the residual stream if `layers`, with all that
 * their ledgers need. The forward pass is there once. Targets are the input `requestName`: so many for each text, and the
 * texts of the first one first.
 */
export function explanationTrace(
  net: Network,
  composites: readonly Composite[],
  targets = 1,
  layers = false,
  { captured, sublayers }: BlockProbes = { captured: { blocks: [], readings: {} }, sublayers: [] },
  requestName = "request",
): ExplanationTrace {
  const { logits, readings, stream, blocks } = net;
  const texts = logits.shape[0];
  const request = input(requestName, [targets * texts, size(logits) / texts + 1]);
  const outputs: Trace["outputs"] = { logits, seed: seed(logits, request) };
  const enter = (name: string, x: Tensor) => {
    outputs[name] = x;
    return name;
  };
  const points = readingPoints.flatMap((at) => (readings.has(at) ? [[at, readings.get(at)!] as const] : []));
  const along = layers ? stream.map((x) => [x]) : [];
  const ledgers = sublayers.reduce((n, half) => n + Object.keys(half).length, along.length);
  if (ledgers > MOST_INWARD) {
    const message = `layers, heads and neurons of ${blocks.length} blocks need ${ledgers} ledgers, the most is ${MOST_INWARD}`;
    throw new RelpropError("LimitExceeded", message, { blocks: blocks.length });
  }
  const sources = [...points.map(([, siblings]) => siblings), ...along];

  const backwardPasses = composites.map((composite, w): BackwardPass => {
    const { gradients, kept } = propagate(logits, outputs.seed, sources, composite);
    const names = kept.map(({ rows, times = 1, ...what }, i) => ({
      ...what,
      times,
      rows: enter(`${w} kept ${i}`, rows),
    }));
    const above = (siblings: readonly Tensor[]): Kept[] => keptAbove(names, logits, siblings);
    const reading = (name: string, siblings: readonly Tensor[]): Reading => ({
      rows: siblings.map((x, i) => {
        const g = gradients.get(x);
        return g && enter(`${w} ${name} ${i}`, dot(g, x));
      }),
      kept: above(siblings),
    });
    return {
      readings: new Map(points.map(([at, siblings]) => [at, reading(at, siblings)])),
      layers: along.map((siblings, i) => reading(`layer ${i}`, siblings)),
      gradients: mapCaptures(captured, (x, name) => {
        const g = gradients.get(x);
        return g && enter(`${w} gradient ${name}`, g);
      }),
      sublayers: sublayers.map(({ heads, neurons }) => ({
        ...(heads && { heads: above(heads) }),
        ...(neurons && { neurons: above(neurons) }),
      })),
    };
  });
  return { outputs, captured: mapCaptures(captured, (x, name) => enter(name, x)), backwardPasses, net };
}

/**
 * The ledger of one reading; `mine` gives a target's and text's part of an output. The device added rows in f32, they are
 * added here in f64.
 */
export function ledger(reading: Reading, logit: number, mine: (name: string) => Float32Array): Ledger {
  const tokens = reading.rows.reduce((sum, rows) => sum + (rows ? total(mine(rows)) : 0), 0);
  const { entries, rest } = keptByEntry(reading.kept, logit - tokens, mine);
  return { logit, tokens, ...entries, residual: rest };
}

/** What was kept, by entry, and what is left of `all` without it. */
export function keptByEntry(kept: readonly Kept[], all: number, mine: (name: string) => Float32Array) {
  const entries = { ...nothing };
  let rest = all;
  for (const { entry, times, rows } of kept) {
    const amount = times * total(mine(rows));
    entries[entry] += amount;
    rest -= amount;
  }
  return { entries, rest };
}

const total = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0);
