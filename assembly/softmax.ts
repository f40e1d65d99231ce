// Softmax along each row, over the keys that are not padding.

import { all, exp, ln, mul_add, sum } from "./math";
import { inner } from "./matmul";
import { at, first, from, last, load4, put, store4 } from "./memory";

/** Row r belongs to text r / per, whose first lengths[r / per] columns count; the others get exactly 0. */
export function softmax(out: usize, x: usize, lengths: usize, rows: u32, cols: u32, per: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const row = from(x, r * cols), o = from(out, r * cols);
    const n = min<u32>(<u32>at(lengths, r / per), cols);
    softmax_row(o, row, largest(row, n), n, cols);
  }
}

/**
 * The same, but row r sees only columns from `before` before its own place to `after` after it: that is column r % t, and if
 * `shifted` so many more as offsets[r / per] says.
 */
export function softmax_span(
  out: usize, x: usize, lengths: usize, offsets: usize,
  rows: u32, cols: u32, per: u32, t: u32, shifted: u32, before: u32, after: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const place = r % t + shifted * <u32>at(offsets, r / per);
    const n = min<u32>(min<u32>(<u32>at(lengths, r / per), cols), place + after + 1);
    const start = min<u32>(place - min<u32>(place, before), n);
    const row = from(x, r * cols + start), o = from(out, r * cols);
    memory.fill(o, 0, start << 2);
    softmax_row(from(o, start), row, largest(row, n - start), n - start, cols - start);
  }
}

/** The largest of `n` numbers. */
export function largest(x: usize, n: u32): f32 {
  const least = all(-Infinity);
  let peaks = least;
  for (let i: u32 = 0; i < n; i += 4) peaks = f32x4.max(peaks, load4(x, i, n, least));
  return max<f32>(
    max<f32>(f32x4.extract_lane(peaks, 0), f32x4.extract_lane(peaks, 1)),
    max<f32>(f32x4.extract_lane(peaks, 2), f32x4.extract_lane(peaks, 3)),
  );
}

/** One row's softmax from its `peak`, which may take the place of `x`; returns the sum that it was divided by. */
export function softmax_row(out: usize, x: usize, peak: f32, n: u32, cols: u32): f32 {
  let sums = all(0);
  for (let i: u32 = 0; i < n; i += 4) {
    const e = exp(f32x4.sub(load4(x, i, n, all(-Infinity)), all(peak)));
    store4(out, i, n, e);
    sums = f32x4.add(sums, e);
  }
  const total = sum(sums);
  for (let i: u32 = 0; i < n; i += 4) store4(out, i, n, f32x4.div(load4(out, i, n), all(total)));
  memory.fill(from(out, n), 0, (cols - n) << 2);
  return total;
}

/** From softmax's own output `p` and the gradient `g` of it: p · (g − Σ p g). */
export function softmax_grad(out: usize, p: usize, g: usize, rows: u32, cols: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const row = from(p, (r % forward) * cols), own = from(g, r * cols);
    const mean = inner(row, own, cols);
    softmax_grad_row(from(out, r * cols), row, own, mean, mean_error(row, own, mean, cols), cols);
  }
}

/** One row of it; the gradient may be written in its place. */
export function softmax_grad_row(out: usize, p: usize, g: usize, mean: f32, rest: f32, cols: u32): void {
  for (let i: u32 = 0; i < cols; i += 4) {
    const d = f32x4.sub(f32x4.sub(load4(g, i, cols), all(mean)), all(rest));
    store4(out, i, cols, f32x4.mul(load4(p, i, cols), d));
  }
}

/**
 * Σ p (g − mean), what rounding left of a mean Σ p g: where one weight is nearly 1 its g less the mean is small, and a
 * rounded mean would be all of it, which large scores magnify.
 */
export function mean_error(p: usize, g: usize, mean: f32, cols: u32): f32 {
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    total = mul_add(load4(p, i, cols), f32x4.sub(load4(g, i, cols), all(mean)), total);
  }
  return sum(total);
}

/** What a row keeps: Σ g p (1 − ln p + Σ p ln p), the Taylor bias of softmax from p alone; p ln p = 0 at p = 0. */
export function softmax_kept(out: usize, p: usize, g: usize, rows: u32, cols: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    put(out, r, softmax_kept_row(from(p, (r % forward) * cols), from(g, r * cols), cols));
  }
}

/** One row of it. */
export function softmax_kept_row(p: usize, g: usize, cols: u32): f32 {
  const least = all(1.17549435e-38);
  let entropy = all(0),
    plain = all(0),
    curved = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    const v = load4(p, i, cols), counts = f32x4.ge(v, least);
    const l = ln(f32x4.max(v, least));
    const gp = v128.and(f32x4.mul(load4(g, i, cols), v), counts);
    entropy = f32x4.sub(entropy, v128.and(f32x4.mul(v, l), counts));
    plain = f32x4.add(plain, gp);
    curved = mul_add(gp, l, curved);
  }
  return sum(plain) * (1 - sum(entropy)) - sum(curved);
}
