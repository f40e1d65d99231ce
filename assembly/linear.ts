// Dense layers, with weights as checkpoints store them: w is [out, in].

import { product_nn, product_nt } from "./matmul";
import { first, from, last, load4, store4 } from "./memory";

// Threads share the columns: each then reads and packs only its own part of the weights.

/** x · wᵀ */
export function linear(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  linear_bias(out, x, w, 0, rows, cols, depth);
}

/** x · wᵀ + bias */
export function linear_bias(out: usize, x: usize, w: usize, bias: usize, rows: u32, cols: u32, depth: u32): void {
  const c = first(cols, 8), n = last(cols, 8) - c;
  const start = bias ? from(bias, c) : 0;
  product_nt(from(out, c), cols, x, depth, from(w, c * depth), depth, start, 0, rows, n, depth, 1);
}

/** x · wᵀ + bias + r, where r is as large as the output. */
export function linear_bias_add(
  out: usize, x: usize, w: usize, bias: usize, r: usize, rows: u32, cols: u32, depth: u32,
): void {
  linear_bias(out, x, w, bias, rows, cols, depth);
  for (let c = first(cols, 8), end = last(cols, 8), row: u32 = 0; row < rows; row++) {
    const o = from(out, row * cols), other = from(r, row * cols);
    for (let i = c; i < end; i += 4) store4(o, i, end, f32x4.add(load4(o, i, end), load4(other, i, end)));
  }
}

/** x · w, where x is the gradient of a dense layer's output. */
export function linear_grad(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  linear_grad_add(out, x, w, 0, rows, cols, depth);
}

/** x · w + sum, where sum is as large as the output. */
export function linear_grad_add(
  out: usize, x: usize, w: usize, sum: usize, rows: u32, cols: u32, depth: u32,
): void {
  const c = first(cols, 8), n = last(cols, 8) - c;
  const start = sum ? from(sum, c) : 0;
  product_nn(from(out, c), cols, x, depth, 1, from(w, c), cols, start, cols, rows, n, depth, 1);
}
