// One op or rule by itself: run between canaries, and what it keeps held against the ledger's definition.

import * as assert from "uvu/assert";
import type { Backend, Data } from "../src/backends/backend.ts";
import { plan } from "../src/graph/plan.ts";
import { type Attrs, history, input, type Kept, type Op, type Rule, type Tensor } from "../src/graph/tensor.ts";
import { close, random } from "./support.ts";

const EDGE = 8; // elements beyond each buffer's end

/** What lies beyond a buffer: every other element a NaN, so that reading it shows, the rest what no kernel computes. */
const beyond = (buffer: number, i: number) => (i % 2 ? Math.fround((buffer + 1) * 1e28) : Number.NaN);

/**
 * As run(), but no buffer serves twice, outputs start as NaNs, and an edge follows each buffer. A kernel that reads past
 * an input spoils its output; one that leaves out an element, or writes anywhere but into its output, is told here.
 * Leaves must be inputs.
 */
export async function runGuarded(backend: Backend, outputs: Record<string, Tensor>, data: Data): Promise<Data> {
  const made = history(Object.values(outputs)).filter((t) => t.name === undefined);
  const bare = plan({ ...Object.fromEntries(made.map((t) => [`${t.op.name} #${t.id}`, t])), ...outputs });
  const leaves = new Map(Object.entries(bare.inputs).map(([name, { buffer }]) => [buffer, name]));

  const buffers = bare.buffers.map(({ bytes }) => ({ bytes: bytes + 4 * EDGE }));
  const every: Record<string, { buffer: number; size: number }> = {};
  const before: Data = {};
  for (const [buffer, { bytes }] of buffers.entries()) {
    const size = bytes / 4;
    const key = `buffer ${buffer}`;
    const content = data[leaves.get(buffer) ?? ""] ?? new Float32Array(size - EDGE).fill(Number.NaN);
    assert.is(content.length, size - EDGE, `input ${leaves.get(buffer)}`);
    before[key] = Float32Array.from({ length: size }, (_, i) => content[i] ?? beyond(buffer, i));
    every[key] = { buffer, size };
  }
  const program = await backend.prepare({ ...bare, buffers, inputs: every, outputs: every });
  const after = await program.run(before).finally(() => program.dispose());

  const kernels = bare.steps.map(({ kernel }) => kernel).join(", ");
  for (const [key, { buffer, size }] of Object.entries(every)) {
    const own = leaves.has(buffer) ? 0 : size - EDGE;
    const missing = after[key].subarray(0, own).findIndex(Number.isNaN);
    assert.is(missing, -1, `${kernels}: element ${missing} of ${size - EDGE} left out, or NaN`);
    const foreign = after[key].findIndex((v, i) => i >= own && !Object.is(v, before[key][i]));
    assert.is(foreign, -1, `${kernels}: wrote to element ${foreign} of ${leaves.get(buffer) ?? "an output"}`);
  }
  const results = Object.keys(outputs).map((name) => {
    const { buffer, size } = bare.outputs[name];
    return [name, after[`buffer ${buffer}`].subarray(0, size)];
  });
  return Object.fromEntries(results);
}

/** ⟨a, b⟩ in float64; a shorter one is read again from its start. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length && b.length ? Math.max(a.length, b.length) : 0;
  let total = 0;
  for (let i = 0; i < n; i++) total += a[i % a.length] * b[i % b.length];
  return total;
}

/** `a` as often as `times` says: a forward tensor beside the gradients of several targets. */
export const again = (a: ArrayLike<number>, times: number): Float64Array =>
  Float64Array.from({ length: times * a.length }, (_, i) => a[i % a.length]);

/** What a rule makes of a gradient. */
export interface Ruled {
  y: Float32Array;
  g: Float32Array;
  to: (Float32Array | undefined)[];
  kept: Partial<Record<Kept["entry"], number>>;
  /** Σ|y g| + Σ|x g_x|, against which errors of what is kept are measured. */
  scale: number;
}

interface How {
  options?: Attrs;
  /** The inputs that relevance flows to, by default the first alone. */
  carries?: boolean[];
  /** Gradients may hold several times the rows of the forward pass. */
  targets?: number;
  /** The gradient, random if not given. */
  g?: Float32Array;
}

/** An op's rule by its name, of an op with parts by the names of theirs. */
export const ruleOf = (op: Op, names: string): Rule => op.compose?.(names.split(" ")) ?? op.rules![names];

/** Passes a gradient through `y`'s op by one of its rules; what that keeps must be ⟨y, g⟩ − Σ ⟨x, g_x⟩. */
export async function ruled(backend: Backend, y: Tensor, rule: string, data: Data, how: How = {}): Promise<Ruled> {
  const shape = [(how.targets ?? 1) * y.shape[0], ...y.shape.slice(1)];
  const g =
    how.g ??
    random(
      shape.reduce((n, d) => n * d, 1),
      77,
    );
  const carries = y.inputs.map((_, i) => (how.carries ?? [true])[i] ?? false);
  const passed = ruleOf(y.op, rule)(input("g", shape), y, { options: how.options ?? {}, carries });
  const outputs: Record<string, Tensor> = { y };
  for (const [i, t] of passed.gradients.entries()) if (t && carries[i]) outputs[`to ${i}`] = t;
  for (const [i, { rows }] of (passed.kept ?? []).entries()) outputs[`kept ${i}`] = rows;
  const found = await runGuarded(backend, outputs, { ...data, g });

  const kept: Ruled["kept"] = {};
  for (const [i, { entry, times = 1 }] of (passed.kept ?? []).entries()) {
    kept[entry] = (kept[entry] ?? 0) + times * inner(found[`kept ${i}`], [1]);
  }
  const to = y.inputs.map((_, i) => found[`to ${i}`]);
  const pairs = y.inputs.flatMap((x, i) => (to[i] ? [[data[x.name!], to[i]]] : []));
  const lost = inner(found.y, g) - pairs.reduce((sum, [x, gx]) => sum + inner(x, gx), 0);
  const scale = [[found.y, g], ...pairs].reduce((sum, [a, b]) => sum + inner(a.map(Math.abs), b.map(Math.abs)), 0);
  const total = Object.values(kept).reduce((sum, amount) => sum + amount, 0);
  close([total], [lost], KEPT, `kept = ⟨y, g⟩ − Σ⟨x, g_x⟩, ${y.op.name} ${rule}: [${y.shape}]`, scale || 1);
  return { y: found.y, g, to, kept, scale };
}

/** Of Σ|y g| + Σ|x g_x|. */
// Measured on WASM and SwiftShader: 1.7e-7.
const KEPT = 5e-7;
