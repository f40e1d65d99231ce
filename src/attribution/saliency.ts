import type { Method } from "./method.ts";
import { rowsOf } from "./vectors.ts";

/** ‖∂f/∂x‖ of each token's embedding x (Simonyan et al. 2013, arXiv 1312.6034; the norm as in Li et al. 2016). */
export const saliency: Method<"saliency"> = {
  signed: false,
  perturbs: true,
  options: {},
  async run(view) {
    const [g] = await view.gradients([await view.embeddings(view.ids)]);
    return { relevance: rowsOf(g, view.tokens.length).map((row) => Math.hypot(...row)) };
  },
};
