// Singular values, and the two ranks that are made of them.

import type { AbortSignal } from "../options/globals.ts";
import { pauses } from "../pauses.ts";

/** Of a matrix [rows, cols], largest first, in float64. They are square roots: what is below 1e-8 of the largest is rounding. */
export async function singularValues(
  x: ArrayLike<number>,
  rows: number,
  cols: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const pause = pauses(signal);
  const n = Math.min(rows, cols);
  const along = rows <= cols ? cols : rows;
  const at = rows <= cols ? (i: number, k: number) => i * cols + k : (i: number, k: number) => k * cols + i;
  const lines = Array.from({ length: n }, (_, i) => Float64Array.from({ length: along }, (_, k) => x[at(i, k)]));
  const gram: Float64Array[] = [];
  for (const [i, a] of lines.entries()) {
    const row = Float64Array.from({ length: i + 1 }, (_, j) => {
      const b = lines[j];
      let sum = 0;
      for (let k = 0; k < along; k++) sum += a[k] * b[k];
      return sum;
    });
    gram.push(row);
    await pause();
  }
  return (await eigenvalues(gram, pause))
    .map((v) => Math.sqrt(Math.max(0, v)))
    .sort()
    .reverse();
}

export interface Ranks {
  /** ‖X‖_F. */
  norm: number;
  /** ‖X‖_F² / σ₁² (Rudelson and Vershynin, 2007). */
  stableRank: number;
  /** exp(−Σ p ln p), p = σ / Σ σ (Roy and Vetterli, 2007). */
  effectiveRank: number;
}

/** The ranks of a matrix with these singular values; of zeros both are 0. */
export function ranks(values: Float64Array): Ranks {
  const squares = values.reduce((sum, v) => sum + v * v, 0);
  const total = values.reduce((sum, v) => sum + v, 0);
  if (!squares) return { norm: 0, stableRank: 0, effectiveRank: 0 };
  const entropy = values.reduce((sum, v) => (v ? sum - (v / total) * Math.log(v / total) : sum), 0);
  return { norm: Math.sqrt(squares), stableRank: squares / values[0] ** 2, effectiveRank: Math.exp(entropy) };
}

/** Of a symmetric matrix, given by its rows up to the diagonal, which are used up (Golub and Van Loan, §8.3). */
async function eigenvalues(a: Float64Array[], pause: ReturnType<typeof pauses>): Promise<Float64Array> {
  const n = a.length;
  const d = new Float64Array(n);
  const e = new Float64Array(n); // e[i] lies between d[i − 1] and d[i]
  const p = new Float64Array(n);
  // Householder: row by row from the last, to a tridiagonal matrix.
  for (let i = n - 1; i > 0; i--) {
    const v = a[i].subarray(0, i);
    const scale = v.reduce((sum, x) => sum + Math.abs(x), 0);
    d[i] = a[i][i];
    e[i] = v[i - 1];
    if (i === 1 || scale === Math.abs(v[i - 1])) continue;
    let h = 0;
    for (let k = 0; k < i; k++) {
      v[k] /= scale;
      h += v[k] * v[k];
    }
    const g = v[i - 1] > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    e[i] = scale * g;
    h -= v[i - 1] * g;
    v[i - 1] -= g;
    let along = 0;
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const row = a[j];
      let sum = row[j] * v[j];
      for (let k = 0; k < j; k++) {
        sum += row[k] * v[k];
        p[k] += row[k] * v[j];
      }
      p[j] += sum;
    }
    for (let j = 0; j < i; j++) {
      p[j] /= h;
      along += p[j] * v[j];
    }
    for (let j = 0; j < i; j++) p[j] -= (along / (2 * h)) * v[j];
    for (let j = 0; j < i; j++) for (let k = 0; k <= j; k++) a[j][k] -= v[j] * p[k] + p[j] * v[k];
    await pause();
  }
  if (n) d[0] = a[0][0];
  return shifted(d, e);
}

const MOST_STEPS = 60;

/** Implicit QL steps (Golub and Van Loan, §8.3.5) until the off-diagonal is zero. */
function shifted(d: Float64Array, e: Float64Array): Float64Array {
  const n = d.length;
  e.copyWithin(0, 1);
  if (n) e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l || step === MOST_STEPS) break;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -1 : 1) * Math.hypot(g, 1));
      let [s, c, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= shift;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - shift;
        const t = (d[i] - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
      }
      if (i >= l) continue;
      d[l] -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
  return d;
}
