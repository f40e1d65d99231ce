import { mean } from "../bootstrap.ts";
import { type Curve, mostFirst, perturbation, probability } from "../perturbation.ts";
import type { Protocol } from "../protocol.ts";

const fall: Curve["value"] = (classes, trial) => probability(trial.predicted, trial) - probability(classes, trial);

/**
 * Comprehensiveness and sufficiency, DeYoung et al., ACL 2020: how far the predicted class' probability falls without the
 * most relevant tokens, and with nothing but them, averaged over 1, 5, 10, 20 and 50 %. Tokens are taken out by [MASK],
 * or [UNK] where there is none, not deleted: the others keep their positions. Special tokens stay.
 */
export const aopc: Protocol = {
  description:
    "DeYoung et al. 2020: comprehensiveness and sufficiency over 1, 5, 10, 20 and 50 % of the tokens, by [MASK]",
  target: "top",
  metrics: { comprehensiveness: "more", sufficiency: "less" },
  ...perturbation({
    fractions: [0.01, 0.05, 0.1, 0.2, 0.5],
    by: ({ mask, unk }) => mask ?? unk,
    special: false,
    curves: {
      comprehensiveness: { order: mostFirst, taken: "replaced", value: fall },
      sufficiency: { order: mostFirst, taken: "shown", value: fall },
    },
    values: ({ comprehensiveness, sufficiency }) => ({
      comprehensiveness: mean(comprehensiveness),
      sufficiency: mean(sufficiency),
    }),
  }),
};
