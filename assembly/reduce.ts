// Sums along rows.

import { inner } from "./matmul";
import { from, put } from "./memory";

/** Σ a · b along each row; b may have fewer rows and is then read again from its start. */
export function dot_rows(out: usize, a: usize, b: usize, rows: u32, cols: u32, b_rows: u32): void {
  for (let r: u32 = 0; r < rows; r++, a = from(a, cols)) {
    put(out, r, inner(a, from(b, (r % b_rows) * cols), cols));
  }
}
