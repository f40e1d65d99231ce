// Attention without its weights [heads, t, s] in memory: a block of rows of them at a time, made again in propagation.
//   q: [forward, t, heads·d]   k, v: [forward, s, heads·d]   g: [batch, t, heads·d]   rows: [forward, heads, 3, t]
// Gradients may be of several times the texts of the forward pass; text i then belongs to text i % forward. Blocks are
// whole rows and add in the order of the kernels that keep the weights, so that results are theirs to the bit.

import { all, exp } from "./math";
import { inner, product_nn, product_nt } from "./matmul";
import { at, BLOCK, BLOCKS, first, from, last, load4, put, scratch, store4 } from "./memory";
import { harden, keep, largest, left_over, soften } from "./softmax";

const P: u32 = BLOCKS; // where in the scratch memory: a block of weights, and one of gradients of them
const G: u32 = P + BLOCK;
const MOST: u32 = 180; // rows of a block, as many as products take at once

/** How many rows of `width` a block takes. */
function block(width: u32): u32 {
  return max<u32>(min<u32>(MOST, (BLOCK / width) & ~3), 1);
}

/** softmax(scale · q · kᵀ) · v, and for each row its largest score, its sum of exponentials and its number of keys */
export function attend(
  out: usize, rows: usize, q: usize, k: usize, v: usize, lengths: usize,
  batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32,
): void {
  const width = heads * d, step = block(s), p = scratch(P);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads;
    const n = min<u32>(<u32>at(lengths, i), s), stats = from(rows, unit * 3 * t);
    const keys = from(k, i * s * width + h * d), values = from(v, i * s * width + h * d);
    for (let r: u32 = 0; r < t; r += step) {
      const count = min<u32>(step, t - r), start = (i * t + r) * width + h * d;
      product_nt(p, s, from(q, start), width, keys, width, 0, 0, count, s, d, scale);
      for (let j: u32 = 0; j < count; j++) {
        const row = from(p, j * s), peak = largest(row, n);
        put(stats, r + j, peak);
        put(stats, t + r + j, soften(row, row, peak, n, s));
        put(stats, 2 * t + r + j, <f32>n);
      }
      product_nn(from(out, start), width, p, s, 1, values, width, 0, 0, count, d, s, 1);
    }
  }
}

/** Columns of the weights as rows [count, t] of a block: those of the keys from `first` on. */
function columns(rows: usize, q: usize, k: usize, first: u32, count: u32, width: u32, t: u32, d: u32, scale: f32): void {
  const totals = from(rows, t), n = <u32>at(rows, 2 * t);
  let row = scratch(P);
  product_nt(row, t, from(k, first * width), width, q, width, 0, 0, count, t, d, scale);
  for (let j: u32 = 0; j < count; j++, row = from(row, t)) {
    if (first + j >= n) {
      memory.fill(row, 0, t << 2);
      continue;
    }
    for (let i: u32 = 0; i < t; i += 4) {
      const e = exp(f32x4.sub(load4(row, i, t), load4(rows, i, t)));
      store4(row, i, t, f32x4.div(e, load4(totals, i, t, all(1))));
    }
  }
}

/** pᵀ · g */
export function attend_values(
  out: usize, rows: usize, q: usize, k: usize, g: usize,
  batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32,
): void {
  const width = heads * d, step = block(t);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads;
    const text = i % forward;
    const stats = from(rows, (text * heads + h) * 3 * t), queries = from(q, text * t * width + h * d);
    const keys = from(k, text * s * width + h * d), gradient = from(g, i * t * width + h * d);
    for (let c: u32 = 0; c < s; c += step) {
      const count = min<u32>(step, s - c), o = from(out, (i * s + c) * width + h * d);
      columns(stats, queries, keys, c, count, width, t, d, scale);
      product_nn(o, width, scratch(P), t, 1, gradient, width, 0, 0, count, d, t, 1);
    }
  }
}

/** g_S · k with g_S the scores' gradient; for each row Σ p · g_p in two numbers, and what softmax keeps of g_p = context · g · vᵀ */
export function attend_queries(
  out: usize, sums: usize, taylor: usize, rows: usize, q: usize, k: usize, v: usize, g: usize,
  batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32,
): void {
  const width = heads * d, step = block(s), p = scratch(P), gp = scratch(G);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads;
    const text = i % forward, mine = from(sums, unit * 2 * t), kept = from(taylor, unit * t);
    const peaks = from(rows, (text * heads + h) * 3 * t), n = <u32>at(peaks, 2 * t);
    const keys = from(k, text * s * width + h * d), values = from(v, text * s * width + h * d);
    for (let r: u32 = 0; r < t; r += step) {
      const count = min<u32>(step, t - r), start = (i * t + r) * width + h * d;
      const queries = from(q, (text * t + r) * width + h * d);
      product_nt(p, s, queries, width, keys, width, 0, 0, count, s, d, scale);
      product_nt(gp, s, from(g, start), width, values, width, 0, 0, count, s, d, context);
      for (let j: u32 = 0; j < count; j++) {
        const row = from(p, j * s);
        soften(row, row, at(peaks, r + j), n, s);
        const g_row = from(gp, j * s);
        const mean = inner(row, g_row, s), rest = left_over(row, g_row, mean, s);
        put(mine, r + j, mean);
        put(mine, t + r + j, rest);
        put(kept, r + j, keep(row, g_row, s));
        harden(g_row, row, g_row, mean, rest, s);
      }
      product_nn(from(out, start), width, gp, s, 1, keys, width, 0, 0, count, d, s, scale * scores);
    }
  }
}

/** g_Sᵀ · q, and context · pᵀ · g */
export function attend_keys(
  out: usize, to_values: usize, sums: usize, rows: usize, q: usize, k: usize, v: usize, g: usize,
  batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32,
): void {
  const width = heads * d, step = block(t), p = scratch(P), gp = scratch(G);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads;
    const text = i % forward, mine = from(sums, unit * 2 * t), rest = from(mine, t);
    const stats = from(rows, (text * heads + h) * 3 * t), queries = from(q, text * t * width + h * d);
    const keys = from(k, text * s * width + h * d), values = from(v, text * s * width + h * d);
    const gradient = from(g, i * t * width + h * d);
    for (let c: u32 = 0; c < s; c += step) {
      const count = min<u32>(step, s - c), start = (i * s + c) * width + h * d;
      columns(stats, queries, keys, c, count, width, t, d, scale);
      product_nt(gp, t, from(values, c * width), width, gradient, width, 0, 0, count, t, d, context);
      product_nn(from(to_values, start), width, p, t, 1, gradient, width, 0, 0, count, d, t, context);
      for (let j: u32 = 0; j < count; j++) {
        const weights = from(p, j * t), row = from(gp, j * t);
        for (let l: u32 = 0; l < t; l += 4) {
          const d = f32x4.sub(f32x4.sub(load4(row, l, t), load4(mine, l, t)), load4(rest, l, t));
          store4(row, l, t, f32x4.mul(load4(weights, l, t), d));
        }
      }
      product_nn(from(out, start), width, gp, t, 1, queries, width, 0, 0, count, d, t, scale * scores);
    }
  }
}
