/** f(x) less f with the token left out (Li et al. 2016, arXiv 1612.08220): each in turn, special ones as well. */
import type { Method } from "./method.ts";
import { standIns } from "./options.ts";
export const occlusion: Method<"occlusion"> = {
  signed: true,
  perturbs: true,
  options: { by: "mask" },
  words: { by: standIns },
  async run(view, { by }) {
    const none = view.standIn(by);
    const without = view.tokens.map((_, j) => view.ids.map((id, k) => (k === j ? none : id)));
    return { relevance: (await view.f(without)).map((f) => view.logit - f) };
  },
};
