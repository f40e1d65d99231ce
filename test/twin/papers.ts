// The rules as the papers print them, relevance in and relevance out, and the walk they make through a BERT: a second,
// independent route to cp-lrp and attn-lrp. Each divides by activations, so it is for random models without zeros.

import { type Heads, pairs, vector } from "./attention.ts";
import { type Activations, layerName, type Model, optional, tensor } from "./bert.ts";
import { sign } from "./linear.ts";
import { moments } from "./norm.ts";
import { add, type Numbers } from "./numbers.ts";

/** Bach et al. 2015, Eq. 58: Rᵢ = Σⱼ zᵢⱼ / (zⱼ + ε sgn zⱼ) Rⱼ, zᵢⱼ = xᵢ wᵢⱼ, zⱼ with its bias. */
export function bach(
  x: Numbers,
  weight: Numbers,
  z: Numbers,
  R: Numbers,
  epsilon: number,
  inputs: number,
  outputs: number,
) {
  const out = new Float64Array(x.length);
  for (let r = 0; r < x.length / inputs; r++) {
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < outputs; j++) {
        const zj = z[r * outputs + j];
        const share = (x[r * inputs + i] * weight[j * inputs + i]) / (zj + epsilon * sign(zj));
        out[r * inputs + i] += share * R[r * outputs + j];
      }
    }
  }
  return out;
}

/** z = a + b by Eq. 58 with ε = 0: R_a = a / z · R. */
export function summand(a: Numbers, z: Numbers, R: Numbers): Float64Array {
  return Float64Array.from(R, (value, i) => (a[i] / z[i]) * value);
}

/** Ali et al. 2022, AH: R(xᵢ) = Σⱼ xᵢ pᵢⱼ / Σᵢ′ xᵢ′ pᵢ′ⱼ · R(yⱼ); here xᵢ is v at a key, yⱼ the context at a query. */
export function attentionHead(p: Numbers, v: Numbers, c: Numbers, R: Numbers, n: Heads): Float64Array {
  const out = new Float64Array(v.length);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let d = 0; d < n.size; d++) {
      const key = vector(n, b, j, h) + d;
      const query = vector(n, b, i, h) + d;
      out[key] += ((v[key] * p[pair]) / c[query]) * R[query];
    }
  }
  return out;
}

/** Ali et al. 2022, LN: R(xᵢ) = Σⱼ xᵢ (δᵢⱼ − 1/N) / Σᵢ′ xᵢ′ (δᵢ′ⱼ − 1/N) · R(yⱼ); β first takes its share β/y of R(y). */
export function layerNormAli(x: Numbers, beta: Numbers | null, y: Numbers, R: Numbers, rows: number, n: number) {
  const out = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) {
    const { mean } = moments(x, r, n, 0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const yj = y[r * n + j];
        const weight = (i === j ? 1 : 0) - 1 / n;
        const rest = (yj - (beta?.[j] ?? 0)) / yj;
        out[r * n + i] += ((x[r * n + i] * weight) / (x[r * n + j] - mean)) * rest * R[r * n + j];
      }
    }
  }
  return out;
}

/** AttnLRP Prop. 3.1: Rᵢ = sᵢ (Rᵢᵖ − pᵢ Σⱼ Rⱼᵖ); the score of a masked key counts as 0. */
export function softmaxTaylor(s: Numbers, p: Numbers, R: Numbers, rows: number, columns: number): Float64Array {
  const out = new Float64Array(s.length);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) sum += R[j];
    for (let j = r * columns; j < (r + 1) * columns; j++) out[j] = p[j] ? s[j] * (R[j] - p[j] * sum) : 0;
  }
  return out;
}

/** AttnLRP Prop. 3.3 with ε = 0 on C = p v: the term p v of C passes R p v / (2 C) to its p and as much to its v. */
export function contextUniform(p: Numbers, v: Numbers, c: Numbers, R: Numbers, n: Heads) {
  const toP = new Float64Array(p.length);
  const toV = new Float64Array(v.length);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let d = 0; d < n.size; d++) {
      const key = vector(n, b, j, h) + d;
      const query = vector(n, b, i, h) + d;
      const message = ((p[pair] * v[key]) / (2 * c[query])) * R[query];
      toP[pair] += message;
      toV[key] += message;
    }
  }
  return { toP, toV };
}

/** The same on S = q kᵀ/√d. */
export function scoresUniform(q: Numbers, k: Numbers, s: Numbers, R: Numbers, n: Heads) {
  const toQ = new Float64Array(q.length);
  const toK = new Float64Array(k.length);
  for (const { b, h, i, j, pair } of pairs(n)) {
    for (let d = 0; d < n.size; d++) {
      const query = vector(n, b, i, h) + d;
      const key = vector(n, b, j, h) + d;
      const message = ((q[query] * k[key]) / Math.sqrt(n.size) / (2 * s[pair])) * R[pair];
      toQ[query] += message;
      toK[key] += message;
    }
  }
  return { toQ, toK };
}

/** The relevance of every element of the embeddings; activations by AttnLRP Eq. 9, R_in = R_out. Needs unpadded ids. */
export function relevanceByPapers(model: Model, a: Activations, seed: number[], method: "cp-lrp" | "attn-lrp") {
  const n = a.heads;
  const width = n.heads * n.size;
  const rows = n.heads * n.tokens;
  const linear = (name: string, x: Numbers, z: Numbers, R: Numbers) => {
    const { shape, data } = tensor(model, `${name}.weight`);
    return bach(x, data, z, R, 0, shape[1], shape[0]);
  };
  const norm = (name: string, x: Numbers, y: Numbers, R: Numbers) =>
    layerNormAli(x, optional(model, `${name}.bias`), y, R, n.tokens, width);

  let R: Float64Array = new Float64Array(n.tokens * width);
  const logits = Float64Array.from(seed, (c, i) => c * a.logits[i]);
  R.set(linear("bert.pooler.dense", a.first, a.pool, linear("classifier", a.pooled, a.logits, logits)));
  for (let i = a.layers.length - 1; i >= 0; i--) {
    const name = layerName(i);
    const { x, q, k, v, scores: s, p, context: c, attended, sum, middle, up, hidden, down, sum2, out } = a.layers[i];
    const toSum2 = norm(`${name}.output.LayerNorm`, sum2, out, R);
    const toUp = linear(`${name}.output.dense`, hidden, down, summand(down, sum2, toSum2));
    const toMiddle = add(summand(middle, sum2, toSum2), linear(`${name}.intermediate.dense`, middle, up, toUp));
    const toSum = norm(`${name}.attention.output.LayerNorm`, sum, middle, toMiddle);
    const toContext = linear(`${name}.attention.output.dense`, c, attended, summand(attended, sum, toSum));

    R = summand(x, sum, toSum);
    const self = `${name}.attention.self`;
    if (method === "cp-lrp") {
      R = add(R, linear(`${self}.value`, x, v, attentionHead(p, v, c, toContext, n)));
    } else {
      const { toP, toV } = contextUniform(p, v, c, toContext, n);
      const { toQ, toK } = scoresUniform(q, k, s, softmaxTaylor(s, p, toP, rows, n.tokens), n);
      for (const [part, z, toZ] of [
        ["value", v, toV],
        ["query", q, toQ],
        ["key", k, toK],
      ] as const)
        R = add(R, linear(`${self}.${part}`, x, z, toZ));
    }
  }
  return R;
}
