// Dense layers with narrow weights, which are decoded a block at a time as products read them: see linear.ts.

import { product_narrow_nn, product_narrow_nt } from "./matmul";
import { first, from, last, load4, store4 } from "./memory";
import { decode_block, read_narrow } from "./narrow";

/** Narrow weights in f32. */
export function decode(
  out: usize, w: usize, n: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  read_narrow(w, width, kind, group, groups, scales, offsets, table, keep, more, sign);
  const start = first(n / width), end = last(n / width);
  decode_block(from(out, start * width), width, start * width, end - start, width);
}

/** x · wᵀ */
export function linear_narrow(
  out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  linear_narrow_bias(
    out, x, w, 0, rows, cols, depth, width, kind, group, groups, scales, offsets, table, keep, more, sign,
  );
}

/** x · wᵀ + bias */
export function linear_narrow_bias(
  out: usize, x: usize, w: usize, bias: usize, rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  read_narrow(w, width, kind, group, groups, scales, offsets, table, keep, more, sign);
  const c = first(cols, 8), n = last(cols, 8) - c;
  const start = bias ? from(bias, c) : 0;
  product_narrow_nt(from(out, c), cols, x, depth, c * depth, depth, start, 0, rows, n, depth);
}

/** x · wᵀ + bias + r, where r is as large as the output. */
export function linear_narrow_bias_add(
  out: usize, x: usize, w: usize, bias: usize, r: usize, rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  linear_narrow_bias(
    out, x, w, bias, rows, cols, depth, width, kind, group, groups, scales, offsets, table, keep, more, sign,
  );
  for (let c = first(cols, 8), end = last(cols, 8), row: u32 = 0; row < rows; row++) {
    const o = from(out, row * cols), other = from(r, row * cols);
    for (let i = c; i < end; i += 4) store4(o, i, end, f32x4.add(load4(o, i, end), load4(other, i, end)));
  }
}

/** x · w, where x is the gradient of a dense layer's output. */
export function linear_narrow_grad(
  out: usize, x: usize, w: usize, rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  linear_narrow_grad_add(
    out, x, w, 0, rows, cols, depth, width, kind, group, groups, scales, offsets, table, keep, more, sign,
  );
}

/** x · w + sum, where sum is as large as the output. */
export function linear_narrow_grad_add(
  out: usize, x: usize, w: usize, sum: usize, rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  read_narrow(w, width, kind, group, groups, scales, offsets, table, keep, more, sign);
  const c = first(cols, 8), n = last(cols, 8) - c;
  const start = sum ? from(sum, c) : 0;
  product_narrow_nn(from(out, c), cols, x, depth, c, cols, start, cols, rows, n, depth);
}
