// The two products of attention, per text and head. They are closed under their own gradients: the backward pass of
// each is made of the same three kernels, whose `scale` absorbs 1/√d and the uniform rule's half.

import { apply, check, type Kept, type Op, type Rule, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

/** scale · a · bᵀ in each head: [batch, t, heads·d] × [batch, s, heads·d] → [batch, heads, t, s]. */
export const scores = (a: Tensor, b: Tensor, heads: number, scale: number): Tensor =>
  apply(Scores, [a, b], { heads, scale });

/** scale · p · x in each head: [batch, heads, t, s] × [batch, s, heads·d] → [batch, t, heads·d]. */
export const context = (p: Tensor, x: Tensor, scale = 1): Tensor => apply(Context, [p, x], { scale });

/** scale · pᵀ · x in each head: [batch, heads, t, s] × [batch, t, heads·d] → [batch, s, heads·d]. */
export const contextT = (p: Tensor, x: Tensor, scale: number): Tensor => apply(ContextT, [p, x], { scale });

/**
 * Each factor of a product that carries relevance gets `share` of the gradient, a lone one all of it. A share of 1 is
 * the derivative, which counts the product twice; of ½ AttnLRP's uniform rule (Prop. 3.3).
 */
const product = (share: number, factors: (g: Tensor, y: Tensor, share: number) => [Tensor, Tensor]): Rule => {
  return (g, y, { carries }) => {
    const both = carries[0] && carries[1];
    const twice: Kept[] = both && share !== 1 / 2 ? [{ entry: "products", rows: dot(g, y), times: 1 - 2 * share }] : [];
    return { to: factors(g, y, both ? share : 1), kept: twice };
  };
};

const scoresRule = (share: number) =>
  product(share, (g, { inputs: [a, b], attrs: { scale } }, s) => [context(g, b, s * scale), contextT(g, a, s * scale)]);

const contextRule = (share: number) =>
  product(share, (g, { inputs: [p, x], attrs: { scale } }, s) => [
    scores(g, x, p.shape[1], s * scale),
    contextT(p, g, s * scale),
  ]);

export const Scores: Op = {
  name: "scores",
  shape: (inputs, { heads }) => {
    const [a, b] = inputs;
    check(a.shape[2] === b.shape[2] && a.shape[2] % heads === 0, "scores", inputs);
    return [batch(inputs), heads, a.shape[1], b.shape[1]];
  },
  call: (y) => call("scores", y, y, y.inputs[0].shape[2], [y.shape[2], y.shape[3]]),
  rules: { gradient: scoresRule(1), uniform: scoresRule(1 / 2) },
};

export const Context: Op = {
  name: "context",
  shape: (inputs) => {
    const [p, x] = inputs;
    check(p.shape[3] === x.shape[1] && x.shape[2] % p.shape[1] === 0, "context", inputs);
    return [batch(inputs), p.shape[2], x.shape[2]];
  },
  call: (y) => call("context", y, y.inputs[0], y.shape[2], [y.shape[1], y.shape[2] / y.inputs[0].shape[1]]),
  rules: {
    gradient: contextRule(1),
    uniform: contextRule(1 / 2),
    // Ali et al. 2022, AH: the attention weights are constants, all relevance goes to the values.
    values: (g, y, { carries }) => {
      const [p] = y.inputs;
      if (!carries[1]) return { to: [], kept: [{ entry: "products", rows: dot(g, y) }] };
      return { to: [undefined, contextT(p, g, y.attrs.scale)] };
    },
  },
};

const ContextT: Op = {
  name: "context_t",
  shape: (inputs) => {
    const [p, x] = inputs;
    check(p.shape[2] === x.shape[1] && x.shape[2] % p.shape[1] === 0, "context_t", inputs);
    return [batch(inputs), p.shape[3], x.shape[2]];
  },
  call: (y) => call("context_t", y, y.inputs[0], y.shape[2], [y.shape[1], y.shape[2] / y.inputs[0].shape[1]]),
};

/** A gradient may hold several targets' worth of texts; the forward tensor is then read again from its start. */
function batch(inputs: readonly Tensor[]): number {
  const [a, b] = inputs.map((t) => t.shape[0]);
  check(Math.max(a, b) % Math.min(a, b) === 0, "a product of attention", inputs);
  return Math.max(a, b);
}

const BLOCK = 32; // rows and columns of a workgroup's outputs, as in shaders/attention.wgsl

/** `p` is the tensor of attention weights' shape; a layer of the grid is one head of one text, rows × cols of it. */
function call(kernel: string, y: Tensor, p: Tensor, width: number, [rows, cols]: [number, number]) {
  const [left, right] = y.inputs.map((t) => t.shape[0]);
  const [, heads, t, s] = p.shape;
  const grid: [number, number, number] = [Math.ceil(cols / BLOCK), Math.ceil(rows / BLOCK), y.shape[0] * heads];
  const flops = 2 * y.shape[0] * t * s * width;
  return { kernel, args: [y.shape[0], heads, t, s, width / heads, left, right, y.attrs.scale], grid, flops };
}
