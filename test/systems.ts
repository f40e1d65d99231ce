// What the tests of the related systems share: checkpoints written in memory, matrices in float64, and the ledger's law.

import * as assert from "uvu/assert";
import type { Contents } from "../src/checkpoint/sources.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import type { ExplainOptions } from "../src/explain/options.ts";
import type { Input } from "../src/inputs/encoded.ts";
import { methods } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { encoded, pack, type Stored } from "./checkpoint.ts";
import { close, places, random } from "./support.ts";

export type Matrix = number[][];

/** A checkpoint's files: tensors as matrices or vectors. */
export function files(
  config: object,
  tensors: Record<string, Matrix | number[] | number[][][]>,
  tokenizer?: object,
): Record<string, Contents> {
  const stored = Object.entries(tensors).map(([name, x]): [string, Stored] => {
    const shape: number[] = [];
    for (let part: unknown = x; Array.isArray(part); part = part[0]) shape.push(part.length);
    return [name, { dtype: "F32", shape, bytes: encoded(Float32Array.from(x.flat(2) as number[]), "F32") }];
  });
  return {
    "config.json": JSON.stringify(config),
    "model.safetensors": pack(stored),
    ...(tokenizer && { "tokenizer.json": JSON.stringify(tokenizer) }),
  };
}

/** The model on every backend here, one after the other. */
export async function everywhere(from: Record<string, Contents>, run: (model: Model) => Promise<void>): Promise<void> {
  for (const place of places) {
    const model = await load(from, { ...place, deterministic: true, name: place.backend });
    try {
      await run(model);
    } finally {
      await model.dispose();
    }
  }
}

/** Words w0, w1, … by white space, no special tokens. */
export const words = (n: number): object => ({
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "BertNormalizer", lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: null,
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "w0",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(Array.from({ length: n }, (_, i) => [`w${i}`, i])),
  },
});

export const zeros = (n: number, m = n): Matrix => Array.from({ length: n }, () => Array<number>(m).fill(0));
export const eye = (n: number, by = 1): Matrix => zeros(n).map((row, i) => row.map((_, j) => (i === j ? by : 0)));
export const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
export const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);

/** Numbers that f32 holds exactly, nearly Gaussian. */
export function normal(n: number, m: number, seed: number, by = 1): Matrix {
  const draws = random(6 * n * m, seed);
  const one = (i: number) => draws.subarray(6 * i, 6 * i + 6).reduce((sum, v) => sum + v, 0) / Math.SQRT2;
  return zeros(n, m).map((row, i) => row.map((_, j) => Math.fround(by * one(i * m + j))));
}

/** max |Δ| ≤ tolerance of the largest. */
export function near(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, tolerance = 1e-5): void {
  assert.is(actual.length, expected.length, what);
  const scale = Math.max(1e-30, ...Array.from(expected, Math.abs));
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i] - expected[i]) / scale;
    assert.ok(off <= tolerance, `${what}: [${i}] is ${actual[i]}, expected ${expected[i]} (${off})`);
  }
}

export const relevance = ({ tokens }: Explanation): number[] => tokens.map(({ relevance }) => relevance);

/** 2e-6 of what the ledger's size is: Σ|R| + Σ|other entries|. */
export function closes(told: Explanation, what: string, most = 2e-6): void {
  const { logit, tokens, residual, ...others } = told.ledger;
  const size = [...relevance(told), ...Object.values(others)].reduce((sum, v) => sum + Math.abs(v), 0);
  const off = Math.abs(residual) / (size || 1);
  close([off], [0], most, `residual of the ledger: ${what}, ${told.method} at ${told.at}`, 1);
}

/** Every method's ledger closes; those of which a reading point speaks. */
export async function allClose(
  model: Model,
  input: Input,
  what: string,
  options: ExplainOptions = {},
  most = 2e-6,
): Promise<void> {
  for (const method of methods.keys()) {
    closes(await model.explain(input, { ...options, method }), `${what} on ${model.backend}`, most);
  }
}
