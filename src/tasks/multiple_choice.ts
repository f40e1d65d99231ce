import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** How well a text, or a pair, answers: one number, which only compares with that of another choice. */
export const multipleChoice: Task = { ...sequenceClassification, labels: ["choice"], scores: "none" };
