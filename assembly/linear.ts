// Dense layers, with weights as checkpoints store them: w is [out, in].

import { add } from "./elementwise";
import { product_nn, product_nt } from "./matmul";

/** x · wᵀ */
export function linear(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  product_nt(out, cols, x, depth, w, depth, 0, rows, cols, depth, 1);
}

/** x · wᵀ + bias */
export function linear_bias(out: usize, x: usize, w: usize, bias: usize, rows: u32, cols: u32, depth: u32): void {
  product_nt(out, cols, x, depth, w, depth, bias, rows, cols, depth, 1);
}

/** x · wᵀ + bias + r, where r is as large as the output. */
export function linear_bias_add(
  out: usize, x: usize, w: usize, bias: usize, r: usize, rows: u32, cols: u32, depth: u32,
): void {
  linear_bias(out, x, w, bias, rows, cols, depth);
  add(out, out, r, rows * cols, rows * cols);
}

/** x · w, where x is the gradient of a dense layer's output. */
export function linear_grad(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  product_nn(out, cols, x, depth, 1, w, cols, rows, cols, depth, 1);
}

/** x · w + sum, where sum is as large as the output. */
export function linear_grad_add(
  out: usize, x: usize, w: usize, sum: usize, rows: u32, cols: u32, depth: u32,
): void {
  linear_grad(out, x, w, rows, cols, depth);
  add(out, out, sum, rows * cols, rows * cols);
}
