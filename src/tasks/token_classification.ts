import { later } from "./later.ts";

/** Each token is of a class. The one that is explained, unless told, is most surely of a class other than "O". */
export const tokenClassification = later(
  { name: "token-classification", reads: "tokens", scores: "softmax", classes: true },
  async () => (await import("./work/token_classification.ts")).work,
);
