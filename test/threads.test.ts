// Threads of the WASM backend: the same bits for any number of them and in every engine, and what happens to a run when
// one of them fails.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { RelpropError } from "../src/errors.ts";
import { plan } from "../src/graph/plan.ts";
import { input } from "../src/graph/tensor.ts";
import { linear } from "../src/ops/linear.ts";
import { load } from "../src/runtime/load.ts";
import { code, folder, relevance, texts } from "./shipped.ts";
import { random } from "./support.ts";

const test = suite("threads of wasm");

const methods = ["cp-lrp", "attn-lrp", "gradient-x-input"] as const;

/** Logits and relevance of the shipped model, to the bit. */
async function everything(threads: number): Promise<Float64Array> {
  const model = await load(folder, { backend: "wasm", deterministic: true, threads });
  assert.is(model.fallbackReason, undefined);
  const numbers: number[] = [];
  for (const method of methods) {
    const one = await model.explain(texts[3], { method });
    const all = await model.explain(texts, { method, at: ["embeddings", "words"] });
    for (const found of [one, ...all.flat()])
      numbers.push(found.ledger.logit, found.ledger.biases, ...relevance(found));
  }
  for (const { classes } of await model.predict(texts)) numbers.push(...classes.map(({ logit }) => logit));
  await model.dispose();
  return Float64Array.from(numbers);
}

const alone = await everything(1);

test("the simd build's bits, in every engine", async () => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", Float32Array.from(alone)));
  const digest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  console.log(`\nSHA-256 of ${alone.length} logits and relevances: ${digest}`);
  assert.is(digest, "d97bc2d46189be608d8f8b419b4ee936f8b4c2c6f1c5c0c00af130a4b77738b3");
});

for (const threads of [2, 3, 5]) {
  test(`${threads} threads, to the bit`, async () => {
    assert.equal(await everything(threads), alone);
  });
}

const x = random(7 * 100, 1);
const w = random(50 * 100, 2);
const product = plan({ y: linear(input("x", [7, 100]), input("w", [50, 100])) });

test("more threads than there is work", async () => {
  const [one, many] = [await wasm(), await wasm(undefined, { threads: 9 })];
  assert.is(many.threads, 9);
  assert.equal(await (await many.prepare(product)).run({ x, w }), await (await one.prepare(product)).run({ x, w }));
  many.dispose();
});

test("a trap in every thread, or in one, rejects; the next run is as good as ever", async () => {
  const backend = await wasm(undefined, { threads: 2 });
  const good = await backend.prepare(product);
  const before = await good.run({ x, w });
  const [step] = product.steps;
  // 16 columns, 8 for each thread: the weights of the second lie beyond memory.
  const far = [2 ** 24, 2, 3];
  const wide = { ...product, steps: [{ ...step, args: [1, 16, 2 ** 28 - 2 ** 20] }] };
  for (const bad of [{ ...product, steps: [{ ...step, args: far }] }, wide]) {
    const error = await (await backend.prepare(bad)).run({ x, w }).catch((error) => error);
    assert.instance(error, RelpropError);
    assert.is(error.code, "WasmTrap");
    assert.equal(await good.run({ x, w }), before);
  }
  backend.dispose();
});

test("disposal in the middle of a run rejects it", async () => {
  const backend = await wasm(undefined, { threads: 2 });
  const program = await backend.prepare(product);
  const running = code(program.run({ x, w }));
  await Promise.resolve();
  backend.dispose();
  assert.is(await running, "Disposed");
  assert.is(await code(program.run({ x, w })), "Disposed");
});

if (typeof Worker === "undefined") {
  test("a thread that dies", async () => {
    const threads = process.getBuiltinModule("node:worker_threads");
    const { Worker } = threads;
    const made: InstanceType<typeof Worker>[] = [];
    threads.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        made.push(this);
      }
    };
    const backend = await wasm(undefined, { threads: 2 });
    threads.Worker = Worker;
    const program = await backend.prepare(product);
    const running = program.run({ x, w }).catch((error) => error);
    made[1].terminate();
    const error = await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 5000, "hangs"))]);
    if (!(error instanceof RelpropError)) assert.equal(error, await program.run({ x, w }).catch(() => error)); // it was done before
    await made[1].terminate();
    const after = await program.run({ x, w }).catch((error) => error);
    assert.is(after.code, "WorkerCrashed");
    assert.match(after.message, /a thread has ended/);
    backend.dispose();
  });
}

test("numbers of threads that are none", async () => {
  for (const threads of [0, -1, 1.5, 65, Number.NaN, "2" as unknown as number]) {
    assert.is(await code(load(folder, { backend: "wasm", threads })), "InvalidOption");
  }
});

test("kernels given by the caller run on one thread, and the model says so", async () => {
  const { builtin } = await import("../src/backends/wasm/builtin.ts");
  const model = await load(folder, {
    backend: "wasm",
    threads: 2,
    wasm: await WebAssembly.compile(await builtin("simd")),
  });
  assert.match(model.fallbackReason!, /^one thread: .*compiled beforehand/);
  assert.is((await model.predict(texts[0])).classes.length, 2);
  await model.dispose();
});

test.run();
