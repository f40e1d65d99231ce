/** The `n` rows of a matrix. */
export const rowsOf = (x: Float32Array, n: number): Float32Array[] =>
  Array.from({ length: n }, (_, t) => x.subarray((t * x.length) / n, ((t + 1) * x.length) / n));

/** Σ a · b of each of `n` rows. */
export function dots(a: ArrayLike<number>, b: ArrayLike<number>, n: number): number[] {
  const width = a.length / n;
  return Array.from({ length: n }, (_, t) => {
    let sum = 0;
    for (let i = t * width; i < (t + 1) * width; i++) sum += a[i] * b[i];
    return sum;
  });
}
