import { targetWeights } from "./target.ts";
import type { Task } from "./task.ts";

/** Which pieces of the vocabulary stand where tokens are masked (Devlin et al., 2018); the first of them is explained. */
export const maskedLM: Task = {
  name: "masked-lm",
  reads: "tokens",
  scores: "softmax",
  pieces: true,
  most: 10,
  complete: async (tokenizerJson, labels) => (await import("./pieces.ts")).complete(tokenizerJson, labels),
  async targetWeights(labels, asked) {
    const { names: named } = await import("./pieces.ts");
    return targetWeights(labels, named(labels, asked));
  },
  async selectTokens(model, encoded, { token }) {
    const { masked, masks, readAt } = await import("./tokens.ts");
    if (token !== undefined) return readAt(model, encoded, token);
    return encoded.map((one) => ({ ...masked(model, one), reads: masks(model, one).slice(0, 1) }));
  },
  async predicted(model, one) {
    const { masked, masks } = await import("./tokens.ts");
    return { ...masked(model, one), reads: masks(model, one) };
  },
  async prediction(model, one, logits) {
    const { classesOf } = await import("./tokens.ts");
    const tokens = classesOf(model, one, logits, one.reads);
    return { classes: tokens[0].classes, tokens };
  },
};
