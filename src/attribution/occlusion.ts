/** f(x) less f with the token left out (Li et al. 2016, arXiv 1612.08220): each in turn, special ones as well. */
import type { Method } from "./method.ts";
import { baselines } from "./options.ts";
export const occlusion: Method<"occlusion"> = {
  signed: true,
  perturbs: true,
  options: { baseline: "mask" },
  choices: { baseline: baselines },
  async run(view, { baseline }) {
    const none = view.baselineId(baseline);
    const without = view.tokens.map((_, j) => view.ids.map((id, k) => (k === j ? none : id)));
    return { relevance: (await view.f(without)).map((f) => view.logit - f) };
  },
};
