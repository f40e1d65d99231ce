// The two products that every matmul here is made of, register-tiled. Strides count elements. Each output adds along
// the shared dimension in one fixed order whatever tile it falls in, so batch and padding never change a bit.

import { at, from, put } from "./memory";

/** The sum of the lanes, then what a depth that is no multiple of four leaves over. */
// @ts-expect-error: decorator
@inline
function finish(lanes: v128, a: usize, b: usize, k: u32, depth: u32): f32 {
  let total: f32 =
    (f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1)) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
  for (; k < depth; k++) total += at(a, k) * at(b, k);
  return total;
}

/** a · b + total, rounded once where the build has relaxed SIMD and the processor a fused multiply-add. */
// @ts-expect-error: decorator
@inline
function muladd(total: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, total) : f32x4.add(total, f32x4.mul(a, b));
}

/** Σ a[k] · b[k] */
// @ts-expect-error: decorator
@inline
export function inner(a: usize, b: usize, depth: u32): f32 {
  let acc = f32x4.splat(0);
  let k: u32 = 0;
  for (; k + 4 <= depth; k += 4) acc = muladd(acc, v128.load(from(a, k)), v128.load(from(b, k)));
  return finish(acc, a, b, k, depth);
}

/** out[r, c] = scale · Σ a[r, k] · b[c, k] over k, + bias[c] unless bias is null. */
export function product_nt(
  out: usize, out_stride: u32, a: usize, a_stride: u32, b: usize, b_stride: u32, bias: usize,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  let r: u32 = 0;
  for (; r + 4 <= rows; r += 4) {
    const a0 = from(a, r * a_stride), a1 = from(a0, a_stride), a2 = from(a1, a_stride), a3 = from(a2, a_stride);
    const o0 = from(out, r * out_stride), o1 = from(o0, out_stride), o2 = from(o1, out_stride), o3 = from(o2, out_stride);
    let c: u32 = 0;
    for (; c + 2 <= cols; c += 2) {
      const b0 = from(b, c * b_stride), b1 = from(b0, b_stride);
      let s00 = f32x4.splat(0), s10 = s00, s20 = s00, s30 = s00, s01 = s00, s11 = s00, s21 = s00, s31 = s00;
      let k: u32 = 0;
      for (; k + 4 <= depth; k += 4) {
        const v0 = v128.load(from(b0, k)), v1 = v128.load(from(b1, k));
        const u0 = v128.load(from(a0, k)), u1 = v128.load(from(a1, k));
        s00 = muladd(s00, u0, v0);
        s01 = muladd(s01, u0, v1);
        s10 = muladd(s10, u1, v0);
        s11 = muladd(s11, u1, v1);
        const u2 = v128.load(from(a2, k)), u3 = v128.load(from(a3, k));
        s20 = muladd(s20, u2, v0);
        s21 = muladd(s21, u2, v1);
        s30 = muladd(s30, u3, v0);
        s31 = muladd(s31, u3, v1);
      }
      const c0: f32 = bias ? at(bias, c) : 0, c1: f32 = bias ? at(bias, c + 1) : 0;
      put(o0, c, scale * finish(s00, a0, b0, k, depth) + c0);
      put(o0, c + 1, scale * finish(s01, a0, b1, k, depth) + c1);
      put(o1, c, scale * finish(s10, a1, b0, k, depth) + c0);
      put(o1, c + 1, scale * finish(s11, a1, b1, k, depth) + c1);
      put(o2, c, scale * finish(s20, a2, b0, k, depth) + c0);
      put(o2, c + 1, scale * finish(s21, a2, b1, k, depth) + c1);
      put(o3, c, scale * finish(s30, a3, b0, k, depth) + c0);
      put(o3, c + 1, scale * finish(s31, a3, b1, k, depth) + c1);
    }
    for (; c < cols; c++) {
      const b0 = from(b, c * b_stride);
      const c0: f32 = bias ? at(bias, c) : 0;
      put(o0, c, scale * inner(a0, b0, depth) + c0);
      put(o1, c, scale * inner(a1, b0, depth) + c0);
      put(o2, c, scale * inner(a2, b0, depth) + c0);
      put(o3, c, scale * inner(a3, b0, depth) + c0);
    }
  }
  for (; r < rows; r++) {
    const row = from(a, r * a_stride), o = from(out, r * out_stride);
    for (let c: u32 = 0; c < cols; c++) {
      put(o, c, scale * inner(row, from(b, c * b_stride), depth) + (bias ? at(bias, c) : 0));
    }
  }
}

/** out[r, c] = scale · Σ a[r·a_row + k·a_col] · b[k, c] over k: `a` may be read as it lies or transposed. */
export function product_nn(
  out: usize, out_stride: u32, a: usize, a_row: u32, a_col: u32, b: usize, b_stride: u32,
  rows: u32, cols: u32, depth: u32, scale: f32,
): void {
  const by = f32x4.splat(scale);
  const step = <usize>a_col << 2, down = <usize>b_stride << 2;
  let c: u32 = 0;
  for (; c + 8 <= cols; c += 8) {
    let r: u32 = 0;
    for (; r + 4 <= rows; r += 4) {
      let a0 = from(a, r * a_row), a1 = from(a0, a_row), a2 = from(a1, a_row), a3 = from(a2, a_row);
      let v = from(b, c);
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      for (let k: u32 = 0; k < depth; k++) {
        const v0 = v128.load(v), v1 = v128.load(v, 16);
        let u = v128.load_splat<f32>(a0);
        s00 = muladd(s00, u, v0);
        s01 = muladd(s01, u, v1);
        u = v128.load_splat<f32>(a1);
        s10 = muladd(s10, u, v0);
        s11 = muladd(s11, u, v1);
        u = v128.load_splat<f32>(a2);
        s20 = muladd(s20, u, v0);
        s21 = muladd(s21, u, v1);
        u = v128.load_splat<f32>(a3);
        s30 = muladd(s30, u, v0);
        s31 = muladd(s31, u, v1);
        a0 += step;
        a1 += step;
        a2 += step;
        a3 += step;
        v += down;
      }
      let o = from(out, r * out_stride + c);
      v128.store(o, f32x4.mul(by, s00));
      v128.store(o, f32x4.mul(by, s01), 16);
      o = from(o, out_stride);
      v128.store(o, f32x4.mul(by, s10));
      v128.store(o, f32x4.mul(by, s11), 16);
      o = from(o, out_stride);
      v128.store(o, f32x4.mul(by, s20));
      v128.store(o, f32x4.mul(by, s21), 16);
      o = from(o, out_stride);
      v128.store(o, f32x4.mul(by, s30));
      v128.store(o, f32x4.mul(by, s31), 16);
    }
    for (; r < rows; r++) {
      let u = from(a, r * a_row), v = from(b, c);
      let s0 = f32x4.splat(0), s1 = s0;
      for (let k: u32 = 0; k < depth; k++, u += step, v += down) {
        const x = v128.load_splat<f32>(u);
        s0 = muladd(s0, x, v128.load(v));
        s1 = muladd(s1, x, v128.load(v, 16));
      }
      const o = from(out, r * out_stride + c);
      v128.store(o, f32x4.mul(by, s0));
      v128.store(o, f32x4.mul(by, s1), 16);
    }
  }
  for (; c < cols; c++) {
    for (let r: u32 = 0; r < rows; r++) {
      let u = from(a, r * a_row), v = from(b, c);
      let total: f32 = 0;
      for (let k: u32 = 0; k < depth; k++, u += step, v += down) total += load<f32>(u) * load<f32>(v);
      put(out, r * out_stride + c, scale * total);
    }
  }
}
