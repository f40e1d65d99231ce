// Sums along rows.

import { inner } from "./matmul";
import { first, from, last, put } from "./memory";

/** Σ a · b along each row; b may have fewer rows and is then read again from its start. */
export function dot_rows(out: usize, a: usize, b: usize, rows: u32, cols: u32, b_rows: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    put(out, r, inner(from(a, r * cols), from(b, (r % b_rows) * cols), cols));
  }
}

/** 1 / max(√Σ a², 1e-12) of each row, as PyTorch normalises. */
export function reciprocal_norm(out: usize, a: usize, rows: u32, cols: u32, b_rows: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const row = from(a, r * cols), length = sqrt<f32>(inner(row, row, cols));
    put(out, r, 1 / max<f32>(length, 1e-12));
  }
}
