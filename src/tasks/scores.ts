// From logits to classes with their probabilities.

import { partition } from "../logits.ts";
import type { ClassScore } from "./prediction.ts";
import type { Outputs } from "./task.ts";

/** Class scores from the logits of one or more rows; indices continue from row to row. */
export interface Scored {
  of(index: number): ClassScore;
  /** All classes, or the top ones of very many. */
  classes: ClassScore[];
}

export function scored(
  { labels, scores, task: { most } }: Pick<Outputs, "labels" | "scores" | "task">,
  logits: Float32Array,
): Scored {
  const n = labels.length;
  const rows = new Map<number, ReturnType<typeof partition>>();
  const softmax = (index: number) => {
    const row = Math.floor(index / n);
    const { peak, total } = rows.get(row) ?? partition(rowOf(logits, row, n));
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
  const result = most ? all.sort((a, b) => logits[b] - logits[a]).slice(0, most) : all;
  return { of, classes: result.map(of) };
}

export const rowOf = (logits: Float32Array, row: number, width: number): Float32Array =>
  logits.subarray(row * width, (row + 1) * width);
