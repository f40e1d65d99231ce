// The slope of what was measured over calls, with a bound that neighbouring samples cannot make too small.

export interface Sample {
  calls: number;
  value: number;
}

export interface Slope {
  /** Least squares over the blocks' means, in the value's unit a call. */
  slope: number;
  /** The ends of its two-sided 95 % interval. */
  low: number;
  high: number;
  blocks: number;
}

/** The first part of a run, which fills caches and compiles. */
const WARM_UP = 0.1;
/** Neighbouring samples are alike, means of long blocks hardly: each block is one observation. */
const BLOCKS = 20;

/**
 * Least squares after the first tenth of the calls. Samples are averaged in 20 blocks of equal length, and the interval is
 * Student's with 18 degrees of freedom on those means.
 */
export function slope(samples: readonly Sample[]): Slope {
  const last = samples.at(-1)?.calls ?? 0;
  const warm = samples.filter(({ calls }) => calls >= WARM_UP * last);
  const blocks = Math.min(BLOCKS, warm.length);
  if (blocks < 3) return { slope: NaN, low: -Infinity, high: Infinity, blocks };
  const means = Array.from({ length: blocks }, (_, i) => {
    const from = Math.floor((i * warm.length) / blocks);
    const block = warm.slice(from, Math.floor(((i + 1) * warm.length) / blocks));
    return { x: mean(block.map(({ calls }) => calls)), y: mean(block.map(({ value }) => value)) };
  });
  const x = mean(means.map((one) => one.x));
  const y = mean(means.map((one) => one.y));
  const spread = means.reduce((sum, one) => sum + (one.x - x) ** 2, 0);
  const slope = means.reduce((sum, one) => sum + (one.x - x) * (one.y - y), 0) / spread;
  const left = means.reduce((sum, one) => sum + (one.y - y - slope * (one.x - x)) ** 2, 0);
  const half = student(blocks - 2) * Math.sqrt(left / (blocks - 2) / spread);
  return { slope, low: slope - half, high: slope + half, blocks };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** The 97.5 % quantile of Student's distribution, by 1 to 18 degrees of freedom. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101,
];
const student = (freedom: number) => quantiles[freedom - 1];
