// Attention in plain loops. q, k, v, context: [batch, tokens, heads, size], as a linear leaves them;
// scores and p: [batch, heads, query, key]. A text's keys beyond its length get probability exactly 0.

import type { Numbers } from "./numbers.ts";

export interface Heads {
  batch: number;
  tokens: number;
  heads: number;
  size: number;
}

/** S[b,h,i,j] = scale Σ_c q[b,i,h,c] k[b,j,h,c]. With (g, v, 1) this is the gradient of the context's p. */
export function scores(q: Numbers, k: Numbers, scale: number, n: Heads): Float64Array {
  const s = new Float64Array(n.batch * n.heads * n.tokens * n.tokens);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let c = 0; c < n.size; c++) s[pair] += scale * q[vector(n, b, i, h) + c] * k[vector(n, b, j, h) + c];
  }
  return s;
}

/** C[b,i,h,c] = Σⱼ p[b,h,i,j] v[b,j,h,c]. With (g_S, k) times the scale this is the gradient of q. */
export function context(p: Numbers, v: Numbers, n: Heads): Float64Array {
  const out = new Float64Array(n.batch * n.tokens * n.heads * n.size);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let c = 0; c < n.size; c++) out[vector(n, b, i, h) + c] += p[pair] * v[vector(n, b, j, h) + c];
  }
  return out;
}

/** g_v[b,j,h,c] = Σᵢ p[b,h,i,j] g[b,i,h,c]. With (g_S, q) times the scale this is the gradient of k. */
export function contextT(p: Numbers, g: Numbers, n: Heads): Float64Array {
  const out = new Float64Array(n.batch * n.tokens * n.heads * n.size);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let c = 0; c < n.size; c++) out[vector(n, b, j, h) + c] += p[pair] * g[vector(n, b, i, h) + c];
  }
  return out;
}

/** Rows belong to texts in equal runs: rows / lengths.length each. A text of length 0 gives rows of zeros. */
export function softmax(s: Numbers, lengths: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const p = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const length = lengths[Math.floor((r * lengths.length) / rows)];
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < length; j++) max = Math.max(max, s[r * columns + j]);
    let sum = 0;
    for (let j = 0; j < length; j++) sum += Math.exp(s[r * columns + j] - max);
    for (let j = 0; j < length; j++) p[r * columns + j] = Math.exp(s[r * columns + j] - max) / sum;
  }
  return p;
}

/** g_s[i] = Σⱼ gⱼ ∂pⱼ/∂sᵢ = Σⱼ gⱼ pⱼ (δᵢⱼ − pᵢ): the gradient, which is AttnLRP Prop. 3.1 over s. */
export function softmaxGrad(p: Numbers, g: Numbers, rows: number, columns: number): Float64Array {
  const gs = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) {
        const at = r * columns + j;
        gs[r * columns + i] += g[at] * p[at] * ((i === j ? 1 : 0) - p[r * columns + i]);
      }
    }
  }
  return gs;
}

/** What each row keeps: Σⱼ gⱼ pⱼ (1 − (sⱼ − s̄)), s̄ = Σ p s; terms with p = 0 are 0 whatever s is. */
export function softmaxKept(s: Numbers, p: Numbers, g: Numbers, rows: number, columns: number): Float64Array {
  const kept = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let mean = 0;
    for (let at = r * columns; at < (r + 1) * columns; at++) if (p[at]) mean += p[at] * s[at];
    for (let at = r * columns; at < (r + 1) * columns; at++) if (p[at]) kept[r] += g[at] * p[at] * (1 - (s[at] - mean));
  }
  return kept;
}

/** Where the vector of one head at one token starts. */
export function vector(n: Heads, b: number, token: number, h: number): number {
  return ((b * n.tokens + token) * n.heads + h) * n.size;
}

/** Every (text, head, query, key), and where its score lies. */
export function* pairs(n: Heads) {
  let pair = 0;
  for (let b = 0; b < n.batch; b++)
    for (let h = 0; h < n.heads; h++)
      for (let i = 0; i < n.tokens; i++) for (let j = 0; j < n.tokens; j++) yield { b, h, i, j, pair: pair++ };
}
