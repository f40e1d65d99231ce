// Softmax along each row, over the keys that are not padding.

import { exp, ln } from "./math";
import { at, from, put } from "./memory";

/** Row r belongs to text r / per, whose first lengths[r / per] columns count; the others get exactly 0. */
export function softmax(out: usize, x: usize, lengths: usize, rows: u32, cols: u32, per: u32): void {
  for (let r: u32 = 0; r < rows; r++, x = from(x, cols), out = from(out, cols)) {
    const n = min<u32>(<u32>at(lengths, r / per), cols);
    let peak: f32 = -Infinity;
    for (let i: u32 = 0; i < n; i++) peak = max<f32>(peak, at(x, i));

    let total: f32 = 0;
    for (let i: u32 = 0; i < n; i++) {
      const e = exp(at(x, i) - peak);
      put(out, i, e);
      total += e;
    }
    for (let i: u32 = 0; i < n; i++) put(out, i, at(out, i) / total);
    for (let i: u32 = n; i < cols; i++) put(out, i, 0);
  }
}

/** From softmax's own output `p` and the gradient `g` of it: p · (g − Σ p g). */
export function softmax_grad(out: usize, p: usize, g: usize, rows: u32, cols: u32, forward: u32): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const y = from(p, (r % forward) * cols);
    let mean: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) mean += at(y, i) * at(g, i);
    for (let i: u32 = 0; i < cols; i++) put(out, i, at(y, i) * (at(g, i) - mean));
  }
}

/** What a row keeps: Σ g p (1 − ln p + Σ p ln p), the Taylor bias of softmax from p alone; p ln p = 0 at p = 0. */
export function softmax_kept(out: usize, p: usize, g: usize, rows: u32, cols: u32, forward: u32): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols)) {
    const y = from(p, (r % forward) * cols);
    let entropy: f32 = 0,
      plain: f32 = 0,
      curved: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) {
      const v = at(y, i);
      if (v < 1.17549435e-38) continue;
      const l = ln(v),
        gp = at(g, i) * v;
      entropy -= v * l;
      plain += gp;
      curved += gp * l;
    }
    put(out, r, plain * (1 - entropy) - curved);
  }
}
