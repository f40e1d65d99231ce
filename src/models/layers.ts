// Parts that families share, each a function from tensors to tensors. A dense layer's bias that the file lacks is zeros, as
// transformers initialises it; one that a class or its config has not is taken out of the weights before: see biased().

import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import { cols, rows, type Tensor } from "../graph/tensor.ts";
import { context, scores } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { layerNorm } from "../ops/norm.ts";
import { type Span, softmax } from "../ops/softmax.ts";
import { type Config, flag, major } from "./config.ts";
import type { NetworkInputs } from "./family.ts";

/** x · weightᵀ + bias, `out` wide. */
export const dense = (x: Tensor, w: Weights, out: number): Tensor =>
  linear(x, w.get("weight", [out, cols(x)]), w.find("bias", [out]));

/** Which rows of a dense layer `all` wide: `out` from `first` on; `transposed` if the checkpoint has them as columns. */
export interface Slice {
  out: number;
  first?: number;
  all?: number;
  transposed?: boolean;
}

/** A part of a dense layer, as one of its own. */
export function slice(x: Tensor, w: Weights, { out, first = 0, all = out, transposed }: Slice): Tensor {
  const bias = w.shape("bias") && w.part("bias", [all], first, out);
  return linear(x, w.part("weight", [all, cols(x)], first, out, transposed), bias);
}

/**
 * A layer norm; only the bias of a `bare` one may be missing. What old checkpoints call gamma and beta are weight and bias of
 * one with a name that ends in LayerNorm.
 */
export function norm(x: Tensor, w: Weights, eps: number, bare = false): Tensor {
  const shape = [cols(x)];
  if (bare) return layerNorm(x, w.get("weight", shape), w.find("bias", shape) ?? w.constant(0, shape), eps);
  const old = w.name("").endsWith("LayerNorm.");
  return layerNorm(
    x,
    (old && w.find("gamma", shape)) || w.get("weight", shape),
    (old && w.find("beta", shape)) || w.get("bias", shape),
    eps,
  );
}

/** The most bytes of attention weights that a layer keeps; beyond, propagation makes them again, block by block. */
const MOST_WEIGHTS = 2 ** 25;

/** Each token sees itself and those before it. */
export const causal: Span = { before: 2 ** 30, after: 0 };

/** How far a decoder sees: transformers 5 asks is_causal too, and where it is false each token sees the whole text. */
export const causalSpan = (config: Config): Span | undefined =>
  major(config) < 5 || flag(config, "is_causal") ? causal : undefined;

/** Attention: its projections and options. */
export interface Attention {
  heads: number;
  /** How many heads keys and values have, each for a group of the others that follow one another (default `heads`). */
  kvHeads?: number;
  /** Projections of x: queries of any width, and keys and values of the same width a head. */
  project: Record<"q" | "k" | "v" | "o", (x: Tensor) => Tensor>;
  /** Scores are multiplied by it (default 1/√ of a head's width). */
  scale?: number;
  /** Bounds scores, before anything is added to them. */
  cap?(scores: Tensor): Tensor;
  /** Is added to scores [batch, heads, n, t]; it may have fewer dimensions. */
  bias?(q: Tensor, k: Tensor): Tensor;
  /** How far a token sees. */
  span?: Span;
  /** What makes weights of scores (default softmax). */
  weigh?: typeof softmax;
}

/**
 * Multi-head attention of `x` [batch, n, d] to the first `lengths` [batch] tokens of each text in `to` [batch, t, d]. Its
 * weights [batch, heads, n, t] are kept for propagation unless `recompute`, by default where they are large.
 */
export function attention(
  x: Tensor,
  to: Tensor,
  { lengths, recompute, attend, capture, pastKeyValues, mask }: Omit<NetworkInputs, "tokenEmbeddings">,
  { heads, kvHeads = heads, project, scale, cap, bias, span: seen, weigh = softmax }: Attention,
): Tensor {
  const [q, keys, values] = [project.q(x), project.k(to), project.v(to)];
  for (const [field, n, width] of [
    ["num_attention_heads", heads, cols(q)],
    [kvHeads === heads ? "num_attention_heads" : "num_key_value_heads", kvHeads, cols(values)],
  ] as const) {
    if (width % n === 0) continue;
    const message = `config.json's ${field} is ${n}, which does not divide the hidden size ${width}`;
    throw new RelpropError("ConfigMismatch", message, { field });
  }
  const by = scale ?? 1 / Math.sqrt(cols(q) / heads);
  capture?.({ queries: q, keys, values });
  const k = pastKeyValues?.append("keys", keys) ?? keys;
  const v = pastKeyValues?.append("values", values) ?? values;
  const span = pastKeyValues && seen ? { ...seen, offsets: pastKeyValues.position } : seen;
  const together = () => {
    const plain = scores(q, k, heads, by);
    const capped = cap?.(plain) ?? plain;
    const s = bias ? add(capped, bias(q, k)) : capped;
    const weights = weigh(s, lengths, span);
    capture?.({ scores: cap ? plain : s, weights });
    return context(weights, v, { kv: kvHeads });
  };
  const again = recompute ?? 4 * heads * rows(x) * to.shape[1] > MOST_WEIGHTS;
  const simple = !cap && !bias && weigh === softmax && cols(k) === cols(v);
  const y = attend && again && simple ? attend(q, k, v, lengths, heads, by, span) : together();
  const attentionOutput = project.o(mask?.("heads", y) ?? y);
  capture?.({ context: y, attentionOutput });
  return attentionOutput;
}

/** What is left of a block's neurons. */
export const active = (neurons: Tensor, { mask }: NetworkInputs): Tensor => mask?.("neurons", neurons) ?? neurons;

/** The names that BERT and its kin give to a block's layers, and how its activation is written. */
export interface PostNorm {
  heads: number;
  /** How many of them this block has lost (default 0): its queries, keys and values are that much narrower. */
  lost?: number;
  inner: number;
  eps: number;
  act(x: Tensor): Tensor;
  names: Record<"q" | "k" | "v" | "o" | "norm" | "up" | "down" | "after", string>;
  bias?: Attention["bias"];
  scale?: number;
  span?: Span;
}

/** Attention of the rows `from` to `to`, added to the stream that goes around it. */
export function attentionSublayer(
  read: Tensor,
  from: Tensor,
  to: Tensor,
  embedded: NetworkInputs,
  how: Attention,
): Tensor {
  const sum = add(read, attention(from, to, embedded, how));
  embedded.capture?.({ residualInput: read, attention: sum });
  return sum;
}

/**
 * The neurons that `up` makes of `x` and what `down` makes of them, added to the stream that goes around them; without `down`
 * what `up` makes, which then has no neurons of the block's own.
 */
export function feedForwardSublayer(
  preMlpStream: Tensor,
  x: Tensor,
  embedded: NetworkInputs,
  up: (x: Tensor) => Tensor,
  down: ((neurons: Tensor) => Tensor) | undefined,
  parallel = false,
): Tensor {
  const made = up(x);
  const neurons = down && active(made, embedded);
  const sum = add(preMlpStream, neurons ? down(neurons) : made);
  embedded.capture?.({ preMlpStream, neurons, feedforward: sum, ...(parallel && { parallel: neurons }) });
  return sum;
}

/** A block of Vaswani et al. 2017: attention and two dense layers, each added to what it read and then normalised. */
export function postNorm(
  layer: Weights,
  read: Tensor,
  x: Tensor,
  embedded: NetworkInputs,
  { heads: all, lost = 0, inner, eps, act, names, ...how }: PostNorm,
): Tensor {
  const d = cols(x);
  const to = (name: string, out: number) => (x: Tensor) => dense(x, layer.at(name), out);
  const heads = all - lost;
  const wide = lost ? (d / all) * heads : d;
  const project = { q: to(names.q, wide), k: to(names.k, wide), v: to(names.v, wide), o: to(names.o, d) };
  const attended = attentionSublayer(read, read, x, embedded, { heads, project, ...how });
  const preMlpStream = norm(attended, layer.at(names.norm), eps);
  const up = (x: Tensor) => act(to(names.up, inner)(x));
  return norm(
    feedForwardSublayer(preMlpStream, preMlpStream, embedded, up, to(names.down, d)),
    layer.at(names.after),
    eps,
  );
}
