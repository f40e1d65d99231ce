// The products that every matmul here is made of. Strides count elements.
//
// Weights, b, are read where they lie: numbers of it multiply vectors of eight rows of a, which is packed for that. Every
// output adds along the shared dimension in the same order, chunk by chunk, whatever tile it falls in: batch, padding,
// threads and caches change no bit.
//
// Narrow weights have the block that tiles read decoded into scratch memory. Functions of them have the type u32: weights are
// then the index of a number, not where it lies.

import { all, sum } from "./math";
import { from, load4, scratch } from "./memory";
import { decode_block } from "./narrow";
import { HIGH, relaxed_madd, row, tile } from "./tiles";

const WIDE: u32 = 8; // rows of a panel of a
const SINGLE: u32 = 2; // rows left over by whole panels that are cheaper by themselves
const ROWS: u32 = 184; // packed at once: 368 kB, for L2
const NT: u32 = 512; // of a chunk where b's rows are read along the shared dimension
const NN: u32 = 128; // where they are read across it: cache lines of each row are still there for the next columns
const COLS: u32 = 8 * HIGH; // of a block of b
const PANELS: u32 = 0; // where in the scratch memory: a's panels, a row of zeros, a block of narrow weights
const ZEROS: u32 = PANELS + ROWS * NT;
const DECODED: u32 = ZEROS + COLS;

/** Σ a[k] · b[k] */
export function inner(a: usize, b: usize, depth: u32): f32 {
  let low = all(0), high = low;
  for (let k: u32 = 0; k < depth; k += 8) {
    low = relaxed_madd(load4(a, k, depth), load4(b, k, depth), low);
    if (k + 4 < depth) high = relaxed_madd(load4(a, k + 4, depth), load4(b, k + 4, depth), high);
  }
  return sum(f32x4.add(low, high));
}

/** out[r, c] = start[r, c] + scale · Σ a[r, k] · b[c, k] over k; starts from 0 if `start` is null. */
export function product_nt(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  product<f32>(out, out_stride, a, a_stride, 1, b, 1, b_stride, start, start_stride, rows, cols, depth, NT, scale);
}

/** out[r, c] = start[r, c] + scale · Σ a[r·a_row + k·a_col] · b[k, c] over k: `a` as it lies or transposed, a stride being 1. */
export function product_nn(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  product<f32>(out, out_stride, a, a_row, a_col, b, b_stride, 1, start, start_stride, rows, cols, depth, NN, scale);
}

/** The same of the narrow matrix that is read: `b` is the index of its first number. */
export function product_narrow_nt(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: u32, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32,
): void {
  product<u32>(out, out_stride, a, a_stride, 1, from(0, b), 1, b_stride, start, start_stride, rows, cols, depth, NT, 1);
}

export function product_narrow_nn(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: u32, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32,
): void {
  product<u32>(out, out_stride, a, a_stride, 1, from(0, b), b_stride, 1, start, start_stride, rows, cols, depth, NN, 1);
}

function product<T>(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_row: u32, b_col: u32,
  start: usize, start_stride: u32, rows: u32, cols: u32, depth: u32, chunk: u32, scale: f32,
): void {
  const blocks = (rows + ROWS - 1) / ROWS;
  const block = blocks ? ((rows + blocks - 1) / blocks + WIDE - 1) & ~7 : 1; // evenly, for each reads b
  const single = a_col == 1 && b_row == 1 && !(depth & 3);
  memory.fill(scratch(ZEROS), 0, COLS << 2);
  for (let k: u32 = 0; !k || k < depth; k += chunk) { // of no terms too, whose sum is 0
    const deep = min<u32>(chunk, depth - k);
    for (let r: u32 = 0; r < rows; r += block) {
      const n = min<u32>(block, rows - r), x = from(a, r * a_row + k * a_col);
      pack(scratch(PANELS), x, a_row, a_col, n, deep);
      for (let c: u32 = 0; c < cols; c += COLS) {
        const wide = min<u32>(COLS, cols - c), to = from(out, r * out_stride + c);
        let w = from(b, k * b_row + c * b_col), across = b_col, along = b_row;
        if (isInteger<T>()) {
          const rows_along = b_row == 1;
          across = rows_along ? deep : 1;
          along = rows_along ? 1 : COLS;
          decode_block(
            scratch(DECODED), rows_along ? deep : COLS, <u32>(w >> 2), rows_along ? wide : deep, rows_along ? deep : wide,
          );
          w = scratch(DECODED);
        }
        let first = to, stride = out_stride;
        if (!k) {
          first = start ? from(start, r * start_stride + c) : scratch(ZEROS);
          stride = start ? start_stride : 0;
        }
        for (let i: u32 = 0; i < n; i += WIDE) {
          const o = from(to, i * out_stride), s = from(first, i * stride), tall = min<u32>(WIDE, n - i);
          if (tall <= SINGLE && single && !(wide & 7)) {
            for (let one: u32 = 0; one < tall; one++) {
              const y = from(x, (i + one) * a_row);
              for (let j: u32 = 0; j < wide; j += 8) {
                row(from(o, one * out_stride + j), y, from(w, j * across), across, from(s, one * stride + j), deep, scale);
              }
            }
          } else {
            for (let j: u32 = 0; j < wide; j += HIGH) {
              const v = from(w, j * across), few = min<u32>(HIGH, wide - j), panel = scratch(PANELS + i * deep);
              tile(from(o, j), out_stride, panel, v, across, along, from(s, j), stride, tall, few, deep, scale);
            }
          }
        }
      }
    }
  }
}

/** x[i·across + k·along] for i < n and k < depth as panels [depth, 8]; what is left of the last is the last row again. */
function pack(to: usize, x: usize, across: u32, along: u32, n: u32, depth: u32): void {
  const step = <usize>along << 2;
  for (let i: u32 = 0; i < ((n + 7) & ~7); i += 4) {
    let o = from(to, (i & ~7) * depth + (i & 4));
    let y0 = from(x, min(i, n - 1) * across), y1 = from(x, min(i + 1, n - 1) * across);
    let y2 = from(x, min(i + 2, n - 1) * across), y3 = from(x, min(i + 3, n - 1) * across);
    for (let k: u32 = 0; k < depth; k++, o += WIDE << 2, y0 += step, y1 += step, y2 += step, y3 += step) {
      const v = v128.load32_lane(y1, v128.load32_zero(y0), 1);
      v128.store(o, v128.load32_lane(y3, v128.load32_lane(y2, v, 2), 3));
    }
  }
}
