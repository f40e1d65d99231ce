// What the squares of keys are propagated by.

import { at, first, from, last, put } from "./memory";

/** scale · x · g, each number of g for `width` numbers of x, which are read again from their start every m. */
export function times_blocks(out: usize, x: usize, g: usize, n: u32, width: u32, m: u32, scale: f32): void {
  const blocks: u32 = n / width;
  for (let b = first(blocks), end = last(blocks); b < end; b++) {
    const by = scale * at(g, b), row = from(x, (b * width) % m);
    for (let i: u32 = 0; i < width; i++) put(out, b * width + i, by * at(row, i));
  }
}
