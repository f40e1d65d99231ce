// Parts that families share, each a function from tensors to tensors. What a checkpoint has decides: a bias is added
// if the file has one.

import { RelpropError } from "../errors.ts";
import { attend } from "../ops/attend.ts";
import { context, scores } from "../ops/attention.ts";
import { linear } from "../ops/linear.ts";
import { layerNorm } from "../ops/norm.ts";
import { softmax } from "../ops/softmax.ts";
import { cols, rows, type Tensor } from "../tensor.ts";
import type { Embedded } from "./family.ts";
import type { Weights } from "./weights.ts";

/** x · weightᵀ + bias, `out` wide. */
export const dense = (x: Tensor, w: Weights, out: number): Tensor =>
  linear(x, w.get("weight", [out, cols(x)]), w.find("bias", [out]));

export const norm = (x: Tensor, w: Weights, eps: number): Tensor =>
  layerNorm(x, w.get("weight", [cols(x)]), w.get("bias", [cols(x)]), eps);

/** The most bytes of attention weights that a layer keeps; beyond, propagation makes them again, block by block. */
const MOST_WEIGHTS = 2 ** 25;

/**
 * Multi-head attention of `x` [batch, n, d] to the first `lengths` [batch] tokens of each text in `to` [batch, t, d],
 * projected by `o`; scores are multiplied by `scale`. Its weights [batch, heads, n, t] are kept for propagation unless
 * `recompute`, by default where they are large.
 */
export function attention(
  x: Tensor,
  to: Tensor,
  { lengths, recompute, note }: Pick<Embedded, "lengths" | "recompute" | "note">,
  heads: number,
  projections: Record<"q" | "k" | "v" | "o", Weights>,
  scale = 1 / Math.sqrt(cols(x) / heads),
): Tensor {
  const d = cols(x);
  if (d % heads !== 0) {
    const message = `config.json's num_attention_heads is ${heads}, which does not divide the hidden size ${d}`;
    throw new RelpropError("ConfigMismatch", message, { field: "num_attention_heads" });
  }
  const q = dense(x, projections.q, d);
  const [k, v] = (["k", "v"] as const).map((name) => dense(to, projections[name], d));
  note?.({ queries: q, keys: k, values: v });
  const together = () => {
    const s = scores(q, k, heads, scale);
    const weights = softmax(s, lengths);
    note?.({ scores: s, weights });
    return context(weights, v);
  };
  const again = recompute ?? 4 * heads * rows(x) * to.shape[1] > MOST_WEIGHTS;
  const y = again ? attend(q, k, v, lengths, heads, scale) : together();
  note?.({ context: y });
  return dense(y, projections.o, d);
}
