// A BERT sequence classifier's forward in float64, one text, every activation kept. Tensors go by the checkpoint's names.

import { activations } from "./activations.ts";
import { context, type Heads, scores, softmax } from "./attention.ts";
import { linear } from "./linear.ts";
import { layerNorm } from "./norm.ts";
import { add, type Numbers } from "./numbers.ts";

export interface Tensor {
  shape: number[];
  data: Float32Array | Float64Array | number[];
}

export interface Config {
  num_hidden_layers: number;
  num_attention_heads: number;
  hidden_act: string;
  layer_norm_eps: number;
}

export interface Model {
  weights: Map<string, Tensor>;
  config: Config;
}

export interface Layer {
  x: Numbers;
  q: Float64Array;
  k: Float64Array;
  v: Float64Array;
  scores: Float64Array;
  p: Float64Array;
  context: Float64Array;
  /** The attention's output linear, before the residual. */
  attended: Float64Array;
  /** x + attended */
  sum: Float64Array;
  middle: Float64Array;
  up: Float64Array;
  hidden: Float64Array;
  down: Float64Array;
  /** middle + down */
  sum2: Float64Array;
  out: Float64Array;
}

export interface Activations {
  heads: Heads;
  /** Real tokens; heads.tokens counts the padding too. */
  length: number;
  words: Numbers;
  /** Position and type vectors, added to the words. */
  places: Float64Array;
  /** words + places */
  sum: Float64Array;
  embeddings: Numbers;
  layers: Layer[];
  /** The class token's row of the last layer. */
  first: Float64Array;
  /** Before the pooler's tanh. */
  pool: Float64Array;
  pooled: Float64Array;
  logits: Float64Array;
}

/** `padded`: tokens after padding with id 0; padding is masked out of the attention. */
export function forward(model: Model, ids: number[], padded = ids.length): Activations {
  const { config } = model;
  const width = tensor(model, "bert.embeddings.word_embeddings.weight").shape[1];
  const size = width / config.num_attention_heads;
  const heads = { batch: 1, tokens: padded, heads: config.num_attention_heads, size };
  const all = [...ids, ...new Array<number>(padded - ids.length).fill(0)];

  const words = rows(model, "bert.embeddings.word_embeddings.weight", all);
  const places = add(
    rows(model, "bert.embeddings.position_embeddings.weight", [...all.keys()]),
    rows(model, "bert.embeddings.token_type_embeddings.weight", new Array<number>(padded).fill(0)),
  );
  const sum = add(words, places);
  const embeddings = norm(model, "bert.embeddings.LayerNorm", sum);

  const layers: Layer[] = [];
  let x = embeddings;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = block(model, i, x, heads, ids.length);
    layers.push(layer);
    x = layer.out;
  }

  const first = x.slice(0, width);
  const pool = dense(model, "bert.pooler.dense", first);
  const pooled = pool.map(Math.tanh);
  const logits = dense(model, "classifier", pooled);
  return { heads, length: ids.length, words, places, sum, embeddings, layers, first, pool, pooled, logits };
}

function block(model: Model, i: number, x: Float64Array, heads: Heads, length: number): Layer {
  const name = layerName(i);
  const q = dense(model, `${name}.attention.self.query`, x);
  const k = dense(model, `${name}.attention.self.key`, x);
  const v = dense(model, `${name}.attention.self.value`, x);
  const s = scores(q, k, 1 / Math.sqrt(heads.size), heads);
  const p = softmax(s, [length], heads.heads * heads.tokens, heads.tokens);
  const c = context(p, v, heads);
  const attended = dense(model, `${name}.attention.output.dense`, c);
  const sum = add(x, attended);
  const middle = norm(model, `${name}.attention.output.LayerNorm`, sum);

  const up = dense(model, `${name}.intermediate.dense`, middle);
  const hidden = up.map(activation(model).f);
  const down = dense(model, `${name}.output.dense`, hidden);
  const sum2 = add(middle, down);
  const out = norm(model, `${name}.output.LayerNorm`, sum2);
  return { x, q, k, v, scores: s, p, context: c, attended, sum, middle, up, hidden, down, sum2, out };
}

export function layerName(i: number): string {
  return `bert.encoder.layer.${i}`;
}

export function activation(model: Model) {
  const found = activations[model.config.hidden_act];
  if (!found) throw new Error(`twin: no activation ${model.config.hidden_act}`);
  return found;
}

export function dense(model: Model, name: string, x: Numbers): Float64Array {
  const { shape, data } = tensor(model, `${name}.weight`);
  const [outputs, inputs] = shape;
  return linear(x, data, optional(model, `${name}.bias`), x.length / inputs, inputs, outputs);
}

export function norm(model: Model, name: string, x: Numbers): Float64Array {
  const width = tensor(model, "bert.embeddings.word_embeddings.weight").shape[1];
  const gamma = optional(model, `${name}.weight`);
  const beta = optional(model, `${name}.bias`);
  return layerNorm(x, gamma, beta, model.config.layer_norm_eps, x.length / width, width);
}

export function tensor(model: Model, name: string): Tensor {
  const found = model.weights.get(name);
  if (!found) throw new Error(`twin: no tensor ${name}`);
  return found;
}

export function optional(model: Model, name: string): Numbers | null {
  return model.weights.get(name)?.data ?? null;
}

function rows(model: Model, name: string, ids: number[]): Float64Array {
  const { shape, data } = tensor(model, name);
  const picked = ids.flatMap((id) => Array.from({ length: shape[1] }, (_, i) => data[id * shape[1] + i]));
  return Float64Array.from(picked);
}
