import { normal } from "../random.ts";
import type { Method } from "./method.ts";

/** Normal numbers: what every method must beat. Each text of a seed has its own. */
export const random: Method<"random"> = {
  signed: true,
  options: { seed: 0 },
  async run(view, { seed }) {
    const draw = normal(view.ids.reduce((hash, id) => Math.imul(hash ^ id, 0x01000193), seed ^ 0x811c9dc5));
    return { relevance: view.tokens.map(draw) };
  },
};
