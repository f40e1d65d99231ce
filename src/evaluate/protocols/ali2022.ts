import {
  area,
  mostFirst,
  type Perturbation,
  perturbation,
  probability,
  smallestFirst,
  squaredDistance,
  tenths,
} from "../perturbation.ts";
import type { Protocol } from "../protocol.ts";

export const activationAndPruning = {
  fractions: tenths,
  by: ({ unk }) => unk,
  curves: {
    activation: { order: mostFirst, taken: "shown", value: probability },
    pruning: { order: smallestFirst, taken: "replaced", value: probability },
    distance: { order: smallestFirst, taken: "replaced", value: squaredDistance },
  },
  values: ({ activation, pruning, distance }) => ({
    auac: area(activation),
    auMse: area(distance),
    aupc: area(pruning),
  }),
} satisfies Omit<Perturbation, "special">;

/**
 * Ali et al., ICML 2022, as their code has it (utils.flip): special tokens are perturbed like any other, the true label is
 * explained and scored however the model decides, n = ⌈fraction · tokens⌉ for eleven fractions. Activation starts from
 * [UNK]s and shows the tokens of most signed relevance first; pruning replaces those of least |relevance| first.
 */
export const ali2022: Protocol = {
  description: "Ali et al. 2022: activation and pruning by [UNK], the true label's probability, as their code has it",
  target: "label",
  metrics: { auac: "more", auMse: "less", aupc: "more" },
  ...perturbation({ ...activationAndPruning, special: true }),
};
