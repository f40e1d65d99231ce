// Some columns of each row: those of its k largest numbers, or those that a `choice` names. Of gradients there may be several
// times the rows of the choice, which is read again from its start.
//   x, take_grad's out: [rows, cols]   choice: [forward, k]   take's out, g: [rows, k]

import { at, first, from, last, put } from "./memory";

/** The columns of a row's k largest numbers, the largest first, of equal ones the first. */
export function top_k(out: usize, x: usize, rows: u32, cols: u32, k: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const row = from(x, r * cols);
    for (let j: u32 = 0, previous: u32 = 0; j < k; j++) {
      let best = j, found = false; // best of numbers that are none
      const before = at(row, previous);
      for (let c: u32 = 0; c < cols; c++) {
        const v = at(row, c);
        const after = !j || v < before || (v == before && c > previous);
        if (after && (!found || v > at(row, best))) {
          best = c;
          found = true;
        }
      }
      put(out, r * k + j, <f32>best);
      previous = best;
    }
  }
}

/** Each row's numbers in the columns that its choice names. */
export function take(out: usize, x: usize, choice: usize, rows: u32, cols: u32, k: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const own = from(choice, (r % forward) * k);
    for (let j: u32 = 0; j < k; j++) put(out, r * k + j, at(x, r * cols + <u32>at(own, j)));
  }
}

/** The reverse: zeros but for those columns. */
export function take_grad(out: usize, g: usize, choice: usize, rows: u32, cols: u32, k: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const own = from(choice, (r % forward) * k), o = from(out, r * cols);
    memory.fill(o, 0, cols << 2);
    for (let j: u32 = 0; j < k; j++) {
      const c = <u32>at(own, j);
      put(o, c, at(o, c) + at(g, r * k + j));
    }
  }
}
