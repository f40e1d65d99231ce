// The products of attention, per batch and head.
//   p: [batch, heads, t, s]   a: [batch, t, heads·d]   b: [batch, s, kv_heads·d]
// Heads in groups of heads / kv_heads that follow one another share keys and values, b. An operand of fewer batches than the
// output is read again from its start: `left_batch` and `right_batch` are theirs.

import { product_nn, product_nt } from "./matmul";
import { first, from, last } from "./memory";

/** out[h, t, s] = scale · Σ a[t, h, j] · b[s, kv, j] over j */
export function scores(
  out: usize, left: usize, right: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, left_batch: u32, right_batch: u32, scale: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d;
  for (let n = first(batch * heads), end = last(batch * heads); n < end; n++) {
    const i = n / heads, h = n % heads, kv = h / (heads / kv_heads);
    const a = from(left, (i % left_batch) * t * width + h * d);
    const b = from(right, (i % right_batch) * s * kv_width + kv * d);
    product_nt(from(out, n * t * s), s, a, width, b, kv_width, 0, 0, t, s, d, scale);
  }
}

/** out[t, h, j] = scale · Σ p[h, t, s] · b[s, kv, j] over s */
export function context(
  out: usize, left: usize, right: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, left_batch: u32, right_batch: u32, scale: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d;
  for (let n = first(batch * heads), end = last(batch * heads); n < end; n++) {
    const i = n / heads, h = n % heads, kv = h / (heads / kv_heads);
    const p = from(left, ((i % left_batch) * heads + h) * t * s);
    const b = from(right, (i % right_batch) * s * kv_width + kv * d);
    product_nn(from(out, i * t * width + h * d), width, p, s, 1, b, kv_width, 0, 0, t, d, s, scale);
  }
}

/** out[s, kv, j] = scale · Σ p[h, t, s] · a[t, h, j] over t and the heads of a group */
export function context_t(
  out: usize, left: usize, right: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, left_batch: u32, right_batch: u32, scale: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d, group = heads / kv_heads;
  for (let n = first(batch * kv_heads), end = last(batch * kv_heads); n < end; n++) {
    const i = n / kv_heads, kv = n % kv_heads, o = from(out, i * s * kv_width + kv * d);
    for (let h = kv * group; h < (kv + 1) * group; h++) {
      const p = from(left, ((i % left_batch) * heads + h) * t * s);
      const a = from(right, (i % right_batch) * t * width + h * d), sum = h > kv * group ? o : 0;
      product_nn(o, kv_width, p, 1, s, a, width, sum, kv_width, s, d, t, scale);
    }
  }
}
