// Sums along rows.

import { at, from, put } from "./memory";

/** Σ a · b along each row; b may have fewer rows and is then read again from its start. */
export function dot_rows(out: usize, a: usize, b: usize, rows: u32, cols: u32, b_rows: u32): void {
  for (let r: u32 = 0; r < rows; r++, a = from(a, cols)) {
    const row = from(b, (r % b_rows) * cols);
    let total: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) total += at(a, i) * at(row, i);
    put(out, r, total);
  }
}
