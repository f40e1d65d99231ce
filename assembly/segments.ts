// Rows in groups of `each` that follow one another, as points of a cloud lie in neighbourhoods.
//   by row: [n · each, cols]   by group: [n, cols]   of a forward pass m groups, read again from their start

import { all, mul_add } from "./math";
import { at, first, from, last, load4, put, store4 } from "./memory";

/** The largest number of each group, column by column. */
export function segment_max(out: usize, x: usize, n: u32, each: u32, cols: u32, m: u32): void {
  for (let r = first(n), end = last(n); r < end; r++) {
    const o = from(out, r * cols), rows = from(x, (r % m) * each * cols);
    for (let c: u32 = 0; c < cols; c += 4) {
      let most = all(-Infinity);
      for (let k: u32 = 0; k < each; k++) most = f32x4.max(most, load4(from(rows, k * cols), c, cols));
      store4(o, c, cols, most);
    }
  }
}

/** From the rows x and a gradient g by group: to the first row that has the largest number, 0 to the others. */
export function max_scatter(out: usize, x: usize, g: usize, n: u32, each: u32, cols: u32, m: u32): void {
  for (let r = first(n), end = last(n); r < end; r++) {
    const o = from(out, r * each * cols), rows = from(x, (r % m) * each * cols);
    memory.fill(o, 0, (each * cols) << 2);
    for (let c: u32 = 0; c < cols; c++) {
      let winner: u32 = 0;
      for (let k: u32 = 1; k < each; k++) if (at(rows, k * cols + c) > at(rows, winner * cols + c)) winner = k;
      put(o, winner * cols + c, at(g, r * cols + c));
    }
  }
}

/** Each group's numbers to all its rows. */
export function segment_repeat(out: usize, x: usize, n: u32, each: u32, cols: u32, m: u32): void {
  for (let r = first(n), end = last(n); r < end; r++) {
    const row = from(x, (r % m) * cols);
    for (let k: u32 = 0; k < each; k++) memory.copy(from(out, (r * each + k) * cols), row, cols << 2);
  }
}

/** The sum of each group, column by column. */
export function segment_sum(out: usize, x: usize, n: u32, each: u32, cols: u32, m: u32): void {
  for (let r = first(n), end = last(n); r < end; r++) {
    const o = from(out, r * cols), rows = from(x, (r % m) * each * cols);
    for (let c: u32 = 0; c < cols; c += 4) {
      let sums = all(0);
      for (let k: u32 = 0; k < each; k++) sums = f32x4.add(sums, load4(from(rows, k * cols), c, cols));
      store4(o, c, cols, sums);
    }
  }
}

/** The same, each row by its weight: weights [n, each]. */
export function weighted_sum(out: usize, x: usize, weights: usize, n: u32, each: u32, cols: u32, m: u32): void {
  for (let r = first(n), end = last(n); r < end; r++) {
    const o = from(out, r * cols), rows = from(x, (r % m) * each * cols), own = from(weights, (r % m) * each);
    for (let c: u32 = 0; c < cols; c += 4) {
      let sums = all(0);
      for (let k: u32 = 0; k < each; k++) sums = mul_add(all(at(own, k)), load4(from(rows, k * cols), c, cols), sums);
      store4(o, c, cols, sums);
    }
  }
}
