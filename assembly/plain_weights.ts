// Attention without softmax: scores themselves as weights.

import { at, first, from, last, put } from "./memory";

/**
 * Each row of x [rows, cols] over the number of columns that it sees, 0 elsewhere: of the first lengths[text] columns those
 * from `before` before column r % t to `after` after it. Row r belongs to text r / per, of as many `texts` as lengths has.
 */
export function plain_weights(
  out: usize, x: usize, lengths: usize, rows: u32, cols: u32, per: u32, texts: u32, t: u32, before: u32, after: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const i = r % t, n = min<u32>(min<u32>(<u32>at(lengths, (r / per) % texts), cols), i + after + 1);
    const start = min<u32>(i - min<u32>(i, before), n), o = from(out, r * cols);
    const by = <f32>(n - start);
    memory.fill(o, 0, cols << 2);
    for (let j = start; j < n; j++) put(o, j, at(x, r * cols + j) / by);
  }
}
