import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Energy } from "./family.ts";

/** ½ (W + Wᵀ) of a W [d, d]. */
export const symmetric = (w: Float32Array, d: number): Float32Array =>
  w.map((v, i) => (v + w[(i % d) * d + Math.floor(i / d)]) / 2);

/**
 * The energies of Yang et al. 2022 (arXiv 2205.13891), with z = W y of the tied projection: `interaction` is
 * Σ_{i<j} −exp(−½ ‖z_i − z_j‖²), `norm` ½ ‖Z‖², and `feedforward` ½ tr(Y W_f Yᵀ) + ½ ‖Y − B‖² of blocks that have one.
 * Attention with key biases is a step down the first (mean shift), the symmetric dense layer a step down the last.
 */
export function energy(w: Weights, width: number): Energy {
  const weights: Record<string, Tensor> = {};
  const want = (key: string, name: string, shape: readonly number[]) => {
    const found = w.find(name, shape);
    if (found) weights[key] = found;
  };
  want("query", "attention.query.weight", [w.shape("attention.query.weight")?.[0] ?? 0, width]);
  want("matrix", "feedforward.symmetric.weight", [width, width]);
  want("bias", "feedforward.symmetric.bias", [width]);
  return {
    weights,
    of(state, { query, matrix, bias }) {
      const z = query ? state.map((y) => times(query, y)) : state;
      let interaction = 0;
      for (let i = 0; i < z.length; i++) {
        for (let j = 0; j < i; j++) interaction -= Math.exp(-square(z[i].map((v, c) => v - z[j][c])) / 2);
      }
      const norm = z.reduce((sum, row) => sum + square(row) / 2, 0);
      const energies: Record<string, number> = { interaction, norm };
      if (!matrix) return energies;
      energies.feedforward = state.reduce((sum, y) => {
        const turned = times(matrix, y); // yᵀ W y does not mind which of W and Wᵀ
        const along = y.reduce((sum, v, c) => sum + v * turned[c], 0);
        return sum + along / 2 + square(bias ? y.map((v, c) => v - bias[c]) : y) / 2;
      }, 0);
      return energies;
    },
  };
}

const square = (x: Float64Array): number => x.reduce((sum, v) => sum + v * v, 0);

/** W x of a W [rows, x.length]. */
const times = (w: Float32Array, x: Float64Array): Float64Array =>
  Float64Array.from({ length: w.length / x.length }, (_, r) =>
    x.reduce((sum, v, c) => sum + v * w[r * x.length + c], 0),
  );
