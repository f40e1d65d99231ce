// The products of attention, per batch and head.
//   p: [batch, heads, t, s]   a: [batch, t, heads·d]   b: [batch, s, heads·d]
// An operand of fewer batches than the output is read again from its start: `left` and `right` are their batches.

import { product_nn, product_nt } from "./matmul";
import { from } from "./memory";

/** out[h, t, s] = scale · Σ a[t, h, j] · b[s, h, j] over j */
export function scores(
  out: usize,
  a: usize,
  b: usize,
  batch: u32,
  heads: u32,
  t: u32,
  s: u32,
  d: u32,
  left: u32,
  right: u32,
  scale: f32,
): void {
  const width = heads * d;
  for (let i: u32 = 0; i < batch; i++) {
    for (let h: u32 = 0; h < heads; h++) {
      const x = from(a, (i % left) * t * width + h * d),
        y = from(b, (i % right) * s * width + h * d);
      product_nt(from(out, (i * heads + h) * t * s), s, x, width, y, width, 0, 0, t, s, d, scale);
    }
  }
}

/** out[t, h, j] = scale · Σ p[h, t, s] · b[s, h, j] over s */
export function context(
  out: usize,
  p: usize,
  b: usize,
  batch: u32,
  heads: u32,
  t: u32,
  s: u32,
  d: u32,
  left: u32,
  right: u32,
  scale: f32,
): void {
  const width = heads * d;
  for (let i: u32 = 0; i < batch; i++) {
    for (let h: u32 = 0; h < heads; h++) {
      const x = from(p, ((i % left) * heads + h) * t * s),
        y = from(b, (i % right) * s * width + h * d);
      product_nn(from(out, i * t * width + h * d), width, x, s, 1, y, width, 0, 0, t, d, s, scale);
    }
  }
}

/** out[s, h, j] = scale · Σ p[h, t, s] · a[t, h, j] over t */
export function context_t(
  out: usize,
  p: usize,
  a: usize,
  batch: u32,
  heads: u32,
  t: u32,
  s: u32,
  d: u32,
  left: u32,
  right: u32,
  scale: f32,
): void {
  const width = heads * d;
  for (let i: u32 = 0; i < batch; i++) {
    for (let h: u32 = 0; h < heads; h++) {
      const x = from(p, ((i % left) * heads + h) * t * s),
        y = from(a, (i % right) * t * width + h * d);
      product_nn(from(out, i * s * width + h * d), width, x, 1, s, y, width, 0, 0, s, d, t, scale);
    }
  }
}
