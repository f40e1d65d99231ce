// The ε rule's arithmetic. y may be shorter than g: it is read again from its start every m elements.

import { all } from "./math";
import { first, last, load4, store4 } from "./memory";

/** eps with the sign of v; the sign of 0 is +. */
// @ts-expect-error: decorator
@inline
function signed(v: v128, eps: v128): v128 {
  return v128.bitselect(f32x4.neg(eps), eps, f32x4.lt(v, all(0)));
}

/** g · y / (y ± eps) */
export function stabilize(out: usize, y: usize, g: usize, n: u32, m: u32, eps: f32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      const v = load4(y, i - base, stop - base);
      const scaled = f32x4.mul(load4(g, i, stop), v);
      store4(out, i, stop, f32x4.div(scaled, f32x4.add(v, signed(v, all(eps)))));
    }
  }
}

/** ± eps */
export function stabilizer(out: usize, y: usize, n: u32, m: u32, eps: f32): void {
  for (let i = first(n, 4), end = last(n, 4); i < end; i += 4) store4(out, i, end, signed(load4(y, i, end), all(eps)));
}
