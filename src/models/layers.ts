// Parts that families share, each a function from tensors to tensors. What a checkpoint has decides: a bias is added
// if the file has one.

import { context, scores } from "../ops/attention.ts";
import { linear } from "../ops/linear.ts";
import { layerNorm } from "../ops/norm.ts";
import { softmax } from "../ops/softmax.ts";
import { cols, type Tensor } from "../tensor.ts";
import type { Weights } from "./weights.ts";

/** x · weightᵀ + bias, `out` wide. */
export const dense = (x: Tensor, w: Weights, out: number): Tensor =>
  linear(x, w.get("weight", [out, cols(x)]), w.find("bias", [out]));

export const norm = (x: Tensor, w: Weights, eps: number): Tensor =>
  layerNorm(x, w.get("weight", [cols(x)]), w.get("bias", [cols(x)]), eps);

/**
 * Multi-head attention of `x` [batch, n, d] to the first `lengths` [batch] tokens of each text in `to` [batch, t, d], projected
 * by `o`.
 */
export function attention(
  x: Tensor,
  to: Tensor,
  lengths: Tensor,
  heads: number,
  { q, k, v, o }: Record<"q" | "k" | "v" | "o", Weights>,
): Tensor {
  const d = cols(x);
  const scale = 1 / Math.sqrt(d / heads);
  const p = softmax(scores(dense(x, q, d), dense(to, k, d), heads, scale), lengths);
  return dense(context(p, dense(to, v, d)), o, d);
}
