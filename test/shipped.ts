// The shipped model for tests: its folder, its files as buffers, and how results are compared.

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import type { Explanation } from "../src/explain/explanation.ts";

export const folder = new URL("../models/sst2-tiny/", import.meta.url);
export const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
export const buffers = () =>
  Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));

export const texts = [
  "A gorgeous, witty, seductive movie.",
  "not a bad movie",
  "",
  "It is hard to say what it wants, but it wants it badly, and for two hours and a half it does not let go of you once.",
];

/** The code a promise rejects with, or "none". */
export async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
  return "none";
}

export const relevance = ({ tokens }: Pick<Explanation, "tokens">): number[] =>
  tokens.map(({ relevance }) => relevance);

/** Σ|R| */
export const size = (explanation: Pick<Explanation, "tokens">): number =>
  relevance(explanation).reduce((n, r) => n + Math.abs(r), 0);

/** max |ΔR| / Σ|R| */
export function apart(a: Explanation, b: Explanation): number {
  const [x, y] = [relevance(a), relevance(b)];
  assert.is(x.length, y.length);
  return Math.max(...x.map((v, i) => Math.abs(v - y[i]))) / size(a);
}
