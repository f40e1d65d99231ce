// Rows that outlive a run.

import { at, first, from, last } from "./memory";

/** The rows of x in place of those of out from number position[0] on, as far as out has them. */
export function write_rows(out: usize, x: usize, position: usize, rows: u32, n: u32, cols: u32): void {
  const start = <u32>at(position, 0);
  for (let r = first(n), end = last(n); r < end && start + r < rows; r++) {
    memory.copy(from(out, (start + r) * cols), from(x, r * cols), (<usize>cols) << 2);
  }
}
