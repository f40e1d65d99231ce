// The inner loops of products: sums in registers, which all add along the shared dimension one by one, in chains of DEPTH.

import { all } from "./math";
import { from, load4, store4 } from "./memory";

/** Columns of a tile: two sums for each and what they need are the 15 registers that V8 has; an unfused product is one. */
export const HIGH: u32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/** Steps of a chain of sums: longer ones round more, in SmolLM2's ledgers 2.5 times as much at 512. */
const DEPTH: u32 = 128;

/** a · b + c, rounded once where the build has relaxed SIMD and the processor a fused multiply-add. */
// @ts-expect-error: decorator
@inline
export function relaxed_madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/**
 * out[r, c] = start[r, c] + scale · Σ x[k, r] · w[c·across + k·along] over k, for r < rows ≤ 8 and c < cols ≤ 6: a packed
 * panel of x, and w where it lies. Columns that are not there are the last one again, and are not written. The loop is not
 * unrolled: the optimiser would then load so early that sums are spilled, which costs a third.
 */
export function tile(
  out: usize, out_stride: u32, x: usize, w: usize, across: u32, along: u32, start: usize, start_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const down = <usize>along << 2, zero = all(0);
  let w0 = w, w1 = cols > 1 ? from(w0, across) : w0, w2 = cols > 2 ? from(w1, across) : w1;
  let w3 = cols > 3 ? from(w2, across) : w2, w4 = cols > 4 ? from(w3, across) : w3, w5 = cols > 5 ? from(w4, across) : w4;
  let l0 = zero, h0 = zero, l1 = zero, h1 = zero, l2 = zero, h2 = zero;
  let l3 = zero, h3 = zero, l4 = zero, h4 = zero, l5 = zero, h5 = zero;
  for (const end = from(x, 8 * depth); x < end;) {
    let s0 = zero, t0 = zero, s1 = zero, t1 = zero, s2 = zero, t2 = zero;
    let s3 = zero, t3 = zero, s4 = zero, t4 = zero, s5 = zero, t5 = zero;
    for (const stop = min(end, from(x, 8 * DEPTH)); x < stop; x += 32) {
      const low = v128.load(x), high = v128.load(x, 16);
      let v = v128.load_splat<f32>(w0);
      s0 = relaxed_madd(v, low, s0);
      t0 = relaxed_madd(v, high, t0);
      v = v128.load_splat<f32>(w1);
      s1 = relaxed_madd(v, low, s1);
      t1 = relaxed_madd(v, high, t1);
      v = v128.load_splat<f32>(w2);
      s2 = relaxed_madd(v, low, s2);
      t2 = relaxed_madd(v, high, t2);
      v = v128.load_splat<f32>(w3);
      s3 = relaxed_madd(v, low, s3);
      t3 = relaxed_madd(v, high, t3);
      v = v128.load_splat<f32>(w4);
      s4 = relaxed_madd(v, low, s4);
      t4 = relaxed_madd(v, high, t4);
      if (HIGH > 5) {
        v = v128.load_splat<f32>(w5);
        s5 = relaxed_madd(v, low, s5);
        t5 = relaxed_madd(v, high, t5);
        w5 += down;
      }
      w0 += down, w1 += down, w2 += down, w3 += down, w4 += down;
    }
    l0 = f32x4.add(l0, s0), h0 = f32x4.add(h0, t0);
    l1 = f32x4.add(l1, s1), h1 = f32x4.add(h1, t1);
    l2 = f32x4.add(l2, s2), h2 = f32x4.add(h2, t2);
    l3 = f32x4.add(l3, s3), h3 = f32x4.add(h3, t3);
    l4 = f32x4.add(l4, s4), h4 = f32x4.add(h4, t4);
    if (HIGH > 5) l5 = f32x4.add(l5, s5), h5 = f32x4.add(h5, t5);
  }
  const o = <usize>out_stride << 2, s = <usize>start_stride << 2;
  columns(out, o, start, s, l0, l1, l2, l3, rows, cols, scale);
  if (rows > 4) columns(out + 4 * o, o, start + 4 * s, s, h0, h1, h2, h3, rows - 4, cols, scale);
  if (cols <= 4) return;
  columns(out + 16, o, start + 16, s, l4, l5, l4, l5, rows, cols - 4, scale);
  if (rows > 4) columns(out + 16 + 4 * o, o, start + 16 + 4 * s, s, h4, h5, h4, h5, rows - 4, cols - 4, scale);
}

/** Sums of up to four rows to where they belong, given as up to four columns. */
function columns(
  out: usize, o: usize, start: usize, s: usize, c0: v128, c1: v128, c2: v128, c3: v128, rows: u32, cols: u32, scale: f32,
): void {
  const low01 = low(c0, c1), low23 = low(c2, c3), high01 = high(c0, c1), high23 = high(c2, c3);
  finish(out, start, firsts(low01, low23), cols, scale);
  if (rows > 1) finish(out + o, start + s, seconds(low01, low23), cols, scale);
  if (rows > 2) finish(out + 2 * o, start + 2 * s, firsts(high01, high23), cols, scale);
  if (rows > 3) finish(out + 3 * o, start + 3 * s, seconds(high01, high23), cols, scale);
}

function finish(out: usize, start: usize, sums: v128, cols: u32, scale: f32): void {
  store4(out, 0, cols, f32x4.add(load4(start, 0, cols), f32x4.mul(all(scale), sums)));
}

/** The same for eight columns, of one row of x that is not packed and of rows of w, with a depth of whole vectors. */
export function row(out: usize, x: usize, w: usize, stride: u32, start: usize, depth: u32, scale: f32): void {
  let S = all(0), T = S, w1 = from(w, stride), w2 = from(w1, stride), w3 = from(w2, stride), w4 = from(w3, stride);
  let w5 = from(w4, stride), w6 = from(w5, stride), w7 = from(w6, stride);
  for (const end = from(x, depth); x < end;) {
    let s = all(0), t = s;
    for (const stop = min(end, from(x, DEPTH)); x < stop; x += 16) {
      const v = v128.load(x);
      const v0 = v128.shuffle<f32>(v, v, 0, 0, 0, 0), v1 = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
      const v2 = v128.shuffle<f32>(v, v, 2, 2, 2, 2), v3 = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
      s = four(s, v0, v1, v2, v3, v128.load(w), v128.load(w1), v128.load(w2), v128.load(w3));
      t = four(t, v0, v1, v2, v3, v128.load(w4), v128.load(w5), v128.load(w6), v128.load(w7));
      w += 16, w1 += 16, w2 += 16, w3 += 16, w4 += 16, w5 += 16, w6 += 16, w7 += 16;
    }
    S = f32x4.add(S, s), T = f32x4.add(T, t);
  }
  finish(out, start, S, 4, scale);
  finish(from(out, 4), from(start, 4), T, 4, scale);
}

/** Four sums four steps on, of four rows. */
// @ts-expect-error: decorator
@inline
function four(s: v128, v0: v128, v1: v128, v2: v128, v3: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  const low01 = low(a, b), low23 = low(c, d), high01 = high(a, b), high23 = high(c, d);
  s = relaxed_madd(v0, firsts(low01, low23), s);
  s = relaxed_madd(v1, seconds(low01, low23), s);
  s = relaxed_madd(v2, firsts(high01, high23), s);
  return relaxed_madd(v3, seconds(high01, high23), s);
}

// Four rows become four columns by pairs, and pairs of pairs.

// @ts-expect-error: decorator
@inline
function low(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 4, 1, 5); }
// @ts-expect-error: decorator
@inline
function high(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 6, 3, 7); }
// @ts-expect-error: decorator
@inline
function firsts(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 0, 2); }
// @ts-expect-error: decorator
@inline
function seconds(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 1, 3); }
