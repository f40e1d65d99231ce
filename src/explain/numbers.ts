// A run's numbers of tensors within blocks, for one text and target.

import type { Captures } from "../engine/network.ts";
import type { Block } from "../models/family.ts";
import type { Composite } from "../propagation/composites.ts";
import type { BackwardPass, ExplanationTrace } from "./trace.ts";

/** One text's numbers of a run. @internal */
export interface RunNumbers {
  trace: ExplanationTrace;
  backward: BackwardPass;
  composite: Composite;
  /** Of the forward pass. */
  forward(name: string): Float32Array;
  /** Of a target's walk. */
  mine(name: string): Float32Array;
  /** What the ledger accounts for. */
  logit: number;
}

/** The blocks that have this tensor. */
export const blocksWith = ({ trace }: RunNumbers, field: keyof Block): number[] =>
  [...trace.captured.blocks.entries()].flatMap(([i, block]) => (block[field] ? [i] : []));

/** A block's tensor. */
export const inBlock =
  (i: number, field: keyof Block) =>
  ({ blocks }: Captures<string>): string | undefined =>
    blocks[i][field];

/** Σ x · g over all rows and columns, or where `at` says. */
export function relevance(x: Float32Array, g: Float32Array, from = 0, to = x.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i] * g[i];
  return sum;
}

/** A tensor's numbers and its gradient, and how many rows it has and how wide they are. */
export function valuesAndGradient(
  { trace, backward, forward, mine }: RunNumbers,
  of: (watched: Captures<string>) => string | undefined,
) {
  const name = of(trace.captured)!;
  const { shape } = trace.outputs[name];
  const [heads, rows, width] = shape.slice(-3); // heads of what has them
  const gradient = of(backward.gradients);
  return { x: forward(name), g: gradient === undefined ? undefined : mine(gradient), heads, rows, width };
}
