// What the tests share: the backends that are present, data with printed seeds, one helper for tolerances.

import * as assert from "uvu/assert";
import type { Backend, Data } from "../src/backends/backend.ts";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { webgpu } from "../src/backends/webgpu/webgpu.ts";
import { plan } from "../src/graph/plan.ts";
import { type Attrs, input, type Op, type Shape, type Tensor, weight } from "../src/graph/tensor.ts";

declare global {
  // Dawn crashes the process if its GPU object is collected while a device lives.
  var __gpu: GPU | undefined;
}

/** Which backends must be there: what RELPROP_BACKENDS lists, or whatever the machine has. */
const required = globalThis.process?.env?.RELPROP_BACKENDS?.split(",") ?? [];

/** WebGPU's entry point: the runtime's own, else the `webgpu` package (Dawn). */
export async function findGpu(): Promise<GPU | undefined> {
  if (globalThis.navigator?.gpu) return globalThis.navigator.gpu;
  if (globalThis.__gpu) return globalThis.__gpu;
  try {
    const name = "webgpu"; // not analysable, so that bundlers leave it
    const { create, globals } = await import(name);
    Object.assign(globalThis, globals);
    // Workgroup memory starts as it comes, not as zeros: no kernel may count on them, and SwiftShader compiles the
    // zeroing for seconds a kernel.
    globalThis.__gpu = create(["enable-dawn-features=disable_workgroup_init"]) as GPU;
    return globalThis.__gpu;
  } catch {
    return undefined;
  }
}

/** A device of its own for a test, or undefined where there is no adapter. */
export async function findDevice(): Promise<GPUDevice | undefined> {
  const adapter = await (await findGpu())?.requestAdapter();
  if (!adapter && required.includes("webgpu")) throw new Error("RELPROP_BACKENDS asks for webgpu, there is no adapter");
  return adapter?.requestDevice();
}

const device = required.length && !required.includes("webgpu") ? undefined : await findDevice();
if (!device) console.log("WebGPU: no adapter here or not asked for, so these tests run on WASM only");

/** Every backend this machine has. */
export const backends: Backend[] = [];
if (!required.length || required.includes("wasm")) backends.push(await wasm());
if (device) backends.push(webgpu(device, false));

/** Deterministic values in [-1, 1). */
export function random(n: number, seed = 1): Float32Array {
  let state = Math.imul(seed, 2654435761) >>> 0 || 1;
  return Float32Array.from({ length: n }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 32) * 2 - 1;
  });
}

/** Puts a weight on a device as a whole. */
export async function upload(backend: Backend, name: string, data: Float32Array): Promise<void> {
  await backend.allocate(new Map([[name, data.length]]));
  await backend.write(name, 0, data.length, (out) => out.set(data));
}

/** Plans and runs `outputs` once on fresh buffers; `data` holds inputs and weights alike. */
export async function run(backend: Backend, outputs: Record<string, Tensor>, data: Data): Promise<Data> {
  const todo = plan(outputs);
  for (const { weight } of todo.buffers) if (weight) await upload(backend, weight, data[weight]);
  const program = await backend.prepare(todo);
  try {
    return await program.run(data);
  } finally {
    program.dispose();
  }
}

export { type Attrs, input, type Op, type Shape, weight };

/** The worst error under each heading, the part of `what` before a colon; printed if RELPROP_ERRORS is set. */
const worst = new Map<string, { error: number; tolerance: number }>();
if (globalThis.process?.env?.RELPROP_ERRORS) {
  globalThis.process.on("exit", () => {
    for (const [what, { error, tolerance }] of worst) {
      console.log(`${error.toExponential(1)} ≤ ${tolerance.toExponential(1)}  ${what}`);
    }
  });
}

/** max |Δ| ≤ tolerance · scale, which is the largest expected magnitude unless given. */
export function close(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "",
  scale = largest(expected) || 1,
): void {
  assert.is(actual.length, expected.length, `${what}: ${actual.length} elements, expected ${expected.length}`);
  const heading = what.split(":")[0];
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / scale;
    if (!(error <= (worst.get(heading)?.error ?? -1))) worst.set(heading, { error, tolerance });
    if (!(error <= tolerance)) {
      assert.unreachable(`${what}[${i}] is ${actual[i]}, expected ${expected[i]} (${error} of the largest)`);
    }
  }
}

function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]));
  return found;
}

/** The same backends as options for load(). */
export const places: { backend: "wasm" | "webgpu"; device?: GPUDevice }[] = [];
if (!required.length || required.includes("wasm")) places.push({ backend: "wasm" });
if (device) places.push({ backend: "webgpu", device });

/** Whether a backend runs all cases of a test: a GPU in software is slow, and has some of them unless RELPROP_FULL=1 asks for all. */
export const runsAll = (backend: string): boolean =>
  backend === "wasm" || globalThis.process?.env?.RELPROP_FULL === "1";
