import { sequenceClassification } from "./sequence_classification.ts";
import type { Task } from "./task.ts";

/** Rows of numbers are of a class. */
export const tabularClassification: Task = {
  ...sequenceClassification,
  name: "tabular-classification",
  texts: false,
};

/** Rows of numbers are answered with numbers. */
export const tabularRegression: Task = { ...tabularClassification, name: "tabular-regression", classes: false };
