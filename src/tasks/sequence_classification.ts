import { RelpropError } from "../errors.ts";
import { scored } from "./scores.ts";
import { targetWeights } from "./target.ts";
import type { Task } from "./task.ts";

/** A text, or a pair, is of a class; in families with logits of each token (`readout` tokens), each token is. */
export const sequenceClassification: Task = {
  name: "sequence-classification",
  reads: "first",
  classes: true,
  texts: true,
  targetWeights,
  async selectTokens(model, encoded, { token }) {
    const { task, reads } = model.architecture;
    if (reads === "tokens") return (await import("./tokens.ts")).readAt(model, encoded, token);
    if (token === undefined) return [...encoded];
    throw new RelpropError("InvalidOption", `this model's task is ${task.name}, without logits of single tokens`);
  },
  async prediction(model, one, logits) {
    const { architecture } = model;
    if (architecture.reads !== "tokens") return { classes: scored(architecture, logits).classes };
    const { classesOf, surest } = await import("./tokens.ts");
    const tokens = classesOf(model, one, logits);
    return { classes: tokens[surest(tokens)].classes, tokens };
  },
};
