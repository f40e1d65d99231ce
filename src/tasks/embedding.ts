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
    const hint = "set objective: { cosine: text }, or a dimension as `target`";
    throw new RelpropError("InvalidOption", `this model computes embeddings, which have no default target; ${hint}`);
  },
  selectTokens: sequenceClassification.selectTokens,
  prediction: async (_model, _one, logits) => ({ classes: [], embedding: Array.from(logits) }),
};
