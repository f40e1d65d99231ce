import { later } from "./later.ts";

/** A text, or an image, becomes a vector, which compares with that of another. */
export const embedding = later(
  { name: "embedding", reads: "mean", scores: "none", embeds: true },
  async () => (await import("./work/embedding.ts")).work,
);
