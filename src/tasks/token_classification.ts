import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** Each token is of a class. The one that is explained, unless told, is most surely of a class other than "O". */
export const tokenClassification: Task = {
  ...sequenceClassification,
  name: "token-classification",
  reads: "tokens",
  scores: "softmax",
  texts: false,
  async placed(model, encoded, asked) {
    if (model.architecture.reads !== "tokens" || asked.token !== undefined)
      return sequenceClassification.placed(model, encoded, asked);
    const { classesOf, surest } = await import("./tokens.ts");
    const logits = await model.predict(encoded, asked.signal);
    return encoded.map((one, i) => ({ ...one, reads: [surest(classesOf(model, one, logits[i]))] }));
  },
};
