// How alike two orders of the same things are.

/**
 * Kendall's τ-b (1945): concordant less discordant pairs, corrected for ties. NaN where one of the lists does not order
 * anything.
 */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let [agree, inA, inB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [x, y] = [Math.sign(a[i] - a[j]), Math.sign(b[i] - b[j])];
      agree += x * y;
      inA += x * x;
      inB += y * y;
    }
  }
  return agree / Math.sqrt(inA * inB);
}

/** Spearman's ρ (1904): Pearson's correlation of the ranks, ties sharing theirs. */
export const spearman = (a: readonly number[], b: readonly number[]): number =>
  cosine(centredRanks(a), centredRanks(b));

export function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const centredRanks = (values: readonly number[]): number[] =>
  values.map((v) => values.reduce((rank, w) => rank + Math.sign(v - w), 0) / 2);
