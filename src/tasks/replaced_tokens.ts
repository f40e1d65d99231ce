import type { Task } from "./task.ts";
import { tokenClassification } from "./token_classification.ts";

/** Which tokens were replaced (Clark et al., 2020). */
export const replacedTokens: Task = { ...tokenClassification, labels: ["replaced"], scores: "sigmoid" };
