import { positive } from "./gae.ts";
import { columnSums, times } from "./matrices.ts";
import type { Method } from "./method.ts";
import { augmented } from "./rollout.ts";

/**
 * What the code of Ali et al. (ICML 2022) runs under the name GAE: a rollout of (∇A ⊙ A)⁺ in place of A, [0, 0] of the
 * product set to 0, column sums over all tokens.
 */
export const gradRollout: Method<"grad-rollout"> = {
  signed: false,
  options: {},
  async run(view) {
    const { n, weights, gradients } = await view.attention();
    const all = weights.map((heads, i) => augmented(positive(heads, gradients[i]), n));
    const product = all.reduce((below, block) => times(block, below, n));
    product[0] = 0;
    return { relevance: columnSums(product, n) };
  },
};
