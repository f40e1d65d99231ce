// Dense layers, with weights as checkpoints store them: w is [out, in].

import { product_nn, product_nt } from "./matmul";

/** x · wᵀ */
export function linear(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  product_nt(out, cols, x, depth, w, depth, 0, 0, rows, cols, depth, 1);
}

/** x · wᵀ + bias */
export function linear_bias(out: usize, x: usize, w: usize, bias: usize, rows: u32, cols: u32, depth: u32): void {
  product_nt(out, cols, x, depth, w, depth, bias, 0, rows, cols, depth, 1);
}

/** x · w, where x is the gradient of a dense layer's output. */
export function linear_grad(out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32): void {
  product_nn(out, cols, x, depth, 1, w, cols, 0, 0, rows, cols, depth, 1);
}
