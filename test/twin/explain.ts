// Relevance by the gradient form: every op sends a (modified) gradient g to its inputs, and the relevance of what is read
// is x·g. Each op's ledger entry is computed by its formula and by the definition ⟨y, g_y⟩ − Σ⟨x, g_x⟩; they must agree.

import { type Activation, tanh } from "./activations.ts";
import { context, contextT, scores, softmaxGrad, softmaxKept } from "./attention.ts";
import { type Activations, activation, forward, type Layer, layerName, type Model, optional, tensor } from "./bert.ts";
import { epsilonKept, linearEpsilon, linearGrad, linearKept } from "./linear.ts";
import { layerNormGrad, layerNormKept } from "./norm.ts";
import { add, dot, type Numbers, scaled, total } from "./numbers.ts";
import type { Kept, Ledger, Point, Rules } from "./rules.ts";

export interface Explanation {
  /** One per token, padding included. */
  relevance: number[];
  ledger: Ledger;
  /** The residual stream's relevance, token by token: each block's input, then the last block's output. */
  stream: number[][];
  /** What passes through each block's parts. */
  blocks: Parts[];
  /** g at the tensor read. */
  gradient: Float64Array;
  activations: Activations;
}

export type Flow = [value: Numbers, g: Numbers];

export interface Parts {
  hidden: Flow;
  context: Flow;
  values: Flow;
  /** Where attention weights carry relevance. */
  queries?: Flow;
  keys?: Flow;
}

const AGREEMENT = 1e-10;

export function explain(
  model: Model,
  ids: number[],
  seed: number[],
  { rules, at, padded }: { rules: Rules; at: Point; padded?: number },
): Explanation {
  const a = forward(model, ids, padded);
  const walk = new Walk(model, rules, a);

  let g = walk.dense("classifier", a.pooled, a.logits, seed);
  g = walk.activation(tanh, a.pool, a.pooled, g);
  g = walk.dense("bert.pooler.dense", a.first, a.pool, g);
  const last = new Float64Array(a.embeddings.length);
  last.set(g);
  g = last;
  const stream = [byToken(a.layers.at(-1)?.out ?? a.embeddings, g, a.heads.tokens)];
  for (let i = a.layers.length - 1; i >= 0; i--) {
    g = walk.block(layerName(i), a.layers[i], g);
    stream.unshift(byToken(a.layers[i].x, g, a.heads.tokens));
  }

  let read = a.embeddings;
  if (at !== "embeddings") {
    g = walk.norm("bert.embeddings.LayerNorm", a.sum, a.embeddings, g);
    read = at === "words" ? a.words : a.sum;
    if (at === "words") walk.keep("constants", { constants: dot(a.places, g) }, [a.sum, g], [a.words, g]);
  }

  const relevance = byToken(read, g, a.heads.tokens);
  const logit = dot(seed, a.logits);
  const ledger = { logit, tokens: total(relevance), ...walk.kept, residual: 0 };
  ledger.residual = logit - ledger.tokens - total(Object.values(walk.kept));
  return { relevance, ledger, stream, blocks: walk.blocks.reverse(), gradient: g, activations: a };
}

/** Σ x·g over each token's row. */
function byToken(x: Numbers, g: Numbers, tokens: number): number[] {
  const width = x.length / tokens;
  const sums = new Array<number>(tokens).fill(0);
  for (let i = 0; i < x.length; i++) sums[Math.floor(i / width)] += x[i] * g[i];
  return sums;
}

class Walk {
  readonly kept = {
    biases: 0,
    norms: 0,
    constants: 0,
    positions: 0,
    softmax: 0,
    products: 0,
    activations: 0,
    epsilon: 0,
  };
  /** From the output down. */
  readonly blocks: Parts[] = [];
  readonly model: Model;
  readonly rules: Rules;
  readonly a: Activations;

  constructor(model: Model, rules: Rules, a: Activations) {
    this.model = model;
    this.rules = rules;
    this.a = a;
  }

  /** Enters what an op keeps, after checking it against the definition ⟨y, g_y⟩ − Σ⟨x, g_x⟩. */
  keep(op: string, kept: Kept, output: Flow, ...inputs: Flow[]): void {
    let definition = dot(...output);
    let scale = magnitude(...output);
    for (const input of inputs) {
      definition -= dot(...input);
      scale += magnitude(...input);
    }
    const formula = total(Object.values(kept));
    if (!(Math.abs(formula - definition) <= AGREEMENT * scale)) {
      throw new Error(`twin: ${op} keeps ${formula} by formula but ${definition} by definition, of ${scale}`);
    }
    for (const [entry, amount] of Object.entries(kept)) this.kept[entry as keyof Kept] += amount;
  }

  dense(name: string, x: Numbers, y: Numbers, g: Numbers): Float64Array {
    const { shape, data } = tensor(this.model, `${name}.weight`);
    const [outputs, inputs] = shape;
    const count = x.length / inputs;
    const epsilon = this.rules.linear === "gradient" ? 0 : this.rules.linear[1];
    const sent = epsilon ? linearEpsilon(g, y, epsilon) : g;
    const gx = linearGrad(sent, data, count, inputs, outputs);
    const bias = optional(this.model, `${name}.bias`);
    const biases = bias ? total(linearKept(sent, bias, count, outputs)) : 0;
    this.keep(name, { biases, epsilon: total(epsilonKept(sent, y, epsilon, count, outputs)) }, [y, g], [x, gx]);
    return gx;
  }

  norm(name: string, x: Numbers, y: Numbers, g: Numbers): Float64Array {
    const gamma = optional(this.model, `${name}.weight`);
    const beta = optional(this.model, `${name}.bias`);
    const epsilon = this.model.config.layer_norm_eps;
    const count = this.a.heads.tokens;
    const width = x.length / count;
    const rule = this.rules.norm;
    const gx = layerNormGrad(rule, x, gamma, epsilon, g, count, width);
    const norms = total(layerNormKept(rule, x, gamma, beta, epsilon, g, count, width));
    this.keep(name, { norms }, [y, g], [x, gx]);
    return gx;
  }

  activation(f: Activation, x: Float64Array, y: Numbers, g: Numbers): Float64Array {
    const identity = this.rules.activation === "identity";
    const gx = x.map((value, i) => g[i] * (identity ? f.gate(value) : f.derivative(value)));
    this.keep("activation", { activations: identity ? 0 : dot(x.map(f.kept), g) }, [y, g], [x, gx]);
    return gx;
  }

  block(name: string, layer: Layer, g: Float64Array): Float64Array {
    const sum2 = this.norm(`${name}.output.LayerNorm`, layer.sum2, layer.out, g);
    const hidden = this.dense(`${name}.output.dense`, layer.hidden, layer.down, sum2);
    const up = this.activation(activation(this.model), layer.up, layer.hidden, hidden);
    const middle = add(sum2, this.dense(`${name}.intermediate.dense`, layer.middle, layer.up, up));
    const sum = this.norm(`${name}.attention.output.LayerNorm`, layer.sum, layer.middle, middle);
    const gc = this.dense(`${name}.attention.output.dense`, layer.context, layer.attended, sum);
    const parts: Parts = { hidden: [layer.hidden, hidden], context: [layer.context, gc], values: [[], []] };
    this.blocks.push(parts);
    return add(sum, this.attention(`${name}.attention.self`, layer, gc, parts));
  }

  attention(name: string, { x, q, k, v, scores: s, p, context: c }: Layer, gc: Numbers, parts: Parts): Float64Array {
    const n = this.a.heads;
    const share = this.rules.context === "uniform" ? 0.5 : 1;
    const gv = scaled(contextT(p, gc, n), share);
    parts.values = [v, gv];
    const toValues = this.dense(`${name}.value`, x, v, gv);
    if (this.rules.context === "values") {
      this.keep("context", { products: 0 }, [c, gc], [v, gv]);
      return toValues;
    }

    const gp = scaled(scores(gc, v, 1, n), share);
    this.keep("context", { products: (1 - 2 * share) * dot(c, gc) }, [c, gc], [v, gv], [p, gp]);

    const count = n.heads * n.tokens;
    const gs = softmaxGrad(p, gp, count, n.tokens);
    this.keep("softmax", { softmax: total(softmaxKept(s, p, gp, count, n.tokens)) }, [p, gp], [s, gs]);

    const half = this.rules.scores === "uniform" ? 0.5 : 1;
    const scale = 1 / Math.sqrt(n.size);
    const gq = scaled(context(gs, k, n), half * scale);
    const gk = scaled(contextT(gs, q, n), half * scale);
    this.keep("scores", { products: (1 - 2 * half) * dot(s, gs) }, [s, gs], [q, gq], [k, gk]);

    parts.queries = [q, gq];
    parts.keys = [k, gk];
    const toQueries = this.dense(`${name}.query`, x, q, gq);
    const toKeys = this.dense(`${name}.key`, x, k, gk);
    return add(toValues, add(toQueries, toKeys));
  }
}

/** Σ |a b|, and no less than the least number that is not rounding noise. */
function magnitude(a: Numbers, b: Numbers): number {
  let sum = Number.MIN_VALUE;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] * b[i]);
  return sum;
}
