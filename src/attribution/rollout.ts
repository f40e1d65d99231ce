import { columnSums, identity, mean, normalised, plus, times } from "./matrices.ts";
import type { Method } from "./method.ts";

/** Each block's attention, mean of its heads, with the residual stream added: Ã = A + I with each row divided by its sum. */
export const augmented = (attention: Float64Array, n: number): Float64Array =>
  normalised(plus(attention, identity(n)), n);

/** Ã_L ⋯ Ã_2 Ã_1 (Abnar and Zuidema 2020, arXiv 2005.00928), column sums over all tokens, as in Ali et al. (ICML 2022). */
export const rollout: Method<"rollout"> = {
  signed: false,
  options: {},
  async run(view) {
    const { n, weights } = await view.attention();
    const all = weights.map((heads) => augmented(mean(heads), n));
    return {
      relevance: columnSums(
        all.reduce((below, block) => times(block, below, n)),
        n,
      ),
    };
  },
};
