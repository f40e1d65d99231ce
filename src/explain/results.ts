// From a run's numbers to what a user gets.

import type { Data } from "../backends/backend.ts";
import { RelpropError } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { partition } from "../logits.ts";
import type { Architecture, ReadingPoint } from "../models/family.ts";
import type { Composite } from "../propagation/composites.ts";
import type { ClassScore, Explanation } from "./explanation.ts";
import { finite } from "./finite.ts";
import type { Question } from "./request.ts";
import { magnitude, share, unclosed } from "./residual.ts";
import { ledger, part, type Trace } from "./trace.ts";

type Grain = typeof import("./breakdown.ts");

/** What all results of a model have in common. */
export interface About extends Pick<Architecture, "labels" | "scores" | "task"> {
  model: string;
  backend: "wasm" | "webgpu";
}

/** A run's numbers: of so many texts, and so many targets of each. */
export interface Run {
  trace: Trace;
  data: Data;
  texts: number;
  targets: number;
}

/** The most classes of a text that are told, of language models; others that are asked about are told too. */
const MOST = 10;

/** What logits of one or more rows say of the classes, whose numbers go on from row to row. */
export interface Scored {
  of(index: number): ClassScore;
  /** All classes, or the top ones of very many. */
  classes: ClassScore[];
}

export function scored(
  { labels, scores, task }: Pick<About, "labels" | "scores" | "task">,
  logits: Float32Array,
): Scored {
  finite(logits, "logits");
  const n = labels.length;
  const rows = new Map<number, ReturnType<typeof partition>>();
  const softmax = (index: number) => {
    const row = Math.floor(index / n);
    const { peak, total } = rows.get(row) ?? partition(logits.subarray(row * n, (row + 1) * n));
    rows.set(row, { peak, total });
    return Math.exp(logits[index] - peak) / total;
  };
  const probability = {
    softmax,
    sigmoid: (index: number) => 1 / (1 + Math.exp(-logits[index])),
    none: undefined,
  }[scores];
  const of = (index: number): ClassScore => ({
    index: index % n,
    label: labels[index % n],
    logit: logits[index],
    ...(probability && { probability: probability(index) }),
  });
  const all = [...logits.keys()];
  const told = task.endsWith("lm") ? all.sort((a, b) => logits[b] - logits[a]).slice(0, MOST) : all;
  return { of, classes: told.map(of) };
}

/** Explanations of the text at `index`: for each method, and for each of the run's targets one at each reading point. */
export function explanations(
  { text, tokens, reads, image, cloud, warnings }: Encoded,
  about: About,
  run: Run,
  index: number,
  { methods, points, finer }: Question,
  grain?: Grain,
): Explanation[][] {
  const { trace, data, texts, targets } = run;
  const logits = part(data.logits, index, texts);
  const { of, classes } = scored(about, logits);

  return methods.map(({ name, composite }, m) => {
    const walk = trace.walks[m];
    return [...Array(targets).keys()].flatMap((target) => {
      const mine = (output: string) => part(data[output], target * texts + index, targets * texts);
      const seed = mine("seed");
      const logit = seed.reduce((sum, weight, c) => (weight ? sum + weight * logits[c] : sum), 0);
      const less = seed.indexOf(-1);
      const read = (output: string) => {
        const there = mine(output); // of the last block's output only rows that are read; the others have no relevance
        const relevance = tokens.map((_, j) => there[j] ?? 0);
        return { relevance, ledger: ledger(walk, output, logit, mine) };
      };
      return points.map((at) => {
        const reading = walk.readings.get(at);
        if (!reading) {
          const known = [...walk.readings.keys()].join(", ");
          throw new RelpropError("InvalidOption", `this model's relevance is read at ${known}, not at ${at}`);
        }
        const { relevance, ledger } = read(reading);
        const layers = walk.layers.map(read);
        const misses = (one: ReturnType<typeof read>) => share(one.ledger, magnitude(one.relevance));
        const explanation: Explanation = {
          text,
          ...(image && { image }),
          ...(cloud && { cloud }),
          model: about.model,
          method: name,
          composite,
          at,
          backend: about.backend,
          target: of(seed.reduce((most, weight, c) => (weight > seed[most] ? c : most), 0)),
          ...(less >= 0 && { contrast: of(less) }),
          classes,
          ...(reads && { reads: [...reads] }),
          tokens: tokens.map((token, j) => ({ ...token, relevance: relevance[j] })),
          ledger,
          ...(layers.length && { layers }),
          warnings: [
            ...warnings,
            ...annihilated(at, composite, trace),
            ...unclosed("the tokens", [misses({ relevance, ledger })]),
            ...unclosed("layers", layers.map(misses)),
          ],
        };
        const forward = (output: string) => part(data[output], index, texts);
        const numbers = { outputs: trace.outputs, walk, composite, forward, mine, logit };
        return grain ? { ...explanation, ...grain.finer(explanation, numbers, finer!) } : explanation;
      });
    });
  });
}

/** A plain LayerNorm gradient right above the reading point leaves nothing of x · g but rounding. */
function annihilated(at: ReadingPoint, composite: Composite, { normed }: Trace): string[] {
  const rule = composite.norm ?? "gradient";
  if (!normed?.has(at) || rule !== "gradient") return [];
  return [
    `the gradient of the LayerNorm right above annihilates relevance read at ${at}: these token numbers are ` +
      "rounding noise, except for a token that the head reads past it, and their order means nothing; " +
      `${at === "embeddings" ? "" : "read at embeddings, or "}use a method with the LayerNorm rule`,
  ];
}
