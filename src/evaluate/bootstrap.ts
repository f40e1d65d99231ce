// Means with the 95 % interval of a percentile bootstrap (Efron, 1979). The same seed draws the same examples for every
// list of the same length, so methods are compared on the same resamples.

import { uniform } from "../random.ts";

/** A mean with its 95 % interval by a percentile bootstrap (Efron 1979) of 2,000 resamples. */
export interface Interval {
  /** The mean over the examples. */
  mean: number;
  /** The 2.5 % quantile of the resamples' means. */
  low: number;
  /** The 97.5 % quantile. */
  high: number;
}

const RESAMPLES = 2000;

/** The mean of what is known (finite), and between which means 95 % of the resamples lie. */
export function interval(values: readonly number[], seed: number, resamples = RESAMPLES): Interval {
  const known = values.filter((value) => Number.isFinite(value));
  const draw = uniform(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < known.length; i++) sum += known[Math.floor(draw() * known.length)];
    return sum / known.length;
  }).sort();
  return { mean: mean(known), low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Of sorted values, between two neighbours by distance. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (at - below) * (above - sorted[below]);
}
