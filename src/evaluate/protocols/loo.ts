import type { Protocol } from "../protocol.ts";
import { kendall } from "../ranks.ts";

/**
 * Agreement with leaving one out, after Jain and Wallace, NAACL 2019: Kendall's τ between the tokens' relevance and how
 * much the predicted class' logit falls when each alone gives way to [UNK]. Special tokens stay.
 */
export const loo: Protocol = {
  description: "Jain and Wallace 2019: Kendall's τ between relevance and what the logit loses without each token",
  target: "top",
  metrics: { tau: "more" },
  async score({ tokens, relevance, target, predicted, ids, predict }) {
    const own = tokens.map(({ id }) => id);
    const words = [...tokens.keys()].filter((j) => !tokens[j].special);
    const without = await predict(words.map((j) => own.map((id, k) => (k === j ? ids.unk : id))));
    const falls = without.map((classes) => predicted[target].logit - classes[target].logit);
    const tau = kendall(
      words.map((j) => relevance[j]),
      falls,
    );
    return { values: { tau } };
  },
};
