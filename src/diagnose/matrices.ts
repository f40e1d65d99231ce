// The matrices of a network, read back from where it runs.

import type { Engine } from "../engine/engine.ts";
import { network } from "../engine/network.ts";
import { RelpropError } from "../errors.ts";
import { decoded, history, type Tensor, Weight } from "../graph/tensor.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Network } from "../models/family.ts";
import type { WeightStatistics } from "./diagnosis.ts";
import { ranks, singularValues } from "./spectrum.ts";

/** Of the matrices of a network, or of what they differ by from another's. */
export async function weightStatistics(
  { matrices: own }: Matrices,
  before: Matrices | undefined,
  signal: AbortSignal | undefined,
): Promise<WeightStatistics[]> {
  const found: WeightStatistics[] = [];
  for (const [name, { values, shape }] of own) {
    const old = before?.matrices.get(name);
    if (before && (!old || String(old.shape) !== String(shape))) {
      throw new RelpropError("InvalidOption", `the model to compare with has no ${name} of ${shape.join(" × ")}`);
    }
    const x = old ? values.map((v, i) => v - old.values[i]) : values;
    const singular = await singularValues(x, ...shape, signal);
    found.push({ name, shape, ...ranks(singular), singularValues: Array.from(singular) });
  }
  return found;
}

/** What a run that only reads weights is fed. */
const nothing: Encoded = {
  text: "",
  tokens: [{ id: 0, text: "", start: null, end: null, special: true }],
  given: {},
  warnings: [],
};

export interface Matrices {
  /** Of all dense layers, by the names that the checkpoint gives them. */
  matrices: Map<string, { values: Float32Array; shape: [number, number] }>;
  /** By block, the names of the matrices with a row for each neuron. */
  neurons: string[][];
}

/** What a dense layer's matrix is called, unless it is data. */
const called = ({ inputs: [, w] }: Tensor): string | undefined => (w.op === Weight ? w.name : undefined);

export async function readMatrices(engine: Engine, numLoops?: number, signal?: AbortSignal): Promise<Matrices> {
  const trace = ({ logits }: Network) => {
    const outputs: Record<string, Tensor> = {};
    for (const layer of history([logits])) {
      const name = layer.op.rowwise === "dense" ? called(layer) : undefined;
      if (name !== undefined) outputs[name] = decoded(layer.inputs[1]);
    }
    return { outputs };
  };
  const [seen] = await engine.probe([nothing], { kind: "matrices", network: { numLoops: 1 }, trace, rows: 1 }, signal);
  const matrices: Matrices["matrices"] = new Map();
  for (const [name, { shape }] of Object.entries(seen.trace.outputs)) {
    matrices.set(name, { values: seen.of(name), shape: [shape[0], shape[1]] });
  }
  const { blocks } = network(engine.architecture, 1, 1, { numLoops });
  return { matrices, neurons: blocks.map((block) => into(block.neurons)) };
}

/** The matrices of the dense layers right below neurons. */
function into(neurons: Tensor | undefined): string[] {
  if (!neurons) return [];
  if (neurons.op.rowwise === "dense") return [called(neurons)].flatMap((name) => name ?? []);
  return neurons.op.rowwise === "elementwise" ? neurons.inputs.flatMap(into) : [];
}

/** The length of each neuron's rows, of a block that has neurons. */
export function neuronsOf({ matrices, neurons }: Matrices, block: number): number[] | undefined {
  const names = neurons[block] ?? [];
  if (!names.length) return undefined;
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
