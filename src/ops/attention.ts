// The two products of attention, per text and head. They are closed under their own gradients: the backward pass of
// each is made of the same three kernels; their `scale` absorbs 1/√d and the uniform rule's half.

import { apply, type Call, check, cols, type Kept, type Op, type Rule, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

// Of queries there may be more heads than of keys and values: those in groups of heads / kv that follow one another share
// keys and values (Ainslie et al., 2023).

/** scale · a · bᵀ in each head: [batch, t, heads·d] × [batch, s, kv·d] → [batch, heads, t, s]. */
export const scores = (a: Tensor, b: Tensor, heads: number, scale: number): Tensor =>
  apply(Scores, [a, b], { heads, scale });

/** scale · p · x in each head: [batch, heads, t, s] × [batch, s, kv·d] → [batch, t, heads·d]. */
export const context = (p: Tensor, x: Tensor, { kv = p.shape[1], scale = 1 } = {}): Tensor =>
  apply(Context, [p, x], { kv, scale });

/** scale · pᵀ · x, added up over the heads of a group: [batch, heads, t, s] × [batch, t, heads·d] → [batch, s, kv·d]. */
export const contextT = (p: Tensor, x: Tensor, { kv, scale }: { kv: number; scale: number }): Tensor =>
  apply(ContextT, [p, x], { kv, scale });

/** How many heads keys or values [batch, s, kv·d] have where those of queries [batch, t, heads·d] are `heads`. */
export const headsOf = (b: Tensor, a: Tensor, heads: number): number => (cols(b) * heads) / cols(a);

/** What rules of products are called, and the share of the gradient that each of two factors gets by them. */
export const shares = { gradient: 1, uniform: 1 / 2 };

/**
 * Each factor of a product that carries relevance gets `share` of the gradient, a lone one all of it. A share of 1 is
 * the derivative, which counts the product twice; of ½ AttnLRP's uniform rule (Prop. 3.3).
 */
const product = (share: number, factors: (g: Tensor, y: Tensor, share: number) => [Tensor, Tensor]): Rule => {
  return (g, y, { carries }) => {
    const both = carries[0] && carries[1];
    const twice: Kept[] = both && share !== 1 / 2 ? [{ entry: "products", rows: dot(g, y), times: 1 - 2 * share }] : [];
    return { gradients: factors(g, y, both ? share : 1), kept: twice };
  };
};

const scoresRule = (share: number) =>
  product(share, (g, { inputs: [a, b], attrs: { heads, scale } }, s) => {
    const by = { kv: headsOf(b, a, heads), scale: s * scale };
    return [context(g, b, by), contextT(g, a, by)];
  });

const contextRule = (share: number) =>
  product(share, (g, { inputs: [p, x], attrs: { kv, scale } }, s) => [
    scores(g, x, p.shape[1], s * scale),
    contextT(p, g, { kv, scale: s * scale }),
  ]);

export const Scores: Op = {
  name: "scores",
  shape: (inputs, { heads }) => {
    const [a, b] = inputs;
    check(cols(a) % heads === 0 && grouped(heads, headsOf(b, a, heads)), "scores", inputs);
    return [batch(inputs), heads, a.shape[1], b.shape[1]];
  },
  call: (y) => {
    const [a, b] = y.inputs;
    const { heads } = y.attrs;
    return call("scores", y, y, headsOf(b, a, heads), cols(a) / heads, [y.shape[2], y.shape[3]], heads);
  },
  rules: { gradient: scoresRule(shares.gradient), uniform: scoresRule(shares.uniform) },
};

export const Context: Op = {
  name: "context",
  shape: (inputs, { kv }) => {
    const [p, x] = inputs;
    const heads = p.shape[1];
    check(p.shape[3] === x.shape[1] && cols(x) % kv === 0 && grouped(heads, kv), "context", inputs);
    return [batch(inputs), p.shape[2], (cols(x) / kv) * heads];
  },
  call: (y) => {
    const [p] = y.inputs;
    const d = cols(y) / p.shape[1];
    return call("context", y, p, y.attrs.kv, d, [y.shape[1], d], p.shape[1]);
  },
  rules: {
    gradient: contextRule(shares.gradient),
    uniform: contextRule(shares.uniform),
    // Ali et al. 2022, AH: the attention weights are constants, all relevance goes to the values.
    values: (g, y, { carries }) => {
      const [p] = y.inputs;
      if (!carries[1]) return { gradients: [], kept: [{ entry: "products", rows: dot(g, y) }] };
      const { kv, scale } = y.attrs;
      return { gradients: [undefined, contextT(p, g, { kv, scale })] };
    },
  },
};

const ContextT: Op = {
  name: "context_t",
  shape: (inputs, { kv }) => {
    const [p, x] = inputs;
    const heads = p.shape[1];
    check(p.shape[2] === x.shape[1] && cols(x) % heads === 0 && grouped(heads, kv), "context_t", inputs);
    return [batch(inputs), p.shape[3], (cols(x) / heads) * kv];
  },
  call: (y) => {
    const [p] = y.inputs;
    const { kv } = y.attrs;
    const d = cols(y) / kv;
    return call("context_t", y, p, kv, d, [y.shape[1], d], kv);
  },
};

/** A gradient may hold several targets' worth of texts; the forward tensor is then read again from its start. */
function batch(inputs: readonly Tensor[]): number {
  const [a, b] = inputs.map((t) => t.shape[0]);
  check(Math.max(a, b) % Math.min(a, b) === 0, "a product of attention", inputs);
  return Math.max(a, b);
}

const BLOCK = 32; // rows and columns of a workgroup's outputs, as in shaders/attention.wgsl

/** Whether heads of queries come in whole groups for each of keys and values. */
export const grouped = (heads: number, kv: number): boolean => Number.isInteger(kv) && kv > 0 && heads % kv === 0;

/**
 * `p` is the tensor of attention weights' shape, `kv` how many heads keys and values have, each `d` wide; a layer of the
 * grid is one of the `layers` heads of one text, rows × cols of it.
 */
function call(
  kernel: string,
  y: Tensor,
  p: Tensor,
  kv: number,
  d: number,
  [rows, cols]: [number, number],
  layers: number,
): Call {
  const [left, right] = y.inputs.map((t) => t.shape[0]);
  const [, heads, t, s] = p.shape;
  const grid: Call["grid"] = [Math.ceil(cols / BLOCK), Math.ceil(rows / BLOCK), y.shape[0] * layers];
  const flops = 2 * y.shape[0] * heads * t * s * d;
  return { kernel, args: [y.shape[0], heads, kv, t, s, d, left, right, y.attrs.scale], grid, flops };
}
