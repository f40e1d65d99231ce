import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** Whether the second of two texts follows the first (Devlin et al., 2018). */
export const nextSentence: Task = {
  ...sequenceClassification,
  labels: ["is next", "is not next"],
  scores: "softmax",
};
