// Numbers of 16 bits as f32, exactly.

import { first, last, put, store4 } from "./memory";

/** The exponent's bias goes from 15 to 127; subnormal numbers are right too, for WASM knows them in f32. */
const BIAS: f32 = reinterpret<f32>(0x77800000); // 2 ** 112

// @ts-expect-error: decorator
@inline
function f16(h: v128): v128 {
  const rest = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  return v128.or(f32x4.mul(rest, f32x4.splat(BIAS)), sign);
}

export function widen_f16(out: usize, x: usize, n: u32): void {
  widen(out, x, n, false);
}

export function widen_bf16(out: usize, x: usize, n: u32): void {
  widen(out, x, n, true);
}

// @ts-expect-error: decorator
@inline
function widen(out: usize, x: usize, n: u32, b: bool): void {
  for (let i = first(n, 4), end = last(n, 4); i < end; i += 4) {
    const p = x + (<usize>i << 1);
    if (i + 4 <= end) {
      const h = v128.load_ext<u16>(p);
      store4(out, i, end, b ? i32x4.shl(h, 16) : f16(h));
      continue;
    }
    for (let j = i; j < end; j++) {
      const h = i32x4.splat(load<u16>(x + (<usize>j << 1)));
      put(out, j, f32x4.extract_lane(b ? i32x4.shl(h, 16) : f16(h), 0));
    }
  }
}
