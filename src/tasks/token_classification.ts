import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** Each token is of a class. By default the token most confidently of a class other than "O" is explained. */
export const tokenClassification: Task = {
  ...sequenceClassification,
  name: "token-classification",
  reads: "tokens",
  scores: "softmax",
  texts: false,
  async selectTokens(model, encoded, asked) {
    if (model.architecture.reads !== "tokens" || asked.token !== undefined)
      return sequenceClassification.selectTokens(model, encoded, asked);
    const { classesOf, surest } = await import("./tokens.ts");
    const logits = await model.predict(encoded, asked.signal);
    return encoded.map((one, i) => ({ ...one, reads: [surest(classesOf(model, one, logits[i]))] }));
  },
};
