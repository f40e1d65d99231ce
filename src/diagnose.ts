// What goes on inside a model while it reads a text: whether its tokens become alike, what attention looks at, which weights
// learn. Any checkpoint can be asked. Loaded when it is.

import type { Engine, Look, Seen } from "./engine.ts";
import { quote, RelpropError, throwIfAborted } from "./errors.ts";
import type { ClassScore } from "./explanation.ts";
import type { Encoded, Input } from "./inputs.ts";
import type { Model } from "./model.ts";
import type { Network } from "./models/family.ts";
import { contextT } from "./ops/attention.ts";
import { dot } from "./ops/dot.ts";
import { reshape } from "./ops/reshape.ts";
import type { PredictOptions } from "./question.ts";
import { type Ranks, ranks, singularValues } from "./spectrum.ts";
import { requests } from "./target.ts";
import { resolved } from "./targets.ts";
import { encode, labelsOf, named, placed, spread } from "./tasks.ts";
import { cols, history, rows, type Tensor } from "./tensor.ts";
import type { Token } from "./tokenizer.ts";
import { network } from "./trace.ts";

export interface DiagnoseOptions extends PredictOptions {
  /** Whose logit's gradient is told; as in explain(). */
  target?: string | number;
  contrast?: string | number;
  /** Tokens by their places: `mass` tells how much of each head's attention they get. */
  tokens?: readonly number[];
  /** Also the ranks of the network's matrices. */
  weights?: boolean;
  /** Another model of the same shape: `weights` are what the matrices differ by. */
  since?: Model;
}

/** A state of the residual stream: what enters a block, or leaves the last one. */
export interface StreamFacts extends Ranks {
  /** Mean cosine of two tokens' vectors. */
  cosine: number;
  /** Σ_{i≠j} ⟨x_i, x_j⟩ / ((n − 1) Σ ‖x_i‖²) (Noci et al. 2022). */
  alignment: number;
  /** ‖X − 1 x̄ᵀ‖_F / ‖X‖_F: how far from all tokens being the same (Dong et al. 2021). */
  residual: number;
  /** Of families that descend one. */
  energy?: Record<string, number>;
}

export interface BlockFacts {
  /** By head: the entropy of its attention weights in nats, and the mass on `tokens`, each a mean of all queries. */
  heads: { entropy: number; mass?: number; massOf?: number[] }[];
  /** By token: the variance of what attention adds to the stream, over its numbers. */
  variance: number[];
  /** Of log variance against log position, counted from 1, and its value at 1 (Chi et al. 2023). */
  slope: number;
  intercept: number;
  /** With `weights`: the length of what goes into each neuron, ‖its rows of the matrices before it‖. */
  neurons?: number[];
  /** ‖∂ logit / ∂W‖_F of the projections that attention has. */
  gradients: { query?: number; key?: number; value?: number };
}

export interface WeightFacts extends Ranks {
  name: string;
  shape: [rows: number, cols: number];
  /** Largest first. */
  singular: number[];
}

export interface Diagnosis {
  text: string;
  model: string;
  backend: "wasm" | "webgpu";
  tokens: Token[];
  target: ClassScore;
  contrast?: ClassScore;
  /** One more than there are blocks. */
  stream: StreamFacts[];
  blocks: BlockFacts[];
  weights?: WeightFacts[];
  warnings: string[];
}

/** Each text's. `engineOf` is the class's own look at what a model hides. @internal */
export async function diagnose(
  engineOf: (model: Model) => Engine,
  model: Model,
  texts: readonly Input[],
  options: DiagnoseOptions,
): Promise<Diagnosis[]> {
  const engine = engineOf(model);
  const { architecture } = engine.parts;
  const since = options.since && other(engineOf, options.since);
  const asking = { ...options, of: {} }; // numbers of an embedding may be asked for, or the first one is
  const labels = labelsOf(architecture, asking);
  const [request] = spread(architecture.task, requests(labels, named(architecture, options)));
  const encoded = await placed(engine, await encode(engine, texts, options), options);
  const own = options.weights || since ? await stored(engine, options.loops) : undefined;
  const weights = own && facts(own, since && (await stored(since, options.loops)));
  const results: Diagnosis[] = [];
  for (const one of encoded) {
    throwIfAborted(options.signal);
    const [logits] = await engine.predict([one], options.signal);
    const seen = await inside(engine, one, resolved(request, logits), options.signal);
    const { of } = engine.tools.scored(engine.about, logits);
    const less = request.indexOf(-1);
    results.push({
      text: one.text,
      model: engine.about.model,
      backend: engine.about.backend,
      tokens: one.tokens,
      target: of(resolved(request, logits).reduce((most, v, c, all) => (v > all[most] ? c : most), 0)),
      ...(less >= 0 && { contrast: of(less) }),
      stream: streams(engine, seen),
      blocks: blocks(seen, checked(options.tokens, one), own),
      ...(weights && { weights }),
      warnings: one.warnings,
    });
  }
  return results;
}

function other(engineOf: (model: Model) => Engine, model: Model): Engine {
  try {
    return engineOf(model);
  } catch (cause) {
    throw new RelpropError("InvalidOption", "`since` is a model that load() gave here, in no worker", {}, cause);
  }
}

function checked(tokens: readonly number[] | undefined, { tokens: { length: n } }: Encoded) {
  const odd = tokens?.find((j) => !(Number.isInteger(j) && j >= 0 && j < n));
  if (odd === undefined) return tokens;
  throw new RelpropError("InvalidOption", `there is no token ${quote(odd)}; this text has 0 to ${n - 1}`);
}

const projections = { query: "queries", key: "keys", value: "values" } as const;

/** The dense layer whose numbers these are, rotated or mixed at most; none where a family projects nothing. */
function denseOf(x: Tensor | undefined): Tensor | undefined {
  let at = x;
  while (at && at.op.name !== "linear") at = ["rotary", "add", "gate"].includes(at.op.name) ? at.inputs[0] : undefined;
  return at;
}

/** One run: the stream, attention weights and outputs, and for each projection the rows of squares of its gradient. */
async function inside(engine: Engine, one: Encoded, request: Float32Array, signal?: AbortSignal): Promise<Seen> {
  const { seed, propagate, input } = engine.tools;
  const trace: Look["trace"] = (net) => {
    const found: Record<string, Tensor> = {};
    for (const [i, x] of net.stream.entries()) found[`stream ${i}`] = x;
    const taps: [string, Tensor][] = [];
    for (const [i, block] of net.blocks.entries()) {
      for (const name of ["weights", "handed"]) if (block[name]) found[`${name} ${i}`] = block[name];
      for (const [name, of] of Object.entries(projections)) {
        const layer = denseOf(block[of]);
        if (layer) taps.push([`${name} ${i}`, layer]);
      }
    }
    const start = seed(net.logits, input("request", [1, request.length + 1]));
    const below = net.readings.get("embeddings")!;
    const layers = taps.map(([, layer]) => layer);
    const { tapped } = propagate(net.logits, start, [below], {}, layers);
    for (const [k, [name, layer]] of taps.entries()) {
      const g = tapped[k];
      if (!g) continue;
      const x = layer.inputs[0];
      // gᵀ x: of each row of W the sum over tokens.
      const gradient = contextT(reshape(g, [1, 1, rows(g), cols(g)]), reshape(x, [1, rows(x), cols(x)]), 1);
      found[name] = dot(gradient, gradient);
    }
    for (const [name, w] of Object.entries(engine.parts.architecture.energy?.weights ?? {}))
      found[`energy ${name}`] = w;
    return { outputs: found, walks: [] };
  };
  const made = { whole: true, recompute: false };
  const data = () => ({ request: Float32Array.from([...request, 0]) });
  const [seen] = await engine.look([one], { kind: "diagnose", made, trace, data, rows: one.tokens.length }, signal);
  return seen;
}

const numbered = ({ outputs }: Seen, name: string) =>
  Object.keys(outputs).filter((key) => key.startsWith(`${name} `)).length;

function streams(engine: Engine, seen: Seen): StreamFacts[] {
  const { energy } = engine.parts.architecture;
  const weights = Object.fromEntries(
    Object.keys(energy?.weights ?? {}).map((name) => [name, seen.of(`energy ${name}`)]),
  );
  return Array.from({ length: numbered(seen, "stream") }, (_, i) => {
    const width = cols(seen.outputs[`stream ${i}`]);
    const state = rowsOf(seen.of(`stream ${i}`), width);
    return { ...alike(state), ...(energy && { energy: energy.of(state, weights) }) };
  });
}

function rowsOf(x: Float32Array, width: number): Float64Array[] {
  return Array.from({ length: x.length / width }, (_, j) => Float64Array.from(x.subarray(j * width, (j + 1) * width)));
}

/** How alike the rows are. */
function alike(state: readonly Float64Array[]): Omit<StreamFacts, "energy"> {
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
  const spread = state.reduce((total, x) => total + x.reduce((s, v, c) => s + (v - sum[c] / n) ** 2, 0), 0);
  return {
    cosine: pairs ? (inner(direction, direction) - units) / pairs : 1,
    alignment: n > 1 ? (together - all) / ((n - 1) * (all || 1)) : 1,
    residual: Math.sqrt(spread / (all || 1)),
    ...ranks(
      singularValues(
        state.flatMap((x) => Array.from(x)),
        n,
        state[0].length,
      ),
    ),
  };
}

function blocks(seen: Seen, tokens?: readonly number[], own?: Stored): BlockFacts[] {
  return Array.from({ length: numbered(seen, "handed") }, (_, i) => {
    const width = cols(seen.outputs[`handed ${i}`]);
    const variance = rowsOf(seen.of(`handed ${i}`), width).map(spreadOf);
    const gradients: BlockFacts["gradients"] = {};
    for (const name of ["query", "key", "value"] as const) {
      if (!seen.outputs[`${name} ${i}`]) continue;
      gradients[name] = Math.sqrt(seen.of(`${name} ${i}`).reduce((sum, v) => sum + v, 0));
    }
    const into = own?.neurons[i] ?? [];
    const neurons = own && into.length ? lengths(own, into) : undefined;
    return { heads: heads(seen, i, tokens), variance, ...logSlope(variance), ...(neurons && { neurons }), gradients };
  });
}

function heads(seen: Seen, i: number, tokens?: readonly number[]): BlockFacts["heads"] {
  const [, n, queries, keys] = seen.outputs[`weights ${i}`].shape;
  const p = seen.of(`weights ${i}`);
  return Array.from({ length: n }, (_, h) => {
    let entropy = 0;
    const massOf: number[] = [];
    for (let q = 0; q < queries; q++) {
      const row = p.subarray((h * queries + q) * keys, (h * queries + q + 1) * keys);
      for (const v of row) if (v > 0) entropy -= v * Math.log(v);
      massOf.push(tokens?.reduce((sum, j) => sum + row[j], 0) ?? 0);
    }
    const mass = massOf.reduce((sum, v) => sum + v, 0) / queries;
    return { entropy: entropy / queries, ...(tokens && { mass, massOf }) };
  });
}

function spreadOf(x: Float64Array): number {
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

/** Of the matrices of a network, or of what they differ by from another's. */
function facts({ matrices: own }: Stored, before?: Stored): WeightFacts[] {
  return [...own].map(([name, { values, shape }]) => {
    const old = before?.matrices.get(name);
    if (before && (!old || String(old.shape) !== String(shape))) {
      throw new RelpropError("InvalidOption", `the model to compare with has no ${name} of ${shape.join(" × ")}`);
    }
    const singular = singularValues(old ? values.map((v, i) => v - old.values[i]) : values, ...shape);
    return { name, shape, ...ranks(singular), singular: Array.from(singular) };
  });
}

/** What a run that only reads weights is fed. */
const nothing: Encoded = {
  text: "",
  tokens: [{ id: 0, text: "", start: null, end: null, special: true }],
  given: {},
  warnings: [],
};

interface Stored {
  /** Of all dense layers, by the names that the checkpoint gives them. */
  matrices: Map<string, { values: Float32Array; shape: [number, number] }>;
  /** By block, those whose rows are its neurons'. */
  neurons: string[][];
}

/** What a dense layer's matrix is called: that of a narrow one is below what widens it. */
const called = ({ inputs: [, w] }: Tensor) => w.name ?? w.inputs[0]?.name;

async function stored(engine: Engine, loops?: number): Promise<Stored> {
  const trace = ({ logits }: Network) => {
    const outputs: Record<string, Tensor> = {};
    for (const layer of history([logits])) {
      const name = layer.op.name === "linear" ? called(layer) : undefined;
      if (name !== undefined) outputs[name] = layer.inputs[1];
    }
    return { outputs, walks: [] };
  };
  const [seen] = await engine.look([nothing], { kind: "matrices", trace, rows: 1 });
  const matrices: Stored["matrices"] = new Map();
  for (const [name, { shape }] of Object.entries(seen.outputs)) {
    matrices.set(name, { values: seen.of(name), shape: [shape[0], shape[1]] });
  }
  const { blocks } = network(engine.parts.architecture, 1, 1, { loops });
  return { matrices, neurons: blocks.map((block) => into(block.neurons)) };
}

/** The matrices of the dense layers right below neurons. */
function into(neurons: Tensor | undefined): string[] {
  if (!neurons) return [];
  if (neurons.op.name === "linear") return [called(neurons)].flatMap((name) => name ?? []);
  return ["activation", "gate"].includes(neurons.op.name) ? neurons.inputs.flatMap(into) : [];
}

/** The length of each neuron's rows. */
function lengths({ matrices }: Stored, names: readonly string[]): number[] {
  const [first] = names.map((name) => matrices.get(name)!);
  return Array.from({ length: first?.shape[0] ?? 0 }, (_, r) => {
    let squares = 0;
    for (const name of names) {
      const { values, shape } = matrices.get(name)!;
      for (let c = r * shape[1]; c < (r + 1) * shape[1]; c++) squares += values[c] ** 2;
    }
    return Math.sqrt(squares);
  });
}
