import { later } from "./later.ts";

/** Which pieces of the vocabulary stand where tokens are masked (Devlin et al., 2018); the first of them is explained. */
export const maskedLM = later(
  { name: "masked-lm", reads: "tokens", scores: "softmax", pieces: true, most: 10 },
  async () => (await import("./work/masked_lm.ts")).work,
);
