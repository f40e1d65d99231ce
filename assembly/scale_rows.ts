// Products of numbers with those of blocks of them.

import { at, first, from, last, put } from "./memory";

/** scale · x · s, each number of s for `width` numbers of x; x has m numbers and s `blocks`, read again from their start. */
export function scale_rows(
  out: usize, x: usize, s: usize, n: u32, width: u32, m: u32, blocks: u32, scale: f32,
): void {
  const all: u32 = n / width;
  for (let b = first(all), end = last(all); b < end; b++) {
    const by = scale * at(s, b % blocks), row = from(x, (b * width) % m);
    for (let i: u32 = 0; i < width; i++) put(out, b * width + i, by * at(row, i));
  }
}
