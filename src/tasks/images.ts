import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** A task of images: explained by Achtibat et al.'s rules for them, read at what is in them rather than at where it is. */
export const ofImages = (task: Task): Task => ({ ...task, defaults: { method: "attn-lrp-gamma", at: "pixels" } });

/** An image is of a class. */
export const imageClassification: Task = {
  ...sequenceClassification,
  name: "image-classification",
  texts: false,
};
