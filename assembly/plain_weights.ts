// Attention without softmax: scores themselves as weights.

import { at, first, from, last, put } from "./memory";

/**
 * Each row of x [rows, cols] over the number of columns that it sees, 0 elsewhere: of the first lengths[text] columns those
 * from `before` before a row's own place to `after` after it: that is column r % t, and if `shifted` so many more as
 * offsets[text] says. Row r belongs to text r / per, of as many `texts` as lengths has.
 */
export function plain_weights(
  out: usize, x: usize, lengths: usize, offsets: usize,
  rows: u32, cols: u32, per: u32, texts: u32, t: u32, shifted: u32, before: u32, after: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const text = (r / per) % texts, place = r % t + shifted * <u32>at(offsets, text);
    const n = min<u32>(min<u32>(<u32>at(lengths, text), cols), place + after + 1);
    const start = min<u32>(place - min<u32>(place, before), n), o = from(out, r * cols);
    const by = <f32>(n - start);
    memory.fill(o, 0, cols << 2);
    for (let j = start; j < n; j++) put(o, j, at(x, r * cols + j) / by);
  }
}
