// The one product that every matmul here is made of. Strides count elements.
//
// One factor gives rows, four or five at a time, which are read where they lie, a number at a time; the other gives a panel of
// eight numbers for each place of the shared dimension. Weights are never copied: forward they are the rows, and the few rows
// of activations are packed into panels, so that a tile's outputs lie across; back they are the panels, read in place, in blocks
// of the shared dimension that stay in cache from panel to panel. Every output adds along the shared dimension in the same order,
// chunk by chunk, whatever tile it falls in: batch, padding and threads change no bit.
//
// Narrow weights have their rows (forward) or blocks (back) decoded into scratch memory first; the tiles are the same. Functions
// of them have the type u32: weights are then the index of a number, not where it lies.

import { all, sum } from "./math";
import { at, from, load4, put, scratch } from "./memory";
import { decode_block } from "./narrow";

const TALL: u32 = 5; // rows of a tile and columns of a panel: its sums and what they need fit in V8's 15 registers
const LOW: u32 = 4; // rows of the last tiles, where there is no whole number of tall ones
const WIDE: u32 = 8;
const CHUNK: u32 = 128; // longer chains of sums round more, in SmolLM2's ledgers 2.5 times as much at 512
const DEPTH: u32 = 512; // of packed panels: each lies in half of L1
const ROWS: u32 = 184; // at most, packed at once: 368 kB, for L2

const PANELS: u32 = 0; // where in the scratch memory: packed panels, a tile at an edge, zeros
const EDGE: u32 = PANELS + ROWS * DEPTH;
const ZEROS: u32 = EDGE + TALL * WIDE;
const DECODED: u32 = ZEROS + WIDE; // some rows of narrow weights, or a block of so many columns
const COLS: u32 = 64;

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
  products<f32>(out, out_stride, a, a_stride, b, b_stride, start, start_stride, rows, cols, depth, scale);
}

/** The same of the narrow matrix that is read: `b` is the index of its first number. */
export function product_narrow_nt(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: u32, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32,
): void {
  products<u32>(out, out_stride, a, a_stride, from(0, b), b_stride, start, start_stride, rows, cols, depth, 1);
}

function products<T>(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  zeros();
  const done = rows == 1 ? single<T>(out, a, b, b_stride, start, cols, depth, scale) : 0;
  if (cols && done == cols) return;
  // The factor with fewer rows is packed, never narrow weights; where that is a, out lies across.
  const across = isInteger<T>() || rows < cols;
  const packed = across ? a : b, packed_stride = across ? a_stride : b_stride, columns = across ? rows : cols;
  const others = across ? from(b, done * b_stride) : a, others_stride = across ? b_stride : a_stride;
  const o_row: u32 = across ? 1 : out_stride, o_col: u32 = across ? out_stride : 1;
  const o = from(out, done), n = across ? cols - done : rows;
  for (let k: u32 = 0; !k || k < depth; k += DEPTH) { // of no terms too, whose sum is 0
    const deep = min<u32>(DEPTH, depth - k);
    let first = o, s_row = o_row, s_col = o_col;
    if (!k) {
      first = start ? from(start, done) : scratch(ZEROS);
      s_row = !start ? 0 : across ? 1 : start_stride;
      s_col = !start ? 0 : across ? start_stride : 1;
    }
    for (let i: u32 = 0; i < columns; i += ROWS) {
      const some = min<u32>(ROWS, columns - i);
      pack(from(packed, i * packed_stride + k), packed_stride, some, deep);
      tiles<T>(from(o, i * o_col), o_row, o_col, from(others, k), others_stride, from(first, i * s_col), s_row, s_col, n, some, deep, scale);
    }
  }
}

/** out[r, c] = start[r, c] + scale · Σ a[r·a_row + k·a_col] · b[k, c] over k: `a` as it lies or transposed, a stride being 1. */
export function product_nn(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  blocks<f32>(out, out_stride, a, a_row, a_col, b, b_stride, start, start_stride, rows, cols, depth, scale);
}

export function product_narrow_nn(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: u32, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32,
): void {
  blocks<u32>(out, out_stride, a, a_stride, 1, from(0, b), b_stride, start, start_stride, rows, cols, depth, 1);
}

function blocks<T>(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  zeros();
  for (let k: u32 = 0; !k || k < depth; k += CHUNK) {
    const deep = min<u32>(CHUNK, depth - k), left = from(a, k * a_col);
    for (let c: u32 = 0; c < cols; c += WIDE) {
      const wide = min<u32>(WIDE, cols - c), to = from(out, c);
      let first = to, step = out_stride;
      if (!k) {
        first = start ? from(start, c) : scratch(ZEROS);
        step = start ? start_stride : 0;
      }
      let panel = from(b, k * b_stride + c), along = b_stride;
      if (isInteger<T>()) {
        const column = c % COLS;
        if (!column) decode_block(scratch(DECODED), COLS, <u32>(panel >> 2), deep, min<u32>(COLS, cols - c));
        panel = scratch(DECODED + column);
        along = COLS;
      } else if (wide < WIDE) {
        for (let i: u32 = 0; i < deep; i++) memory.copy(scratch(PANELS + i * WIDE), from(panel, i * b_stride), wide << 2);
        panel = scratch(PANELS);
        along = WIDE;
      }
      const tall = tall_rows(rows);
      for (let i: u32 = 0, height = TALL; i < rows; i += height) {
        if (i == tall) height = LOW;
        const o = from(to, i * out_stride), s = from(first, i * step), high = min<u32>(height, rows - i);
        tile(height, o, out_stride, 1, from(left, i * a_row), a_row, a_col, panel, along, s, step, 1, high, wide, deep, scale);
      }
    }
  }
}

function zeros(): void {
  memory.fill(scratch(ZEROS), 0, WIDE << 2);
}

/** How many of so many rows are in tall tiles: with the low ones after them no row is wasted, where there are 12 or more. */
function tall_rows(rows: u32): u32 {
  const low = LOW * ((TALL - rows % TALL) % TALL);
  return rows > low ? rows - low : 0;
}

/** n rows of x as panels [depth, 8] in scratch memory, the last filled up with zeros. */
function pack(x: usize, stride: u32, n: u32, depth: u32): void {
  for (let i: u32 = 0; i < n; i += WIDE) {
    const to = scratch(PANELS + i * depth), rows = from(x, i * stride);
    if (i + WIDE <= n) {
      transpose4(to, rows, stride, depth);
      transpose4(from(to, 4), from(rows, 4 * stride), stride, depth);
      continue;
    }
    memory.fill(to, 0, depth * WIDE << 2);
    for (let j: u32 = 0; j < n - i; j++) {
      const row = from(rows, j * stride);
      for (let k: u32 = 0; k < depth; k++) put(to, k * WIDE + j, at(row, k));
    }
  }
}

/** Four rows of x as four columns of a panel. */
function transpose4(to: usize, x: usize, stride: u32, depth: u32): void {
  const whole = depth & ~3;
  for (let k: u32 = 0; k < whole; k += 4) turn(from(to, k * WIDE), WIDE, from(x, k), stride);
  for (let k = whole; k < depth; k++) {
    for (let j: u32 = 0; j < 4; j++) put(to, k * WIDE + j, at(x, j * stride + k));
  }
}

/** Four rows of four numbers as columns. */
function turn(to: usize, to_stride: u32, x: usize, x_stride: u32): void {
  const row = <usize>x_stride << 2, o = <usize>to_stride << 2;
  const v0 = v128.load(x), v1 = v128.load(x + row), v2 = v128.load(x + 2 * row), v3 = v128.load(x + 3 * row);
  const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7), high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + o, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + 2 * o, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + 3 * o, v128.shuffle<f64>(high01, high23, 1, 3));
}

/** Rows of a times all packed panels, of which there are `cols` columns. */
function tiles<T>(
  out: usize, o_row: u32, o_col: u32, a: usize, a_stride: u32, start: usize, s_row: u32, s_col: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const tall = tall_rows(rows);
  for (let i: u32 = 0, height = TALL; i < rows; i += height) {
    if (i == tall) height = LOW;
    const high = min<u32>(height, rows - i);
    let left = from(a, i * a_stride), stride = a_stride;
    if (isInteger<T>()) {
      decode_block(scratch(DECODED), depth, <u32>(left >> 2), high, depth);
      left = scratch(DECODED);
      stride = depth;
    }
    for (let j: u32 = 0; j < cols; j += WIDE) {
      const o = from(out, i * o_row + j * o_col), s = from(start, i * s_row + j * s_col);
      const panel = scratch(PANELS + j * depth), wide = min<u32>(WIDE, cols - j);
      tile(height, o, o_row, o_col, left, stride, 1, panel, WIDE, s, s_row, s_col, high, wide, depth, scale);
    }
  }
}

/** One tile to where it belongs, of which `rows` and `cols` are asked for; one that is not whole, or lies across, is made beside. */
function tile(
  height: u32, out: usize, o_row: u32, o_col: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32,
  start: usize, s_row: u32, s_col: u32, rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const direct = rows == height && cols == WIDE && o_col == 1, beside = scratch(EDGE);
  const to = direct ? out : beside, stride = direct ? o_row : WIDE;
  let first = start, step = s_row;
  if (!direct) {
    copy(beside, WIDE, 1, start, s_row, s_col, rows, cols);
    first = beside;
    step = WIDE;
  }
  for (let k: u32 = 0; !k || k < depth; k += CHUNK) {
    const left = from(a, k * a_col), panel = from(b, k * b_stride), deep = min<u32>(CHUNK, depth - k);
    // Each height is a function of its own, or V8 would give both too few registers.
    if (height == TALL) tall_tile(to, stride, left, a_row, a_col, panel, b_stride, first, step, rows, deep, scale);
    else low_tile(to, stride, left, a_row, a_col, panel, b_stride, first, step, rows, deep, scale);
    first = to;
    step = stride;
  }
  if (!direct) copy(out, o_row, o_col, beside, WIDE, 1, rows, cols);
}

/** A tile from one place to another. */
function copy(to: usize, to_row: u32, to_col: u32, x: usize, x_row: u32, x_col: u32, rows: u32, cols: u32): void {
  let r: u32 = 0;
  if (to_col != x_col && cols == WIDE && rows >= LOW) { // one of them lies across
    if (to_col == 1) {
      for (let c: u32 = 0; c < WIDE; c += 4) turn(from(to, c), to_row, from(x, c * x_col), x_col);
    } else {
      for (let c: u32 = 0; c < WIDE; c += 4) turn(from(to, c * to_col), to_col, from(x, c), x_row);
    }
    r = 4;
  }
  for (; r < rows; r++) {
    for (let c: u32 = 0; c < cols; c++) put(to, r * to_row + c * to_col, at(x, r * x_row + c * x_col));
  }
}

function tall_tile(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32,
  start: usize, start_stride: u32, rows: u32, depth: u32, scale: f32,
): void {
  sums(true, out, out_stride, a, a_row, a_col, b, b_stride, start, start_stride, rows, depth, scale);
}

function low_tile(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32,
  start: usize, start_stride: u32, rows: u32, depth: u32, scale: f32,
): void {
  sums(false, out, out_stride, a, a_row, a_col, b, b_stride, start, start_stride, rows, depth, scale);
}

/**
 * Five or four rows times eight columns, two vectors a row; with fewer `rows` the last is read again. The loop
 * is not unrolled: the optimiser would then load so early that sums are spilled, which costs a third.
 */
// @ts-expect-error: decorator
@inline
function sums(
  tall: bool, out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32,
  start: usize, start_stride: u32, rows: u32, depth: u32, scale: f32,
): void {
  let r0l = all(0), r0h = r0l, r1l = r0l, r1h = r0l, r2l = r0l, r2h = r0l, r3l = r0l, r3h = r0l, r4l = r0l, r4h = r0l;
  const row = <usize>a_row << 2, along = <usize>a_col << 2, down = <usize>b_stride << 2;
  let a1 = rows > 1 ? a + row : a, a2 = rows > 2 ? a1 + row : a1, a3 = rows > 3 ? a2 + row : a2;
  let a4 = rows > 4 ? a3 + row : a3;
  for (const end = b + <usize>depth * down; b < end; b += down, a += along, a1 += along, a2 += along, a3 += along) {
    const low = v128.load(b), high = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    r0l = relaxed_madd(x, low, r0l);
    r0h = relaxed_madd(x, high, r0h);
    x = v128.load_splat<f32>(a1);
    r1l = relaxed_madd(x, low, r1l);
    r1h = relaxed_madd(x, high, r1h);
    x = v128.load_splat<f32>(a2);
    r2l = relaxed_madd(x, low, r2l);
    r2h = relaxed_madd(x, high, r2h);
    x = v128.load_splat<f32>(a3);
    r3l = relaxed_madd(x, low, r3l);
    r3h = relaxed_madd(x, high, r3h);
    if (tall) {
      x = v128.load_splat<f32>(a4);
      r4l = relaxed_madd(x, low, r4l);
      r4h = relaxed_madd(x, high, r4h);
      a4 += along;
    }
  }
  const by = all(scale), o = <usize>out_stride << 2, s = <usize>start_stride << 2;
  finish(out, start, by, r0l, r0h);
  finish(out + o, start + s, by, r1l, r1h);
  finish(out + 2 * o, start + 2 * s, by, r2l, r2h);
  finish(out + 3 * o, start + 3 * s, by, r3l, r3h);
  if (tall) finish(out + 4 * o, start + 4 * s, by, r4l, r4h);
}

/** Eight sums of a row to where they belong. */
// @ts-expect-error: decorator
@inline
function finish(out: usize, start: usize, scale: v128, low: v128, high: v128): void {
  finish4(out, start, scale, low);
  finish4(out + 16, start + 16, scale, high);
}

// @ts-expect-error: decorator
@inline
function finish4(out: usize, start: usize, scale: v128, sums: v128): void {
  v128.store(out, f32x4.add(v128.load(start), f32x4.mul(scale, sums)));
}

/**
 * One row of a: a vector of sums for four rows of b, two such at once, each adding in the order of tiles. Returns for how many rows
 * of b: all that are in whole eights, if `depth` is a multiple of four.
 */
function single<T>(
  out: usize, a: usize, b: usize, b_stride: u32, start: usize, cols: u32, depth: u32, scale: f32,
): u32 {
  const whole: u32 = depth & 3 ? 0 : cols & ~7, stride: u32 = isInteger<T>() ? CHUNK : b_stride, four = <usize>stride << 4;
  for (let c: u32 = 0; c < whole; c += 8) {
    const o = from(out, c);
    let w = from(b, c * b_stride);
    for (let k: u32 = 0; !k || k < depth; k += CHUNK) {
      const deep = min<u32>(CHUNK, depth - k);
      if (isInteger<T>()) {
        w = scratch(DECODED);
        decode_block(w, CHUNK, <u32>(b >> 2) + c * b_stride + k, 8, deep);
      }
      let s0 = all(0), s1 = s0;
      for (let i: u32 = 0; i < deep; i += 4, w += 16) {
        const x = v128.load(from(a, k + i));
        s0 = four_rows(w, stride, x, s0);
        s1 = four_rows(w + four, stride, x, s1);
      }
      finish(o, k ? o : start ? from(start, c) : scratch(ZEROS), all(scale), s0, s1);
    }
  }
  return whole;
}

/** sums + four numbers of x times four rows of w. */
// @ts-expect-error: decorator
@inline
function four_rows(w: usize, stride: u32, x: v128, sums: v128): v128 {
  const row = <usize>stride << 2;
  const v0 = v128.load(w), v1 = v128.load(w + row), v2 = v128.load(w + 2 * row), v3 = v128.load(w + 3 * row);
  const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7), high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
  sums = relaxed_madd(v128.shuffle<f32>(x, x, 0, 0, 0, 0), v128.shuffle<f64>(low01, low23, 0, 2), sums);
  sums = relaxed_madd(v128.shuffle<f32>(x, x, 1, 1, 1, 1), v128.shuffle<f64>(low01, low23, 1, 3), sums);
  sums = relaxed_madd(v128.shuffle<f32>(x, x, 2, 2, 2, 2), v128.shuffle<f64>(high01, high23, 0, 2), sums);
  return relaxed_madd(v128.shuffle<f32>(x, x, 3, 3, 3, 3), v128.shuffle<f64>(high01, high23, 1, 3), sums);
}
