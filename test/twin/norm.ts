// LayerNorm over rows: y = γ x̂ + β, x̂ = (x − μ)/σ, σ² = var + ε, var with divisor n. A rule is its local Jacobian,
// written out: identity (Ali et al. 2022, the LN rule; AttnLRP Prop. 3.4) holds σ constant and keeps the mean.

import type { Numbers } from "./numbers.ts";

export type NormRule = "gradient" | "identity";

export interface Moments {
  mean: number;
  variance: number;
  /** √(variance + ε) */
  sigma: number;
}

export function moments(x: Numbers, row: number, n: number, epsilon: number): Moments {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += x[row * n + i] / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (x[row * n + i] - mean) ** 2 / n;
  return { mean, variance, sigma: Math.sqrt(variance + epsilon) };
}

/** γ of none is 1, β of none is 0. */
export function layerNorm(
  x: Numbers,
  gamma: Numbers | null,
  beta: Numbers | null,
  epsilon: number,
  rows: number,
  n: number,
): Float64Array {
  const y = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    const { mean, sigma } = moments(x, r, n, epsilon);
    for (let i = 0; i < n; i++) y[r * n + i] = (gamma?.[i] ?? 1) * ((x[r * n + i] - mean) / sigma) + (beta?.[i] ?? 0);
  }
  return y;
}

/** g_x[i] = Σⱼ g[j] ∂yⱼ/∂xᵢ: γⱼ (δᵢⱼ − 1/n)/σ under identity, γⱼ (δᵢⱼ − 1/n − x̂ᵢ x̂ⱼ/n)/σ under gradient. */
export function layerNormGrad(
  rule: NormRule,
  x: Numbers,
  gamma: Numbers | null,
  epsilon: number,
  g: Numbers,
  rows: number,
  n: number,
): Float64Array {
  const gx = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    const { mean, sigma } = moments(x, r, n, epsilon);
    const hat = (i: number) => (x[r * n + i] - mean) / sigma;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const delta = i === j ? 1 : 0;
        const turn = rule === "gradient" ? (hat(i) * hat(j)) / n : 0;
        gx[r * n + i] += (g[r * n + j] * (gamma?.[j] ?? 1) * (delta - 1 / n - turn)) / sigma;
      }
    }
  }
  return gx;
}

/** What each row keeps: ⟨β, g⟩, and under gradient also [var/(var + ε)] Σᵢ γᵢ gᵢ x̂ᵢ. */
export function layerNormKept(
  rule: NormRule,
  x: Numbers,
  gamma: Numbers | null,
  beta: Numbers | null,
  epsilon: number,
  g: Numbers,
  rows: number,
  n: number,
): Float64Array {
  const kept = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const { mean, variance, sigma } = moments(x, r, n, epsilon);
    for (let i = 0; i < n; i++) {
      const gi = g[r * n + i];
      kept[r] += (beta?.[i] ?? 0) * gi;
      if (rule === "identity") continue;
      kept[r] += (variance / (variance + epsilon)) * (gamma?.[i] ?? 1) * gi * ((x[r * n + i] - mean) / sigma);
    }
  }
  return kept;
}
