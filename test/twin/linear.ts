// y[r,j] = Σᵢ x[r,i] W[j,i] + b[j], what its two rules send back, and what they keep (ledger.md, "Ops").

import type { Numbers } from "./numbers.ts";

export type LinearRule = "gradient" | ["epsilon", number];

/** x: rows × inputs, weight: outputs × inputs, bias: outputs or none. */
export function linear(
  x: Numbers,
  weight: Numbers,
  bias: Numbers | null,
  rows: number,
  inputs: number,
  outputs: number,
): Float64Array {
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < outputs; j++) {
      let sum = bias ? bias[j] : 0;
      for (let i = 0; i < inputs; i++) sum += x[r * inputs + i] * weight[j * inputs + i];
      y[r * outputs + j] = sum;
    }
  }
  return y;
}

/** g_x[r,i] = Σⱼ g[r,j] W[j,i] */
export function linearGrad(g: Numbers, weight: Numbers, rows: number, inputs: number, outputs: number): Float64Array {
  const gx = new Float64Array(rows * inputs);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < outputs; j++) {
      for (let i = 0; i < inputs; i++) gx[r * inputs + i] += g[r * outputs + j] * weight[j * inputs + i];
    }
  }
  return gx;
}

/** Bach et al. 2015, Eq. 58: Rᵢ = Σⱼ xᵢ wᵢⱼ / (zⱼ + ε sgn zⱼ) Rⱼ. With R = z g: g′ = g z / (z + ε sgn z), then linearGrad. */
export function linearEpsilon(g: Numbers, y: Numbers, epsilon: number): Float64Array {
  return Float64Array.from(g, (gj, j) => (gj * y[j]) / (y[j] + epsilon * sign(y[j])));
}

/** What a row's biases keep: Σⱼ b[j] g[r,j]; under the ε rule of its g′. */
export function linearKept(g: Numbers, bias: Numbers, rows: number, outputs: number): Float64Array {
  const kept = new Float64Array(rows);
  for (let r = 0; r < rows; r++) for (let j = 0; j < outputs; j++) kept[r] += bias[j] * g[r * outputs + j];
  return kept;
}

/** What ε keeps of a row: Σⱼ ε sgn(y) g′. */
export function epsilonKept(gPrime: Numbers, y: Numbers, epsilon: number, rows: number, outputs: number): Float64Array {
  const kept = new Float64Array(rows);
  for (let i = 0; i < rows * outputs; i++) kept[Math.floor(i / outputs)] += epsilon * sign(y[i]) * gPrime[i];
  return kept;
}

/** sgn 0 = 1 */
export function sign(value: number): number {
  return value < 0 ? -1 : 1;
}
