import type { Model } from "../runtime/model.ts";
import { fingerprint } from "./journal.ts";

/** Tells a model by its name, its tensors and what it says of a text. */
export async function identity(model: Model): Promise<string> {
  const { name, labels, tensors } = model;
  const { classes } = await model.predict("It is what it is.");
  return `${name} ${fingerprint([labels, tensors, classes.map(({ logit }) => logit.toFixed(3))])}`;
}
