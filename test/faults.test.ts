// What a backend does when it is asked for too much, when its device goes, and when memory moves under it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { builtin } from "../src/backends/wasm/builtin.ts";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { webgpu } from "../src/backends/webgpu/webgpu.ts";
import type { ErrorCode, RelpropError } from "../src/errors.ts";
import { plan } from "../src/graph/plan.ts";
import { input, type Tensor, weight } from "../src/graph/tensor.ts";
import { scores } from "../src/ops/attention.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import { backends, findDevice, random, upload } from "./support.ts";

const MIB = 2 ** 20;

/** y = x wᵀ, small. */
const small = plan({ y: linear(input("x", [2, 3]), weight("w", [2, 3])) });
const x = Float32Array.of(1, 2, 3, 4, 5, 6);
const w = Float32Array.of(1, 0, 0, 0, 1, -1);
const y = Float32Array.of(1, -1, 4, -1);

async function rejects(doing: Promise<unknown>, code: ErrorCode): Promise<RelpropError> {
  const outcome = await doing.then(
    () => undefined,
    (error) => error as RelpropError,
  );
  assert.ok(outcome, `it succeeded, where ${code} was due`);
  assert.is(outcome.code, code, outcome.stack);
  return outcome;
}

/** Fails unless it settles soon; a hang would stop the whole run. */
function soon<T>(doing: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in 5 s")), 5000);
  });
  return Promise.race([doing, late]).finally(() => clearTimeout(timer));
}

// Every backend.

for (const backend of backends) {
  const test = suite(`faults, ${backend.name}`);

  test("a weight that was not uploaded", async () => {
    const missing = plan({ y: add(input("x", [2]), weight("nowhere", [2])) });
    await backend.prepare(missing).then(
      () => assert.unreachable("it was prepared"),
      (error) => assert.is(error.message, "no weight nowhere was uploaded"),
    );
  });

  test("programs prepared before and after other weights came", async () => {
    await upload(backend, "w", w);
    const before = await backend.prepare(small);
    assert.equal((await before.run({ x })).y, y);
    await upload(backend, "other", random(100_000));
    assert.equal((await before.run({ x })).y, y);
    const late = plan({ y: add(input("x", [100_000]), weight("other", [100_000])) });
    const after = await backend.prepare(late);
    const found = await after.run({ x: random(100_000, 2) });
    const [a, b] = [random(100_000, 2), random(100_000)];
    assert.equal(
      found.y,
      a.map((v, i) => v + b[i]),
    );
    assert.equal((await before.run({ x })).y, y, "the older one still has its weights");
    for (const program of [before, after]) program.dispose();
  });

  test("two programs run at once, and a result that outlives the next run", async () => {
    await upload(backend, "w", w);
    const [one, two] = [await backend.prepare(small), await backend.prepare(small)];
    const twice = x.map((v) => 2 * v);
    const results = await Promise.all([one.run({ x }), two.run({ x: twice })]);
    await one.run({ x: twice });
    assert.equal(results, [{ y }, { y: y.map((v) => 2 * v) }]);
    for (const program of [one, two]) program.dispose();
  });

  test.run();
}

// WASM.

const memory = suite("faults of wasm's memory");

memory("memory that grows under a program", async () => {
  const backend = await wasm();
  await upload(backend, "w", w);
  const program = await backend.prepare(small);
  const first = await program.run({ x });
  const large = random(3 * MIB, 3);
  await upload(backend, "large", large); // moves the program's work buffers, and all of memory with them
  assert.equal((await program.run({ x })).y, y);
  const grown = await backend.prepare(plan({ y: add(input("a", [3 * MIB]), weight("large", [3 * MIB])) }));
  const { y: sum } = await grown.run({ a: large });
  assert.is(
    sum.findIndex((v, i) => v !== 2 * large[i]),
    -1,
  );
  assert.equal((await program.run({ x })).y, y);
  assert.equal(first.y, y, "results are copies");
});

memory("weights of 5 GiB are refused as a whole, before any of them is written", async () => {
  const backend = await wasm();
  await upload(backend, "w", w);
  const sizes = new Map(Array.from({ length: 5 }, (_, i) => [`w${i}`, (1024 * MIB) / 4]));
  await rejects(backend.allocate(sizes), "OutOfMemory");
  const program = await backend.prepare(small);
  assert.equal((await program.run({ x })).y, y);
});

memory("a plan of 5 GiB, then one that fits", async () => {
  const backend = await wasm();
  await upload(backend, "w", w);
  const elements = (5 * 1024 * MIB) / 4;
  const error = await rejects(backend.prepare(plan({ y: input("x", [elements]) })), "OutOfMemory");
  assert.match(error.message, /^WASM memory cannot grow from \d+ to 512\d MiB$/);
  assert.ok((error.facts.bytes as number) > 5 * 1024 * MIB);
  await rejects(backend.prepare(plan({ y: input("x", [2 ** 50]) })), "OutOfMemory");
  const program = await backend.prepare(small);
  assert.equal((await program.run({ x })).y, y);
});

memory("kernels given: compiled, in bytes, fetched, promised, of another realm", async () => {
  const bytes = await builtin("simd");
  const module = await WebAssembly.compile(bytes);
  const response = () => new Response(bytes, { headers: { "content-type": "text/plain" } });
  const given = [module, bytes, bytes.buffer, response(), Promise.resolve(module), Promise.resolve(response())];
  const vm = globalThis.process?.getBuiltinModule?.("node:vm");
  if (vm) {
    const foreign = vm.runInNewContext("new WebAssembly.Module(bytes)", { bytes });
    assert.not.instance(foreign, WebAssembly.Module);
    given.push(foreign);
  }
  for (const source of given) {
    const backend = await wasm(source);
    await upload(backend, "w", w);
    assert.equal(await (await backend.prepare(small)).run({ x }), { y });
  }
});

memory("kernels given that are none", async () => {
  const page = () => new Response("<!doctype html>");
  const cases: [unknown, RegExp][] = [
    [page(), /neither a WebAssembly.Module nor the bytes/],
    [new Uint8Array(), /neither/],
    [(await builtin("simd")).subarray(0, 1000), /neither/],
    ["./kernels.wasm", /neither/],
    [null, /neither/],
    [new Response("gone", { status: 404 }), /failed: Error: the server answered 404/],
    [Promise.reject(new TypeError("no route")), /failed: TypeError: no route/],
    [new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), /not relprop's kernels/],
  ];
  for (const [source, message] of cases) {
    const error = await rejects(wasm(source as WebAssembly.Module), "WasmUnavailable");
    assert.match(error.message, message);
  }
});

memory("a backend that was disposed of runs nothing, and grows no memory", async () => {
  const backend = await wasm();
  await upload(backend, "w", w);
  const program = await backend.prepare(small);
  backend.dispose();
  await rejects(program.run({ x }), "Disposed");
  await rejects(backend.prepare(small), "Disposed");
  await rejects(upload(backend, "w", w), "Disposed");
  backend.dispose();
});

memory("a kernel that leaves memory", async () => {
  const backend = await wasm();
  await upload(backend, "w", w);
  const [step] = small.steps;
  const program = await backend.prepare({ ...small, steps: [{ ...step, args: [2 ** 24, 2, 3] }] });
  const { cause } = await rejects(program.run({ x }), "WasmTrap");
  assert.instance(cause, WebAssembly.RuntimeError);
});

memory.run();

// WebGPU, each test on a device of its own.

if (backends.some(({ name }) => name === "webgpu")) {
  const test = suite("faults of webgpu");

  const own = async () => {
    const device = (await findDevice())!;
    const backend = webgpu(device, true);
    await upload(backend, "w", w);
    return { device, backend };
  };

  test("a buffer over the limit", async () => {
    const { device, backend } = await own();
    const limit = device.limits.maxStorageBufferBindingSize;
    const n = limit / 4 + 1;
    const error = await rejects(backend.prepare(plan({ y: add(input("x", [n]), input("x", [n])) })), "GpuLimits");
    assert.equal(error.facts, { bytes: limit + 4, limit });
    assert.equal((await (await backend.prepare(small)).run({ x })).y, y, "the backend is still there");
    const many = Object.fromEntries([0, 1, 2].map((i) => [`${i}`, input(`${i}`, [limit / 4])]));
    await rejects(backend.prepare(plan(many)), "GpuLimits");
    backend.dispose();
  });

  test("a weight over the limit", async () => {
    const { device, backend } = await own();
    const n = device.limits.maxStorageBufferBindingSize / 4 + 1;
    await rejects(upload(backend, "large", new Float32Array(n)), "GpuLimits");
    backend.dispose();
  });

  test("more workgroups than a dimension has", async () => {
    const { backend } = await own();
    for (const over of [
      linear(input("x", [65_536 * 64, 1]), input("w", [1, 1])),
      scores(input("a", [65_536, 1, 1]), input("b", [65_536, 1, 1]), 1, 1),
      scores(input("a", [1, 1, 65_536]), input("b", [1, 1, 65_536]), 65_536, 1),
    ]) {
      const error = await rejects(backend.prepare(plan({ y: over })), "GpuLimits");
      assert.match(error.message, /needs .*65536.* workgroups, this GPU allows 65535 a dimension/);
    }
    backend.dispose();
  });

  test("a kernel that is not there", async () => {
    const { backend } = await own();
    const [step] = small.steps;
    await backend.prepare({ ...small, steps: [{ ...step, kernel: "constructor" }] }).then(
      () => assert.unreachable("it was prepared"),
      (error) => assert.match(error.message, /no shader has an entry point constructor/),
    );
    backend.dispose();
  });

  // A plan that keeps the device busy a while.
  const busy = () => {
    let t: Tensor = input("x", [128, 128]);
    for (let i = 0; i < 10; i++) t = linear(t, input("x", [128, 128]));
    return plan({ y: t });
  };
  const full = { x: random(128 * 128) };

  test("a device lost before a run: DeviceLost, of every later call", async () => {
    const { device, backend } = await own();
    const program = await backend.prepare(small);
    device.destroy();
    await rejects(soon(program.run({ x })), "DeviceLost");
    await rejects(soon(program.run({ x })), "DeviceLost");
    await rejects(soon(backend.prepare(small)), "DeviceLost");
    await rejects(soon(backend.prepare(busy())), "DeviceLost");
    await rejects(soon(upload(backend, "v", w)), "DeviceLost");
    program.dispose();
    backend.dispose();
  });

  test("a device lost during a run, at every moment of it", async () => {
    const whole = await own();
    const expected = (await (await whole.backend.prepare(busy())).run(full)).y;
    whole.backend.dispose();
    for (let moments = 0; moments < 10; moments++) {
      const { device, backend } = await own();
      const program = await backend.prepare(busy());
      const running = soon(program.run(full));
      const outcome = running.then(
        ({ y }) => assert.equal(y, expected, "if it was done before the loss, it is right"),
        (error) => assert.is(error.code, "DeviceLost", error.stack),
      );
      for (let i = 0; i < moments; i++)
        await (i % 2 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve)));
      device.destroy();
      await outcome;
      await rejects(soon(program.run(full)), "DeviceLost");
      program.dispose();
      backend.dispose();
    }
  });

  test("a device lost while a plan is prepared and a weight uploaded", async () => {
    const { device, backend } = await own();
    const preparing = backend.prepare(busy());
    const uploading = upload(backend, "v", random(MIB));
    device.destroy();
    // Runtimes may learn of the loss after both are done; then the next call tells.
    for (const doing of [preparing, uploading]) {
      await soon<unknown>(doing).catch((error) => assert.is(error.code, "DeviceLost"));
    }
    await soon(device.lost);
    await rejects(soon(backend.prepare(small)), "DeviceLost");
    await rejects(soon(upload(backend, "v", w)), "DeviceLost");
    backend.dispose();
  });

  test("a fresh device after a loss: the same numbers", async () => {
    const lost = await own();
    lost.device.destroy();
    await rejects(soon(lost.backend.prepare(small)), "DeviceLost");
    const { backend } = await own();
    assert.equal((await (await backend.prepare(small)).run({ x })).y, y);
    backend.dispose();
  });

  test("two backends on one device, weights of one name, runs interleaved", async () => {
    const device = (await findDevice())!;
    const [one, two] = [webgpu(device, false), webgpu(device, false)];
    await Promise.all([
      upload(one, "w", w),
      upload(
        two,
        "w",
        w.map((v) => 3 * v),
      ),
    ]);
    const [a, b] = await Promise.all([one.prepare(small), two.prepare(small)]);
    for (let i = 0; i < 5; i++) {
      const [left, right] = await Promise.all([a.run({ x }), b.run({ x })]);
      assert.equal(left.y, y);
      assert.equal(
        right.y,
        y.map((v) => 3 * v),
      );
    }
    // One asks for too much while the other works; each gets its own answer.
    const n = device.limits.maxStorageBufferBindingSize / 4 + 1;
    const refused = rejects(two.prepare(plan({ y: input("x", [n]) })), "GpuLimits");
    assert.equal((await a.run({ x })).y, y);
    await refused;
    one.dispose();
    assert.equal(
      (await b.run({ x })).y,
      y.map((v) => 3 * v),
      "the device is not the backend's to destroy",
    );
    two.dispose();
    device.destroy();
  });

  test("disposed programs and backends free every buffer they made", async () => {
    const device = (await findDevice())!;
    const made: GPUBuffer[] = [];
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      made.push(buffer);
      return buffer;
    };
    const alive = async () => {
      let count = 0;
      for (const buffer of made) {
        device.pushErrorScope("validation");
        const encoder = device.createCommandEncoder();
        if (buffer.usage & GPUBufferUsage.COPY_SRC) encoder.copyBufferToBuffer(buffer, 0, target, 0, 4);
        else encoder.clearBuffer(buffer, 0, 4);
        device.queue.submit([encoder.finish()]);
        if (!(await device.popErrorScope())) count++;
      }
      return count;
    };
    const target = create({ size: 4, usage: GPUBufferUsage.COPY_DST });
    const backend = webgpu(device, false);
    await upload(backend, "w", w);
    const program = await backend.prepare(small);
    await program.run({ x });
    assert.ok(made.length > 3);
    assert.is(await alive(), made.length);
    program.dispose();
    assert.is(await alive(), 1, "the weight alone");
    program.dispose();
    await rejects(program.run({ x }), "GpuValidation");
    await backend.prepare(plan({ y: add(input("x", [2]), weight("nowhere", [2])) })).catch(() => {});
    assert.is(await alive(), 1, "a plan that failed leaves nothing");
    backend.dispose();
    assert.is(await alive(), 0);
    device.destroy();
  });

  test.run();
}

// Unhandled rejections would end the process; from here to the last suite they are counted instead.
const unhandled: unknown[] = [];
const count = (reason: unknown) => void unhandled.push(reason);
globalThis.process?.on("unhandledRejection", count);

const aftermath = suite("after all faults");

aftermath("no rejection that nobody handled", async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.process?.off("unhandledRejection", count);
  assert.equal(unhandled, []);
});

aftermath.run();
