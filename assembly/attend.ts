// Attention without its weights [heads, t, s] in memory: a block of rows of them at a time, made again in propagation.
//   q: [forward, t, heads·d]   k, v: [forward, s, kv_heads·d]   g: [batch, t, heads·d]   stats: [forward, heads, 4, t]
// Heads in groups of heads / kv_heads that follow one another share keys and values. Gradients may be of several times the
// texts of the forward pass; text i then belongs to text i % forward. Of a row of the weights `stats` has its largest score,
// its sum of exponentials, and the first key that it sees and where those end, which both grow from row to row.
//
// Blocks add in the order of the kernels that keep the weights, so that results are theirs to the bit where a row sees no
// more than the 512 keys that a product adds up at once.

import { all, exp } from "./math";
import { inner, product_nn, product_nt } from "./matmul";
import { at, BLOCK, BLOCKS, first, from, last, load4, put, scratch, store4 } from "./memory";
import { largest, mean_error, softmax_grad_row, softmax_kept_row, softmax_row } from "./softmax";

const P: u32 = BLOCKS; // where in the scratch memory: a block of weights, and one of gradients of them
const G: u32 = P + BLOCK;
const MOST: u32 = 184; // rows of a block, as many as products take at once
const LANES: u32 = 8; // of sums along rows: where a block of rows begins and ends moves no number to another lane

/** How many rows of `width` a block takes. */
function block(width: u32): u32 {
  return max<u32>(min<u32>(MOST, (BLOCK / width) & ~3), 1);
}

/** The first key that row `i` of a block sees, and where those end. */
// @ts-expect-error: decorator
@inline
function first_key(stats: usize, t: u32, i: u32): u32 { return <u32>at(stats, 2 * t + i); }
// @ts-expect-error: decorator
@inline
function end_key(stats: usize, t: u32, i: u32): u32 { return <u32>at(stats, 3 * t + i); }

/**
 * softmax(scale · q · kᵀ) · v over those of the first lengths[text] keys that lie from `before` before a row's own place to
 * `after` after it, and the rows' stats; row r is at r, and if `shifted` at r + offsets[text].
 */
export function attend(
  out: usize, stats: usize, q: usize, k: usize, v: usize, lengths: usize, offsets: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, shifted: u32, before: u32, after: u32,
  scale: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d, step = block(s), p = scratch(P);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads, kv = h / (heads / kv_heads);
    const n = min<u32>(<u32>at(lengths, i), s), offset = shifted * <u32>at(offsets, i), own = from(stats, unit * 4 * t);
    for (let r: u32 = 0; r < t; r++) {
      const place = offset + r, stop = min<u32>(n, place + after + 1);
      put(own, 2 * t + r, <f32>min<u32>(place - min<u32>(place, before), stop));
      put(own, 3 * t + r, <f32>stop);
    }
    for (let r: u32 = 0; r < t; r += step) {
      const count = min<u32>(step, t - r), start = (i * t + r) * width + h * d;
      const low = first_key(own, t, r) & ~(LANES - 1), wide = end_key(own, t, r + count - 1) - low;
      const seen = (i * s + low) * kv_width + kv * d;
      product_nt(p, wide, from(q, start), width, from(k, seen), kv_width, 0, 0, count, wide, d, scale);
      for (let j: u32 = 0; j < count; j++) {
        const row = from(p, j * wide), skip = first_key(own, t, r + j) - low, n = end_key(own, t, r + j) - low - skip;
        const x = from(row, skip), peak = largest(x, n);
        put(own, r + j, peak);
        put(own, t + r + j, softmax_row(x, x, peak, n, wide - skip));
        memory.fill(row, 0, skip << 2);
      }
      product_nn(from(out, start), width, p, wide, 1, from(v, seen), kv_width, 0, 0, count, d, wide, 1);
    }
  }
}

// The rows that see a key follow one another, and both ends grow from key to key: a search starts where the last one ended.

/** The first row, from `row` on, that sees keys beyond `key` or that one. */
function first_row(stats: usize, t: u32, row: u32, key: u32): u32 {
  while (row < t && end_key(stats, t, row) <= key) row++;
  return row;
}
/** The first row, from `row` on, that sees only keys from `end` on. */
function end_row(stats: usize, t: u32, row: u32, end: u32): u32 {
  while (row < t && first_key(stats, t, row) < end) row++;
  return row;
}

/** Columns of the weights as rows [count, high − low] of a block: those of the keys from `key` on, in rows low to high. */
function columns(
  stats: usize, q: usize, k: usize, key: u32, count: u32, low: u32, high: u32, width: u32, kv_width: u32, t: u32, d: u32,
  scale: f32,
): void {
  const wide = high - low, peaks = from(stats, low), totals = from(peaks, t);
  let row = scratch(P), begin = low, end = low;
  product_nt(row, wide, from(k, key * kv_width), kv_width, from(q, low * width), width, 0, 0, count, wide, d, scale);
  for (let j: u32 = 0; j < count; j++, row = from(row, wide)) {
    begin = first_row(stats, t, begin, key + j);
    end = max<u32>(end_row(stats, t, end, key + j + 1), begin);
    const from_row = min<u32>(begin, high) - low, to_row = min<u32>(end, high) - low;
    memory.fill(row, 0, from_row << 2);
    for (let i = from_row; i < to_row; i += 4) {
      const e = exp(f32x4.sub(load4(row, i, to_row), load4(peaks, i, to_row)));
      store4(row, i, to_row, f32x4.div(e, load4(totals, i, to_row, all(1))));
    }
    memory.fill(from(row, to_row), 0, (wide - to_row) << 2);
  }
}

/** pᵀ · g, of all heads that share the values */
export function attend_values(
  out: usize, stats: usize, q: usize, k: usize, g: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d, step = block(t), each = heads / kv_heads;
  for (let unit = first(batch * kv_heads), end = last(batch * kv_heads); unit < end; unit++) {
    const i = unit / kv_heads, kv = unit % kv_heads, text = i % forward;
    const keys = from(k, text * s * kv_width + kv * d);
    for (let h = kv * each; h < (kv + 1) * each; h++) {
      const own = from(stats, (text * heads + h) * 4 * t), queries = from(q, text * t * width + h * d);
      const gradient = from(g, i * t * width + h * d);
      let low: u32 = 0, high: u32 = 0;
      for (let c: u32 = 0; c < s; c += step) {
        const count = min<u32>(step, s - c), o = from(out, (i * s + c) * kv_width + kv * d);
        low = first_row(own, t, low, c);
        high = max<u32>(end_row(own, t, high, c + count), low);
        const start = low & ~(LANES - 1), wide = high - start;
        columns(own, queries, keys, c, count, start, high, width, kv_width, t, d, scale);
        const sum = h > kv * each ? o : 0;
        product_nn(
          o, kv_width, scratch(P), wide, 1, from(gradient, start * width), width, sum, kv_width, count, d, wide, 1,
        );
      }
    }
  }
}

/**
 * g_S · k with g_S the scores' gradient; for each row Σ p · g_p in two numbers, and what softmax keeps of
 * g_p = context · g · vᵀ
 */
export function attend_queries(
  out: usize, sums: usize, taylor: usize, stats: usize, q: usize, k: usize, v: usize, g: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d, step = block(s), p = scratch(P), gp = scratch(G);
  for (let unit = first(batch * heads), end = last(batch * heads); unit < end; unit++) {
    const i = unit / heads, h = unit % heads, kv = h / (heads / kv_heads);
    const text = i % forward, means = from(sums, unit * 2 * t), kept = from(taylor, unit * t);
    const own = from(stats, (text * heads + h) * 4 * t);
    for (let r: u32 = 0; r < t; r += step) {
      const count = min<u32>(step, t - r), start = (i * t + r) * width + h * d;
      const low = first_key(own, t, r) & ~(LANES - 1), wide = end_key(own, t, r + count - 1) - low;
      const seen = (text * s + low) * kv_width + kv * d, keys = from(k, seen);
      product_nt(p, wide, from(q, (text * t + r) * width + h * d), width, keys, kv_width, 0, 0, count, wide, d, scale);
      product_nt(gp, wide, from(g, start), width, from(v, seen), kv_width, 0, 0, count, wide, d, context);
      for (let j: u32 = 0; j < count; j++) {
        const row = from(p, j * wide), skip = first_key(own, t, r + j) - low, x = from(row, skip);
        softmax_row(x, x, at(own, r + j), end_key(own, t, r + j) - low - skip, wide - skip);
        memory.fill(row, 0, skip << 2);
        const g_row = from(gp, j * wide);
        const mean = inner(row, g_row, wide), rest = mean_error(row, g_row, mean, wide);
        put(means, r + j, mean);
        put(means, t + r + j, rest);
        put(kept, r + j, softmax_kept_row(row, g_row, wide));
        softmax_grad_row(g_row, row, g_row, mean, rest, wide);
      }
      product_nn(from(out, start), width, gp, wide, 1, keys, kv_width, 0, 0, count, d, wide, scale * scores);
    }
  }
}

/** g_Sᵀ · q, and context · pᵀ · g, of all heads that share keys and values */
export function attend_keys(
  out: usize, to_values: usize, sums: usize, stats: usize, q: usize, k: usize, v: usize, g: usize,
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32,
): void {
  const width = heads * d, kv_width = kv_heads * d, step = block(t), each = heads / kv_heads;
  const p = scratch(P), gp = scratch(G);
  for (let unit = first(batch * kv_heads), end = last(batch * kv_heads); unit < end; unit++) {
    const i = unit / kv_heads, kv = unit % kv_heads, text = i % forward;
    const keys = from(k, text * s * kv_width + kv * d), values = from(v, text * s * kv_width + kv * d);
    for (let h = kv * each; h < (kv + 1) * each; h++) {
      const own = from(stats, (text * heads + h) * 4 * t), queries = from(q, text * t * width + h * d);
      const gradient = from(g, i * t * width + h * d), means = from(sums, (i * heads + h) * 2 * t);
      let low: u32 = 0, high: u32 = 0;
      for (let c: u32 = 0; c < s; c += step) {
        const count = min<u32>(step, s - c), to = (i * s + c) * kv_width + kv * d, more = h > kv * each;
        const o = from(out, to), o_values = from(to_values, to);
        low = first_row(own, t, low, c);
        high = max<u32>(end_row(own, t, high, c + count), low);
        const start = low & ~(LANES - 1), wide = high - start;
        const g_rows = from(gradient, start * width), mean = from(means, start), rest = from(mean, t);
        columns(own, queries, keys, c, count, start, high, width, kv_width, t, d, scale);
        product_nt(gp, wide, from(values, c * kv_width), kv_width, g_rows, width, 0, 0, count, wide, d, context);
        product_nn(
          o_values, kv_width, p, wide, 1, g_rows, width, more ? o_values : 0, kv_width, count, d, wide, context,
        );
        for (let j: u32 = 0; j < count; j++) {
          const weights = from(p, j * wide), row = from(gp, j * wide);
          for (let l: u32 = 0; l < wide; l += 4) {
            const d = f32x4.sub(f32x4.sub(load4(row, l, wide), load4(mean, l, wide)), load4(rest, l, wide));
            store4(row, l, wide, f32x4.mul(load4(weights, l, wide), d));
          }
        }
        product_nn(
          o, kv_width, gp, wide, 1, from(queries, start * width), width, more ? o : 0, kv_width, count, d, wide,
          scale * scores,
        );
      }
    }
  }
}
