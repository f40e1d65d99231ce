// A profile counts every kernel call of every run, with the operations and bytes of its tensors, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../src/backends/backend.ts";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { webgpu } from "../src/backends/webgpu/webgpu.ts";
import type { RelpropError } from "../src/errors.ts";
import { plan } from "../src/graph/plan.ts";
import { input } from "../src/graph/tensor.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import { backends, findDevice, findGpu, random } from "./support.ts";

const test = suite("profile");
const [rows, depth, cols] = [5, 7, 6];
const y = linear(input("x", [rows, depth]), input("w", [cols, depth]));
const data = { x: random(rows * depth), w: random(cols * depth), c: random(rows * cols) };
const todo = plan({ y, twice: add(y, add(y, input("c", [rows, cols]))) });

async function profiled(backend: Backend): Promise<void> {
  const from = performance.now();
  assert.equal([...backend.profile!.keys()], []);
  const program = await backend.prepare(todo);
  for (let i = 1; i <= 3; i++) {
    await program.run(data);
    const timings = [...backend.profile!.values()];
    assert.equal(timings.map(({ kernel, calls }) => [kernel, calls]).sort(), [
      ["add", 2 * i],
      ["linear", i],
    ]);
    const { linear, add } = Object.fromEntries(backend.profile!);
    assert.is(linear.flops, i * 2 * rows * depth * cols);
    assert.is(linear.bytes, i * 4 * (rows * depth + depth * cols + rows * cols));
    assert.is(add.flops, 0);
    assert.is(add.bytes, i * 4 * 6 * rows * cols);
    const spent = timings.reduce((sum, { ms }) => sum + ms, 0);
    assert.ok(timings.every(({ ms }) => ms >= 0));
    assert.ok(
      spent > 0 && spent <= performance.now() - from,
      `${spent} ms of kernels in ${performance.now() - from} ms`,
    );
  }
  program.dispose();
  backend.dispose();
}

test("on wasm", async () => profiled(await wasm(undefined, { profile: true })));

test("without being asked for there is none", () => {
  for (const backend of backends) assert.is(backend.profile, undefined);
});

if (backends.some(({ name }) => name === "webgpu")) {
  test("on webgpu, by timestamps", async () => {
    const adapter = (await (await findGpu())!.requestAdapter())!;
    if (!adapter.features.has("timestamp-query")) return console.log("  no timestamp-query here");
    const device = await adapter.requestDevice({ requiredFeatures: ["timestamp-query"] });
    await profiled(webgpu(device, true, { profile: true }));
  });

  test("on a device without timestamp-query: GpuUnavailable", async () => {
    const device = (await findDevice())!;
    try {
      webgpu(device, true, { profile: true });
      assert.unreachable("it was started");
    } catch (error) {
      assert.is((error as RelpropError).code, "GpuUnavailable");
    }
    device.destroy();
  });
}

test.run();
