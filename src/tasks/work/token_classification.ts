import type { Facts } from "../later.ts";
import { sequenceClassification } from "../sequence_classification.ts";
import type { Task } from "../task.ts";

export const work: Omit<Task, keyof Facts> = {
  ...sequenceClassification,
  async placed(model, encoded, asked) {
    if (model.architecture.reads !== "tokens" || asked.token !== undefined)
      return sequenceClassification.placed(model, encoded, asked);
    const { classesOf, surest } = await import("../tokens.ts");
    const logits = await model.predict(encoded, asked.signal);
    return encoded.map((one, i) => ({ ...one, reads: [surest(classesOf(model, one, logits[i]))] }));
  },
};
