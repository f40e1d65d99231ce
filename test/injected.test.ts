// A throw at every call of WebGPU and at every one that asks for memory or compiles, one at a time: the error has a code, and
// what it happened to works the next time.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../src/backends/backend.ts";
import { webgpu } from "../src/backends/webgpu/webgpu.ts";
import { RelpropError } from "../src/errors.ts";
import { plan } from "../src/graph/plan.ts";
import { input, weight } from "../src/graph/tensor.ts";
import { linear } from "../src/ops/linear.ts";
import { load } from "../src/runtime/load.ts";
import { backends, findDevice, upload } from "./support.ts";
import { eye, files, normal } from "./systems.ts";
import { Trap, wasmTrapped, watched } from "./trap.ts";

const small = plan({ y: linear(input("x", [2, 3]), weight("w", [2, 3])) });
const x = Float32Array.of(1, 2, 3, 4, 5, 6);
const w = Float32Array.of(1, 0, 0, 0, 1, -1);
const y = Float32Array.of(1, -1, 4, -1);

/** What some work ends with: nothing, or an error with a code. */
async function coded(work: () => Promise<unknown>, what: string): Promise<RelpropError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    assert.instance(error, RelpropError, `${what}: ${(error as Error)?.stack}`);
    return error as RelpropError;
  }
}

const test = suite("injected faults");

test("WASM: each call that asks for memory or compiles", async () => {
  const trap = new Trap();
  const source = files(
    { model_type: "energy_transformer", hidden_size: 4, num_hidden_layers: 1, loops: 2, num_labels: 2 },
    { "layers.0.attention.query.weight": eye(4), "classifier.weight": normal(2, 4, 5) },
  );
  const rows = { rows: [[1, 2, 3, 4]] };
  const long = { rows: Array.from({ length: 512 }, () => [1, 2, 3, 4]) };
  const restore = wasmTrapped(trap);
  try {
    const whole = async () => {
      const model = await load(source, { backend: "wasm" });
      const first = await coded(() => model.predict(rows), `predict() at ${trap.at}`);
      const second = await coded(() => model.explain(long), `explain() at ${trap.at}`);
      const { classes } = await model.predict(rows); // nothing is thrown twice
      await model.explain(long);
      await model.dispose();
      return { classes, failed: Boolean(first ?? second) };
    };
    const { classes: right } = await whole();
    const { calls } = trap;
    assert.ok(new Set(calls).size === 4, `all kinds of calls were seen: ${calls}`);
    let failed = 0;
    for (let k = 0; k < calls.length; k++) {
      trap.calls = [];
      trap.at = k;
      const error = await coded(async () => {
        const found = await whole();
        assert.equal(found.classes, right);
        failed += Number(found.failed);
      }, `${calls[k]} ${k}`);
      failed += Number(error !== undefined);
    }
    console.log(`WASM: ${failed} of ${calls.length} faults were errors with codes`);
    assert.ok(failed >= 4);
  } finally {
    restore();
  }
});

if (backends.some(({ name }) => name === "webgpu")) {
  test("WebGPU: each call", async () => {
    const device = (await findDevice())!;
    const run = async (backend: Backend) => {
      await upload(backend, "w", w);
      const program = await backend.prepare(small);
      const attempt = async () => assert.equal((await program.run({ x })).y, y);
      const error = await coded(attempt, "a run");
      await attempt(); // the program is as good as before
      program.dispose();
      return error;
    };
    // Shaders are compiled for a device once: the first run has calls that later ones have not.
    const cold = new Trap();
    await run(webgpu(watched(device, cold), false));
    const trap = new Trap();
    const warm = watched(device, trap);
    await run(webgpu(warm, false));
    trap.calls = [];
    await run(webgpu(warm, false));
    const { calls } = trap;
    const compiling = [...cold.calls.keys()].filter((k) => /Shader|Pipeline/.test(cold.calls[k]));
    console.log(`WebGPU: ${calls.length + compiling.length} calls: ${[...new Set(cold.calls)].join(", ")}`);
    assert.ok(calls.length > 30 && compiling.length > 1);
    const failing = async (trap: Trap, device: GPUDevice, name: string, k: number) => {
      trap.calls = [];
      trap.at = k;
      const backend = webgpu(device, false);
      const error = await coded(() => run(backend), `${name}, call ${k}`);
      trap.at = -1;
      if (error) assert.match(error.message, /WebGPU/, `${name}, call ${k}`);
      await run(backend);
      backend.dispose();
    };
    for (const [k, name] of calls.entries()) await failing(trap, warm, name, k);
    for (const k of compiling) {
      const trap = new Trap();
      await failing(trap, watched(device, trap), cold.calls[k], k);
    }
    device.destroy();
  });
}

test.run();
