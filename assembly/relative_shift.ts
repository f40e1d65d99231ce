// Numbers by distance as numbers by pair: from how far apart two tokens are to which two, and back.
//   by distance: [batch, t, 2t − 1], the distance 0 at t − 1   by pair: [batch, t, t]
// A row by distance belongs to the first token of a pair, or to the second if `keys`.

import { at, first, last, put } from "./memory";

export function relative_shift(out: usize, x: usize, n: u32, t: u32, keys: u32): void {
  const rows: u32 = n / t;
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const i = r % t, start = r - i;
    for (let j: u32 = 0; j < t; j++) {
      const row = start + (keys ? j : i);
      put(out, r * t + j, at(x, row * (2 * t - 1) + i + t - 1 - j));
    }
  }
}

/** The transpose: distances that no pair has get 0. */
export function relative_unshift(out: usize, x: usize, n: u32, t: u32, keys: u32): void {
  const width: u32 = 2 * t - 1, rows: u32 = n / width;
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const own = r % t, start = (r - own) * t;
    for (let c: u32 = 0; c < width; c++) {
      const other = keys ? own + c - (t - 1) : own + t - 1 - c; // beyond t if negative
      const pair = keys ? other * t + own : own * t + other;
      put(out, r * width + c, other < t ? at(x, start + pair) : 0);
    }
  }
}
