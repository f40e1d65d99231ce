import { perturbation } from "../perturbation.ts";
import type { Protocol } from "../protocol.ts";
import { activationAndPruning, ali2022 } from "./ali2022.ts";

/**
 * The same without its oddities: special tokens stay as they are, padding is masked, and what is explained and scored is
 * the class that the model predicts, so that explanations of its errors count as such.
 */
export const ali2022Fixed: Protocol = {
  description: "Ali et al. 2022 with special tokens left in place, of the class that the model predicts",
  target: "top",
  metrics: ali2022.metrics,
  ...perturbation({ ...activationAndPruning, special: false }),
};
