// Queries, keys and values of one dense layer. Its rows are head after head: the query's, the key's and the value's of each.

import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { linear } from "../ops/linear.ts";
import { mismatch } from "./numbers.ts";

/** Of the dense layer at `layer`, what `heads` of a model of that width ask, are asked for and hand on. */
export function fused(layer: Weights, width: number, heads: number): Record<"q" | "k" | "v", (x: Tensor) => Tensor> {
  if (width % heads) throw mismatch("hidden_size", width, "num_attention_heads", heads);
  const d = width / heads;
  const part = (name: string, which: number) => (x: Tensor) => {
    layer.demand("weight", [3 * width, width]);
    const rows = (columns: number) => (stored: Float32Array) => {
      const out = new Float32Array(width * columns);
      for (let h = 0; h < heads; h++) {
        const from = (3 * h + which) * d * columns;
        out.set(stored.subarray(from, from + d * columns), h * d * columns);
      }
      return out;
    };
    const own = layer.derive(name, [width, width], ["weight"], rows(width));
    if (!layer.shape("bias")) return linear(x, own);
    layer.demand("bias", [3 * width]);
    return linear(x, own, layer.derive(name, [width], ["bias"], rows(1)));
  };
  return { q: part("query", 0), k: part("key", 1), v: part("value", 2) };
}
