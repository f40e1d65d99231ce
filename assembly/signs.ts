// What rules that tell signs apart are made of. z, den and x may be shorter than g: they are read again from their start
// every m elements.

import { all } from "./math";
import { first, last, load4, store4 } from "./memory";

/** keep · x + more · (x's positive part, or its negative one if sign < 0) */
export function scaled_clamp(out: usize, x: usize, n: u32, m: u32, keep: f32, more: f32, sign: f32): void {
  for (let i = first(n, 4), end = last(n, 4); i < end; i += 4) {
    const v = load4(x, i, end), part = sign > 0 ? f32x4.max(v, all(0)) : f32x4.min(v, all(0));
    store4(out, i, end, f32x4.add(f32x4.mul(all(keep), v), f32x4.mul(all(more), part)));
  }
}

/** more · g · z / den where z has the sign, or, if that is 0, where den is not 0; elsewhere 0 */
export function share(
  out: usize, z: usize, den: usize, g: usize, n: u32, m: u32, keep: f32, more: f32, sign: f32,
): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      const v = load4(z, i - base, stop - base), d = load4(den, i - base, stop - base);
      const there = sign ? f32x4.gt(f32x4.mul(v, all(sign)), all(0)) : f32x4.ne(d, all(0));
      const whole = f32x4.mul(f32x4.mul(all(more), load4(g, i, stop)), v);
      store4(out, i, stop, v128.and(f32x4.div(whole, d), there));
    }
  }
}

/** a where x > 0, else b */
export function where_positive(
  out: usize, x: usize, a: usize, b: usize, n: u32, m: u32, keep: f32, more: f32, sign: f32,
): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      const yes = f32x4.gt(load4(x, i - base, stop - base), all(0));
      store4(out, i, stop, v128.bitselect(load4(a, i, stop), load4(b, i, stop), yes));
    }
  }
}
