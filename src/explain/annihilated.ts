// Whether a reading says anything: a norm's plain gradient right above it leaves nothing of x · g but rounding.

import { history, type Tensor } from "../graph/tensor.ts";
import type { Network, ReadingPoint } from "../models/family.ts";

/** The warning, if all of the relevance that is read there passes a norm's gradient. */
export function annihilated(at: ReadingPoint, { logits, readings, selection }: Network): string[] {
  const readers = history([logits]).flatMap((y) => y.inputs.map((x) => [x, y] as const));
  if (!readings.get(at)!.every((x) => belowNorm(x, readers, selection))) return [];
  return [
    `the gradient of the LayerNorm right above annihilates relevance read at ${at}: the tokens' relevance is ` +
      "rounding noise, except for a token that the head reads past it, and their order means nothing; " +
      `${at === "embeddings" ? "" : "read at embeddings, or "}use a method with the LayerNorm rule`,
  ];
}

/**
 * Whether all that tokens say to others, or to the head, passes a norm of `x` itself: directly, or through a dense layer without
 * a bias. The rows that the head reads, by the weights `selection`, may go around it; no others do if only the norm mixes
 * rows.
 */
function belowNorm(x: Tensor, readers: readonly (readonly [Tensor, Tensor])[], selection?: Tensor): boolean {
  let normed = false;
  const bare = new Set([x]);
  const above = new Set([x]);
  for (const t of above) {
    for (const [read, y] of readers) {
      if (read !== t) continue;
      const { op, inputs } = y;
      const selects = op.selects || (selection !== undefined && inputs[0] === selection);
      if (bare.has(t) && op.rowwise === "norm") normed = true;
      else if (!selects) {
        if (!op.rowwise) return false;
        if (bare.has(t) && op.rowwise === "dense" && inputs.length === 2) bare.add(y); // without a bias nothing is added
        above.add(y);
      }
    }
  }
  return normed;
}
