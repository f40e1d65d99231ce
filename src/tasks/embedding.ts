import { RelpropError } from "../errors.ts";
import { sequenceClassification } from "./sequence_classification.ts";
import { targetWeights } from "./target.ts";
import type { Task } from "./task.ts";

/** A text, or an image, becomes a vector, which compares with that of another. */
export const embedding: Task = {
  name: "embedding",
  reads: "mean",
  scores: "none",
  embeds: true,
  targetWeights(labels, asked) {
    if (asked.target !== undefined || typeof asked.objective === "object") return targetWeights(labels, asked);
    const hint =
      "say which other text it is compared with, objective: { cosine: text }, or name one of its numbers as target";
    throw new RelpropError("InvalidOption", `this model makes numbers of a text that mean nothing alone; ${hint}`);
  },
  selectTokens: sequenceClassification.selectTokens,
  prediction: async (_model, _one, logits) => ({ classes: [], embedding: Array.from(logits) }),
};
