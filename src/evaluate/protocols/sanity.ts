import { mean } from "../bootstrap.ts";
import type { Protocol } from "../protocol.ts";
import { spearman } from "../ranks.ts";

/**
 * Parameter randomisation in a cascade, Adebayo et al., NeurIPS 2018: from the top down, block after block gets random
 * weights. An explanation that stays the same does not explain the model. Spearman's ρ between the relevance before and
 * after, without signs and with them, averaged over the depths; below zero it is as much alike as above.
 */
export const sanity: Protocol = {
  description:
    "Adebayo et al. 2018: rank correlation with the relevance of the model randomised block by block from the top",
  target: "top",
  metrics: { spearmanAbs: "zero", spearman: "zero" },
  axis: { name: "blocks randomised, from the top", at: [] },
  randomized: true,
  async score({ text, relevance, explain, randomized }) {
    const signed: number[] = [];
    const sizes: number[] = [];
    for (const model of randomized) {
      const after = (await explain(text, model)).tokens.map(({ relevance }) => relevance);
      signed.push(spearman(relevance, after));
      sizes.push(spearman(relevance.map(Math.abs), after.map(Math.abs)));
    }
    const curves = { signed: [1, ...signed], sizes: [1, ...sizes] };
    return { values: { spearmanAbs: mean(sizes), spearman: mean(signed) }, curves };
  },
};
