// Who passes what to whom: relevance from token to token through a block's attention heads.

import type { PairRelevance } from "./explanation.ts";
import { inBlock, type RunNumbers, valuesAndGradient } from "./numbers.ts";

export function pairRelevance(numbers: RunNumbers, n: number, i: number): PairRelevance {
  const { g, rows, width } = valuesAndGradient(numbers, inBlock(i, "context"));
  const { x: values, width: kvWidth } = valuesAndGradient(numbers, inBlock(i, "values"));
  const { x: weights, width: t, heads } = valuesAndGradient(numbers, inBlock(i, "weights"));
  const scores = valuesAndGradient(numbers, inBlock(i, "scores"));
  const d = width / heads;
  const group = width / kvWidth; // of heads that share their values
  // A product's factors share relevance in halves by AttnLRP's rule; one that is constant leaves all to the other.
  const half = (op: "context" | "scores") =>
    scores.g && String([numbers.composite[op]].flat()[0]) === "uniform" ? 1 / 2 : 1;
  const [ofContext, ofScores] = [half("context"), half("scores")];

  const square = (at: (h: number, i: number, j: number) => number) =>
    Array.from({ length: heads }, (_, h) =>
      Array.from({ length: Math.min(rows, n) }, (_, i) => Array.from({ length: n }, (_, j) => at(h, i, j))),
    );
  const place = (h: number, i: number, j: number) => (h * rows + i) * t + j;
  const preMlpStream = square((h, i, j) => {
    const value = j * kvWidth + Math.floor(h / group) * d;
    let along = 0;
    for (let k = 0; k < d; k++) along += values[value + k] * g![i * width + h * d + k];
    return ofContext * weights[place(h, i, j)] * along;
  });
  if (!scores.g) return { values: preMlpStream };
  const { x, g: gradient } = scores;
  const keys = square((h, i, j) => ofScores * x[place(h, i, j)] * gradient![place(h, i, j)]);
  return {
    values: preMlpStream,
    keys,
    queries: keys.map((rows) => rows.map((row) => row.reduce((sum, r) => sum + r, 0))),
  };
}
