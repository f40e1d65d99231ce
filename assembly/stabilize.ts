// The ε rule's arithmetic. y may be shorter than g: it is read again from its start every m elements.

import { at, put } from "./memory";

/** eps with the sign of v; the sign of 0 is +. */
// @ts-expect-error: decorator
@inline
function signed(v: f32, eps: f32): f32 {
  return v < 0 ? -eps : eps;
}

/** g · y / (y ± eps) */
export function stabilize(out: usize, y: usize, g: usize, n: u32, m: u32, eps: f32): void {
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, (at(g, j + i) * at(y, i)) / (at(y, i) + signed(at(y, i), eps)));
  }
}

/** ± eps */
export function stabilizer(out: usize, y: usize, n: u32, m: u32, eps: f32): void {
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, signed(at(y, i), eps));
  }
}
