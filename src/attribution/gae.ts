import { identity, mean, plus, times } from "./matrices.ts";
import type { Method } from "./method.ts";

/** (∇A ⊙ A)⁺, mean of the heads. */
export const positive = (weights: readonly Float64Array[], gradients: readonly Float64Array[]): Float64Array =>
  mean(weights, (p, h, i) => Math.max(0, p * gradients[h][i]));

/**
 * Generic attention explainability (Chefer et al. 2021, arXiv 2103.15679, Eq. 5 and 6): R ← R + Ā R from R = I, with
 * Ā = mean of heads of (∇A ⊙ A)⁺; the row of [CLS], with its own entry set to 0.
 */
export const gae: Method<"gae"> = {
  signed: false,
  options: {},
  async run(view) {
    const { n, weights, gradients } = await view.attention();
    let r = identity(n);
    for (const [i, heads] of weights.entries()) r = plus(r, times(positive(heads, gradients[i]), r, n));
    const relevance = r.slice(0, n);
    relevance[0] = 0;
    return { relevance };
  },
};
