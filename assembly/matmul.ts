// The one product that every matmul here is made of. Strides count elements.
//
// Both factors are copied ("packed") into panels that the inner loop reads from front to back, so that it is the same
// loop whichever way a factor lies, weights in the checkpoint's own layout included. Every output adds along the shared
// dimension in the same order, chunk by chunk, whatever tile it falls in: batch, padding and threads change no bit.

import { all, sum } from "./math";
import { at, from, load4, put, scratch } from "./memory";

const TALL: u32 = 5; // rows and columns of a tile: its sums and what they need fit in the 15 registers that V8 has to give
const LOW: u32 = 4; // rows of the last tiles, where there is no whole number of tall ones
const WIDE: u32 = 8;
const DEPTH: u32 = 128; // of a chunk: longer chains of sums round more, in SmolLM2's ledgers 2.5 times as much at 512
const ROWS: u32 = 180; // at most, packed at once: 360 kB, for L2
const COLS: u32 = 64; // packed at once: whole cache lines of weights that are read down their columns

const A: u32 = 0; // where in the scratch memory: rows of a, columns of b, a tile at an edge, a row of zeros
const B: u32 = A + ROWS * DEPTH;
const EDGE: u32 = B + COLS * DEPTH;
const ZEROS: u32 = EDGE + TALL * WIDE;

/** a · b + c, rounded once where the build has relaxed SIMD and the processor a fused multiply-add. */
// @ts-expect-error: decorator
@inline
function relaxed_madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

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
  product(out, out_stride, a, a_stride, 1, b, 1, b_stride, start, start_stride, rows, cols, depth, scale);
}

/** out[r, c] = start[r, c] + scale · Σ a[r·a_row + k·a_col] · b[k, c] over k: `a` as it lies or transposed, a stride being 1. */
export function product_nn(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  product(out, out_stride, a, a_row, a_col, b, b_stride, 1, start, start_stride, rows, cols, depth, scale);
}

function product(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_row: u32, b_col: u32,
  start: usize, start_stride: u32, rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const blocks = (rows + ROWS - 1) / ROWS;
  const block = ((rows + blocks - 1) / blocks + TALL - 1) / TALL * TALL; // evenly, for each block packs b anew
  memory.fill(scratch(ZEROS), 0, WIDE << 2);
  for (let k: u32 = 0; !k || k < depth; k += DEPTH) { // of no terms too, whose sum is 0
    const deep = min<u32>(DEPTH, depth - k);
    for (let r: u32 = 0; r < rows; r += block) {
      const high = min<u32>(block, rows - r);
      const tall = tall_rows(high), left = from(a, r * a_row + k * a_col);
      pack(scratch(A), TALL, left, a_row, a_col, tall, deep);
      pack(scratch(A + tall * deep), LOW, from(left, tall * a_row), a_row, a_col, high - tall, deep);
      for (let c: u32 = 0; c < cols; c += COLS) {
        const broad = min<u32>(COLS, cols - c);
        pack(scratch(B), WIDE, from(b, k * b_row + c * b_col), b_col, b_row, broad, deep);
        for (let j: u32 = 0; j < broad; j += WIDE) {
          const to = from(out, r * out_stride + c + j), w = min<u32>(WIDE, broad - j);
          let first = to, stride = out_stride;
          if (!k) {
            first = start ? from(start, r * start_stride + c + j) : scratch(ZEROS);
            stride = start ? start_stride : 0;
          }
          column(to, out_stride, scratch(B + j * deep), first, stride, high, w, deep, scale);
        }
      }
    }
  }
}

/** How many of so many rows are in tall tiles: with the low ones after them no row is wasted, where there are 12 or more. */
function tall_rows(rows: u32): u32 {
  const low = LOW * ((TALL - rows % TALL) % TALL);
  return rows > low ? rows - low : 0;
}

/**
 * x[i·across + k·along] for i < n and k < depth, a stride being 1, as panels [depth, width], the last filled with zeros;
 * `width` is 4, 5 or 8.
 */
function pack(to: usize, width: u32, x: usize, across: u32, along: u32, n: u32, depth: u32): void {
  const whole = n - n % width;
  if (along == 1) {
    for (let i: u32 = 0; i < whole; i += width) {
      const o = from(to, i * depth), y = from(x, i * across);
      transpose4(o, width, y, across, depth);
      if (width == 8) transpose4(from(o, 4), width, from(y, 4 * across), across, depth);
      if (width == 5) for (let k: u32 = 0, last = from(y, 4 * across); k < depth; k++) put(o, k * 5 + 4, at(last, k));
    }
  } else {
    for (let k: u32 = 0; k < depth; k++) {
      let o = from(to, k * width), y = from(x, k * along);
      for (let i: u32 = 0; i < whole; i += width, o = from(o, width * depth), y = from(y, width)) {
        v128.store(o, v128.load(y));
        if (width == 8) v128.store(o, v128.load(y, 16), 16);
        if (width == 5) put(o, 4, at(y, 4));
      }
    }
  }
  if (whole == n) return;
  const o = from(to, whole * depth);
  for (let i: u32 = 0; i < width; i++) {
    const y = from(x, (whole + i) * across);
    for (let k: u32 = 0; k < depth; k++) put(o, k * width + i, whole + i < n ? at(y, k * along) : 0);
  }
}

/** Four rows of x as columns of a panel. */
function transpose4(to: usize, width: u32, x: usize, stride: u32, depth: u32): void {
  const x1 = from(x, stride), x2 = from(x1, stride), x3 = from(x2, stride);
  const row = <usize>width << 2;
  let k: u32 = 0;
  for (; k + 4 <= depth; k += 4, to += row << 2) {
    const v0 = v128.load(from(x, k)), v1 = v128.load(from(x1, k));
    const v2 = v128.load(from(x2, k)), v3 = v128.load(from(x3, k));
    const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7), high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
    v128.store(to + row, v128.shuffle<f64>(low01, low23, 1, 3));
    v128.store(to + 2 * row, v128.shuffle<f64>(high01, high23, 0, 2));
    v128.store(to + 3 * row, v128.shuffle<f64>(high01, high23, 1, 3));
  }
  for (; k < depth; k++, to += row) {
    put(to, 0, at(x, k));
    put(to, 1, at(x1, k));
    put(to, 2, at(x2, k));
    put(to, 3, at(x3, k));
  }
}

/** A column of tiles: the packed rows of a times one packed panel of b. */
function column(
  out: usize, out_stride: u32, b: usize, start: usize, start_stride: u32, rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const tall = tall_rows(rows);
  for (let i: u32 = 0, step = TALL; i < rows; i += step) {
    if (i == tall) step = LOW;
    const a = scratch(A + i * depth), to = from(out, i * out_stride), first = from(start, i * start_stride);
    const high = min<u32>(step, rows - i);
    if (high == step && cols == WIDE) {
      tile(step, to, out_stride, a, b, first, start_stride, depth, scale);
      continue;
    }
    // A tile that is not whole is made beside.
    const edge = scratch(EDGE), bytes = cols << 2;
    for (let r: u32 = 0; r < high; r++) memory.copy(from(edge, r * WIDE), from(first, r * start_stride), bytes);
    tile(step, edge, WIDE, a, b, edge, WIDE, depth, scale);
    for (let r: u32 = 0; r < high; r++) memory.copy(from(to, r * out_stride), from(edge, r * WIDE), bytes);
  }
}

/** Eight sums of a row to where they belong. */
// @ts-expect-error: decorator
@inline
function finish(out: usize, start: usize, scale: v128, low: v128, high: v128): void {
  const s0 = v128.load(start), s1 = v128.load(start, 16);
  v128.store(out, f32x4.add(s0, f32x4.mul(scale, low)));
  v128.store(out, f32x4.add(s1, f32x4.mul(scale, high)), 16);
}

// Each height is a function of its own, or V8 would give both too few registers.

function tile(
  rows: u32, out: usize, out_stride: u32, a: usize, b: usize, start: usize, start_stride: u32, depth: u32, scale: f32,
): void {
  if (rows == TALL) tall_tile(out, out_stride, a, b, start, start_stride, depth, scale);
  else low_tile(out, out_stride, a, b, start, start_stride, depth, scale);
}

function tall_tile(
  out: usize, out_stride: u32, a: usize, b: usize, start: usize, start_stride: u32, depth: u32, scale: f32,
): void {
  sums(true, out, out_stride, a, b, start, start_stride, depth, scale);
}

function low_tile(
  out: usize, out_stride: u32, a: usize, b: usize, start: usize, start_stride: u32, depth: u32, scale: f32,
): void {
  sums(false, out, out_stride, a, b, start, start_stride, depth, scale);
}

/**
 * Five or four rows of packed a times eight columns of packed b, two vectors a row. One load serves four rows: where a
 * runtime checks the bounds of each, as Deno does, that is a quarter of the time. The loop is not unrolled: the optimiser
 * would then load so early that sums are spilled, which costs a third.
 */
// @ts-expect-error: decorator
@inline
function sums(
  tall: bool, out: usize, out_stride: u32, a: usize, b: usize, start: usize, start_stride: u32, depth: u32, scale: f32,
): void {
  let r0l = all(0), r0h = r0l, r1l = r0l, r1h = r0l, r2l = r0l, r2h = r0l, r3l = r0l, r3h = r0l, r4l = r0l, r4h = r0l;
  const width: usize = tall ? TALL << 2 : LOW << 2;
  for (const end = from(b, depth * WIDE); b < end; b += WIDE << 2, a += width) {
    const low = v128.load(b), high = v128.load(b, 16), four = v128.load(a);
    let x = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
    r0l = relaxed_madd(x, low, r0l);
    r0h = relaxed_madd(x, high, r0h);
    x = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
    r1l = relaxed_madd(x, low, r1l);
    r1h = relaxed_madd(x, high, r1h);
    x = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
    r2l = relaxed_madd(x, low, r2l);
    r2h = relaxed_madd(x, high, r2h);
    x = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
    r3l = relaxed_madd(x, low, r3l);
    r3h = relaxed_madd(x, high, r3h);
    if (tall) {
      x = v128.load_splat<f32>(a, 16);
      r4l = relaxed_madd(x, low, r4l);
      r4h = relaxed_madd(x, high, r4h);
    }
  }
  const by = all(scale), o = <usize>out_stride << 2, s = <usize>start_stride << 2;
  finish(out, start, by, r0l, r0h);
  finish(out + o, start + s, by, r1l, r1h);
  finish(out + 2 * o, start + 2 * s, by, r2l, r2h);
  finish(out + 3 * o, start + 3 * s, by, r3l, r3h);
  if (tall) finish(out + 4 * o, start + 4 * s, by, r4l, r4h);
}
