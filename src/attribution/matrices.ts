// Square matrices [n, n], row by row.

/** The mean of some, entry by entry, of `f` of each. */
export function mean(matrices: readonly Float64Array[], f: (value: number, m: number, i: number) => number = (v) => v) {
  return Float64Array.from(
    matrices[0],
    (_, i) => matrices.reduce((sum, x, m) => sum + f(x[i], m, i), 0) / matrices.length,
  );
}

export const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0));

export const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]);

export function times(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) out[i * n + j] += a[i * n + k] * b[k * n + j];
  return out;
}

/** Each row over its sum. */
export function normalised(a: Float64Array, n: number): Float64Array {
  const sums = Array.from({ length: n }, (_, i) => a.subarray(i * n, (i + 1) * n).reduce((x, y) => x + y, 0));
  return a.map((value, at) => value / (sums[Math.floor(at / n)] || 1));
}

export const columnSums = (a: Float64Array, n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += a[i * n + j];
    return sum;
  });
