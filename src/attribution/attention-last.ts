import { columnSums, mean } from "./matrices.ts";
import type { Method } from "./method.ts";

/** The last block's attention to a token, from all tokens, mean of its heads: what Ali et al. (ICML 2022) call A-Last. */
export const attentionLast: Method<"attention-last"> = {
  signed: false,
  options: {},
  async run(view) {
    const { n, weights } = await view.attention();
    return { relevance: columnSums(mean(weights[weights.length - 1]), n) };
  },
};
