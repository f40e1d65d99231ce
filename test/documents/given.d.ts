// What blocks of the documents may use without saying where it comes from: given.mjs has the values.

import type * as relprop from "relprop";
import type { Diagnosis, Explanation, Message, Model } from "relprop";

declare global {
  const load: typeof relprop.load, html: typeof relprop.html, svg: typeof relprop.svg;
  /** The sentiment model. */
  const model: Model;
  /** Tiny models with random weights, for each task. */
  const ner: Model, qa: Model, filler: Model, gpt2: Model, chat: Model, minilm: Model;
  /** The digits, the looped linear Transformer and the shapes of the examples. */
  const digits: Model, looped: Model, shapes: Model;
  /** What Deno's notebook has. */
  const Deno: { jupyter: { html(parts: TemplateStringsArray, ...values: unknown[]): unknown } };
  const text: string;
  const texts: string[];
  const messages: Message[];
  const explanation: Explanation;
  const diagnosis: Diagnosis;
  /** A PNG. */
  const file: Uint8Array;
  const rows: number[][];
  const points: [number, number, number][];
}
