// Selects rows.

import { first, from, last } from "./memory";

/** Row `index` of each text: [batch, t, cols] → [batch, cols]. */
export function select_row(out: usize, x: usize, batch: u32, t: u32, cols: u32, index: u32): void {
  const bytes = (<usize>cols) << 2;
  for (let b = first(batch), end = last(batch); b < end; b++) {
    memory.copy(from(out, b * cols), from(x, (b * t + index) * cols), bytes);
  }
}

/** The reverse: zeros but for row `index` of each text. */
export function scatter_row(out: usize, x: usize, batch: u32, t: u32, cols: u32, index: u32): void {
  const bytes = (<usize>cols) << 2;
  for (let b = first(batch), end = last(batch); b < end; b++) {
    memory.fill(from(out, b * t * cols), 0, bytes * t);
    memory.copy(from(out, (b * t + index) * cols), from(x, b * cols), bytes);
  }
}
