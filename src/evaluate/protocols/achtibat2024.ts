import { area, leastFirst, logit, mostFirst, perturbation, tenths } from "../perturbation.ts";
import type { Protocol } from "../protocol.ts";

/**
 * Achtibat et al., ICML 2024, by the author's recipe (LXT, issue 40): word vectors are set to zero, once the most relevant
 * first and once the least relevant first; the logit of the predicted class is read, and the area between the curves is the
 * score. The recipe says nothing of steps nor special tokens: here eleven fractions, of all tokens.
 */
export const achtibat2024: Protocol = {
  description: "Achtibat et al. 2024: most and least relevant first, zeroed word vectors, the predicted class' logit",
  target: "top",
  metrics: { areaBetween: "more", morf: "less", lerf: "more" },
  ...perturbation({
    fractions: tenths,
    by: () => -1,
    special: true,
    curves: {
      morf: { order: mostFirst, taken: "replaced", value: logit },
      lerf: { order: leastFirst, taken: "replaced", value: logit },
    },
    values({ morf, lerf }) {
      const areas = { morf: area(morf), lerf: area(lerf) };
      return { areaBetween: areas.lerf - areas.morf, ...areas };
    },
  }),
};
