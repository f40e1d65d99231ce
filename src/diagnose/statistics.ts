// Statistics of the stream and of blocks, from a run's outputs.

import type { Engine, ProbeResult } from "../engine/engine.ts";
import type { Trace } from "../engine/network.ts";
import { cols } from "../graph/tensor.ts";
import { pauses } from "../pauses.ts";
import type { BlockStatistics, StreamStatistics } from "./diagnosis.ts";
import { type Matrices, neuronsOf } from "./matrices.ts";
import { ranks, singularValues } from "./spectrum.ts";

/** The outputs of a run that facts are made of. */
export interface Inside extends Trace {
  stream: string[];
  blocks: {
    weights: string;
    /** What attention adds to the stream. */
    attentionOutput: string;
    /** Of the gradient of each projection's matrix, the squares' sum in each row. */
    squares: { [K in "query" | "key" | "value"]?: string };
  }[];
  /** The weights that an energy is computed from. */
  energy: ReadonlyMap<string, string>;
}

export async function streams(
  engine: Engine,
  { trace, of }: ProbeResult<Inside>,
  signal?: AbortSignal,
): Promise<StreamStatistics[]> {
  const pause = pauses(signal);
  const { energy } = engine.architecture;
  const weights = Object.fromEntries([...trace.energy].map(([name, output]) => [name, of(output)]));
  const found: StreamStatistics[] = [];
  for (const output of trace.stream) {
    const state = rowsOf(of(output), cols(trace.outputs[output]));
    found.push({ ...(await tokenSimilarity(state, signal)), ...(energy && { energy: energy.of(state, weights) }) });
    await pause();
  }
  return found;
}

function rowsOf(x: Float32Array, width: number): Float64Array[] {
  return Array.from({ length: x.length / width }, (_, j) => Float64Array.from(x.subarray(j * width, (j + 1) * width)));
}

/** How alike the rows are. */
async function tokenSimilarity(
  state: readonly Float64Array[],
  signal: AbortSignal | undefined,
): Promise<Omit<StreamStatistics, "energy">> {
  const n = state.length;
  const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, c) => sum + v * b[c], 0);
  const squares = state.map((x) => inner(x, x));
  const all = squares.reduce((sum, v) => sum + v, 0);
  const sum = state[0].map((_, c) => state.reduce((total, x) => total + x[c], 0));
  const unit = state.map((x, j) => x.map((v) => v / (Math.sqrt(squares[j]) || 1)));
  const direction = unit[0].map((_, c) => unit.reduce((total, x) => total + x[c], 0));
  const units = unit.reduce((total, x) => total + inner(x, x), 0);
  const together = inner(sum, sum);
  const pairs = n * (n - 1);
  const flat = state.flatMap((x) => Array.from(x));
  const variance = state.reduce((total, x) => total + x.reduce((s, v, c) => s + (v - sum[c] / n) ** 2, 0), 0);
  return {
    cosine: pairs ? (inner(direction, direction) - units) / pairs : 1,
    alignment: n > 1 ? (together - all) / ((n - 1) * (all || 1)) : 1,
    residual: Math.sqrt(variance / (all || 1)),
    ...ranks(await singularValues(flat, n, state[0].length, signal)),
  };
}

export async function blocks(
  seen: ProbeResult<Inside>,
  tokens: readonly number[] | undefined,
  own: Matrices | undefined,
  signal: AbortSignal | undefined,
): Promise<BlockStatistics[]> {
  const pause = pauses(signal);
  const found: BlockStatistics[] = [];
  for (const [i, { weights, attentionOutput, squares }] of seen.trace.blocks.entries()) {
    const variance = rowsOf(seen.of(attentionOutput), cols(seen.trace.outputs[attentionOutput])).map(varianceOf);
    const gradients: BlockStatistics["gradients"] = {};
    for (const name of ["query", "key", "value"] as const) {
      const output = squares[name];
      if (output) gradients[name] = Math.sqrt(seen.of(output).reduce((sum, v) => sum + v, 0));
    }
    const neurons = own && neuronsOf(own, i);
    const slope = logSlope(variance);
    found.push({ heads: heads(seen, weights, tokens), variance, ...slope, ...(neurons && { neurons }), gradients });
    await pause();
  }
  return found;
}

function heads(
  { trace, of }: ProbeResult<Inside>,
  weights: string,
  tokens?: readonly number[],
): BlockStatistics["heads"] {
  const [, n, queries, keys] = trace.outputs[weights].shape;
  const p = of(weights);
  return Array.from({ length: n }, (_, h) => {
    let entropy = 0;
    const massOf: number[] = [];
    for (let q = 0; q < queries; q++) {
      const row = p.subarray((h * queries + q) * keys, (h * queries + q + 1) * keys);
      // Weights of linear attention have any sign and sum; softmax's add up to 1.
      const total = row.reduce((sum, v) => sum + Math.abs(v), 0) || 1;
      const share = (v: number) => Math.abs(v) / total;
      for (const v of row) if (v) entropy -= share(v) * Math.log(share(v));
      massOf.push(tokens?.reduce((sum, j) => sum + share(row[j]), 0) ?? 0);
    }
    const mass = massOf.reduce((sum, v) => sum + v, 0) / queries;
    return { entropy: entropy / queries, ...(tokens && { mass, massOf }) };
  });
}

function varianceOf(x: Float64Array): number {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  return x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
}

/** The line through log variance over log position by least squares; positions count from 1, those of no variance do not. @internal */
export function logSlope(variance: readonly number[]): { slope: number; intercept: number } {
  const points = variance.flatMap((v, m) => (v > 0 ? [[Math.log(m + 1), Math.log(v)]] : []));
  const mean = (k: number) => points.reduce((sum, point) => sum + point[k], 0) / (points.length || 1);
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  const slope = spread ? points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) / spread : 0;
  return { slope, intercept: y - slope * x };
}
