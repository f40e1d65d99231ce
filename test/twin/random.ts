// Random small BERT classifiers under a checkpoint's tensor names, the same for the same seed everywhere.

import type { Model, Tensor } from "./bert.ts";

/** Uniform in [0, 1): mulberry32. */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed, by Box and Muller. */
export function gaussian(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

export interface Size {
  layers: number;
  width: number;
  heads: number;
  middle: number;
  vocabulary: number;
  positions: number;
  classes: number;
  /** Without: no bias, and no β. */
  bias: boolean;
  act: string;
  eps: number;
}

const usual: Size = {
  layers: 2,
  width: 12,
  heads: 3,
  middle: 20,
  vocabulary: 30,
  positions: 24,
  classes: 3,
  bias: true,
  act: "gelu",
  eps: 1e-12,
};

export function randomModel(seed: number, change: Partial<Size> = {}): Model {
  const size = { ...usual, ...change };
  const weights = new Map<string, Tensor>();
  const normal = gaussian(seed);
  const put = (name: string, shape: number[], spread: number, mean = 0) => {
    const count = shape.reduce((product, n) => product * n, 1);
    weights.set(name, { shape, data: Float64Array.from({ length: count }, () => mean + spread * normal()) });
  };
  const dense = (name: string, outputs: number, inputs: number) => {
    put(`${name}.weight`, [outputs, inputs], 1.4 / Math.sqrt(inputs));
    if (size.bias) put(`${name}.bias`, [outputs], 0.3);
  };
  const norm = (name: string) => {
    put(`${name}.weight`, [size.width], 0.3, 1);
    if (size.bias) put(`${name}.bias`, [size.width], 0.3);
  };

  put("bert.embeddings.word_embeddings.weight", [size.vocabulary, size.width], 1);
  put("bert.embeddings.position_embeddings.weight", [size.positions, size.width], 1);
  put("bert.embeddings.token_type_embeddings.weight", [2, size.width], 1);
  norm("bert.embeddings.LayerNorm");
  for (let i = 0; i < size.layers; i++) {
    const name = `bert.encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) dense(`${name}.attention.self.${part}`, size.width, size.width);
    dense(`${name}.attention.output.dense`, size.width, size.width);
    norm(`${name}.attention.output.LayerNorm`);
    dense(`${name}.intermediate.dense`, size.middle, size.width);
    dense(`${name}.output.dense`, size.width, size.middle);
    norm(`${name}.output.LayerNorm`);
  }
  dense("bert.pooler.dense", size.width, size.width);
  dense("classifier", size.classes, size.width);
  const config = {
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    hidden_act: size.act,
    layer_norm_eps: size.eps,
  };
  return { weights, config };
}

export function randomIds(seed: number, count: number, vocabulary = usual.vocabulary): number[] {
  const next = uniform(seed);
  return Array.from({ length: count }, () => Math.floor(next() * vocabulary));
}
