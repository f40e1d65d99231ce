import type { Facts } from "../later.ts";
import { requests } from "../target.ts";
import type { Task } from "../task.ts";

export const work: Omit<Task, keyof Facts> = {
  complete: async (tokenizerJson, labels) => (await import("../pieces.ts")).complete(tokenizerJson, labels),
  requests: (labels, asked) => requests(labels, named(labels, asked)),
  async placed(model, encoded, { token }) {
    const { masked, masks, readAt } = await import("../tokens.ts");
    if (token !== undefined) return readAt(model, encoded, token);
    return encoded.map((one) => ({ ...masked(model, one), reads: masks(model, one).slice(0, 1) }));
  },
  async predicted(model, one) {
    const { masked, masks } = await import("../tokens.ts");
    return { ...masked(model, one), reads: masks(model, one) };
  },
  async prediction(model, one, logits) {
    const { classesOf } = await import("../tokens.ts");
    const tokens = classesOf(model, one, logits, one.reads);
    return { classes: tokens[0].classes, tokens };
  },
};

/** The same, words in place of the pieces of a vocabulary that stand for them: "sea" for "Ġsea" or "▁sea". */
function named<T extends { target?: unknown; contrast?: unknown }>(labels: readonly string[], asked: T): T {
  const piece = (word: unknown) => {
    const bare = String(word).replace(/^ /, "");
    if (typeof word !== "string" || labels.includes(word)) return word;
    return ["Ġ", "▁", ""].map((mark) => mark + bare).find((one) => labels.includes(one)) ?? word;
  };
  const all = (words: unknown) => (Array.isArray(words) ? words.map(piece) : piece(words));
  return { ...asked, target: all(asked.target), contrast: all(asked.contrast) };
}
