// A model in a worker: the same numbers, errors, aborts and progress as here; and workers that end.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import type { GeneratedToken } from "../src/generate/generation.ts";
import type { Model } from "../src/runtime/model.ts";
import type { LoadOptions } from "../src/runtime/options.ts";
import { load } from "../src/runtime/worker/client.ts";
import { serve } from "./server.ts";
import { buffers, code, folder, names, texts } from "./shipped.ts";

const test = suite("a worker");

const wasm = { backend: "wasm" } as const;
const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");

/** A worker from a file in test/workers, as a user's bundler would make it. */
function made(file: string) {
  const url = new URL(`workers/${file}`, import.meta.url);
  const worker = globalThis.Worker ? new Worker(url, { type: "module" }) : new threads!.Worker(url);
  workers.push(worker);
  return worker;
}
const workers: { terminate(): unknown }[] = [];
test.after.each(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

async function same(model: Model, here: Model) {
  assert.equal(await model.explain(texts[0]), await here.explain(texts[0]));
  assert.equal(await model.predict(texts, {}), await here.predict(texts, {}));
  const options = {
    method: ["attn-lrp", "cp-lrp"],
    target: "negative",
    contrast: 1,
    at: ["words", "embeddings"],
    layers: true,
  } as const;
  assert.equal(await model.explain(texts, options), await here.explain(texts, options));
  for (const field of ["name", "type", "labels", "maxTokens", "backend", "tensors", "unused"] as const) {
    assert.equal(model[field], here[field], field);
  }
}

const kinds: [string, () => LoadOptions["worker"]][] = [
  ["of its own", () => true],
  ["given", () => made("two-lines.ts")],
];
for (const [kind, worker] of kinds) {
  test(`${kind}: bit for bit the same`, async () => {
    const here = await load(folder, wasm);
    const there = await load(folder, { ...wasm, worker: worker() });
    await same(there, here);
    await there.dispose();
    await there.dispose();
    assert.is(await code(there.explain(texts[0])), "Disposed");
    await here.dispose();
  });

  test(`${kind}: every kind of source, and the caller's buffers stay`, async () => {
    const here = await load(folder, { ...wasm, name: "m" });
    const files = names.map((name) => new File([new Uint8Array(buffers()[name])], name));
    const given = buffers();
    const server = await serve(buffers());
    const path = decodeURIComponent(folder.pathname);
    const used = worker();
    try {
      for (const source of [path, given, files, server.base, { hub: "a/b", endpoint: new URL(server.base) }]) {
        const there = await load(source, { ...wasm, name: "m", worker: used === true ? true : used });
        assert.equal(await there.explain(texts[0]), await here.explain(texts[0]));
        await there.dispose();
      }
    } finally {
      await server.stop();
    }
    for (const name of names) assert.equal(given[name], buffers()[name]);
    await here.dispose();
  });

  test(`${kind}: errors cross whole`, async () => {
    const there = await load(folder, { ...wasm, worker: worker() });
    const here = await load(folder, wasm);
    const calls: ((model: Model) => Promise<unknown>)[] = [
      (model) => model.explain("long ".repeat(1000)),
      (model) => model.explain("a", { method: "nonsense" as "random" }),
      (model) => model.explain("a", { target: "nobody" }),
      (model) => model.explain(3 as unknown as string),
    ];
    for (const call of calls) {
      const [a, b] = await Promise.all([there, here].map((model) => call(model).catch((error: RelpropError) => error)));
      assert.instance(a, RelpropError);
      if (!(a instanceof RelpropError && b instanceof RelpropError)) return;
      assert.equal([a.code, a.message, a.facts], [b.code, b.message, b.facts]);
    }
    await Promise.all([there.dispose(), here.dispose()]);
    for (const options of [{}, { worker: worker() }]) {
      assert.is(await code(load(new URL("nowhere/", folder), { ...wasm, ...options })), "MissingFile");
    }
  });

  test(`${kind}: progress and aborts cross`, async () => {
    const seen: string[] = [];
    const there = await load(folder, {
      ...wasm,
      worker: worker(),
      onProgress: ({ file, all }) => void seen.push(`${file} ${all.loaded}`),
    });
    assert.ok(seen.length >= names.length);
    const abort = new AbortController();
    const first = there.explain(texts[0]);
    const second = there.explain(texts[3], { signal: abort.signal });
    abort.abort("enough");
    const error = await second.catch((error) => error);
    assert.equal([error.code, error.cause], ["Aborted", "enough"]);
    await first;
    assert.is(await code(there.explain(texts[0], { signal: AbortSignal.abort() })), "Aborted");
    await there.explain(texts[0]);
    await there.dispose();

    for (const after of [1, 3, 9]) {
      const abort = new AbortController();
      let calls = 0;
      const onProgress = () => ++calls === after && abort.abort();
      const used = worker();
      assert.is(await code(load(folder, { ...wasm, worker: used, signal: abort.signal, onProgress })), "Aborted");
      if (used === true) continue;
      const again = await load(folder, { ...wasm, worker: used });
      await again.explain(texts[0]);
      await again.dispose();
    }
    assert.is(await code(load(folder, { worker: worker(), signal: AbortSignal.abort() })), "Aborted");
  });

  test(`${kind}: dispose lets the running call finish and rejects those that wait`, async () => {
    const there = await load(folder, { ...wasm, worker: worker() });
    const calls = [0, 1, 2].map(() => code(there.explain(texts[0])));
    await there.dispose();
    assert.match((await Promise.all(calls)).join(), /^(none,?)*(Disposed,?)*$/);
    assert.is(await code(there.predict("a")), "Disposed");
  });
}

test("texts that go on, token by token, and images", async () => {
  const gpt2 = new URL("reference/generate/", import.meta.url);
  const [there, here] = [await load(gpt2, { ...wasm, worker: true }), await load(gpt2, wasm)];
  const told: string[] = [];
  const how = { maxNewTokens: 4, explain: true } as const;
  const found = await there.generate("The movie", { ...how, onProgress: ({ text }) => void told.push(text) });
  assert.equal(found, await here.generate("The movie", how));
  assert.equal(
    told,
    found.tokens.map(({ text }) => text),
  );
  await there.dispose();
  await here.dispose();

  const digits = new URL("../models/digits-tiny/", import.meta.url);
  const [far, near] = [await load(digits, { ...wasm, worker: true }), await load(digits, wasm)];
  const image = { data: Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256), width: 8, height: 8 };
  assert.equal(await far.explain(image, { pixels: true }), await near.explain(image, { pixels: true }));
  await far.dispose();
  await near.dispose();
});

test("two models in one worker, and other messages to it", async () => {
  const worker = made("two-lines.ts");
  const here = await load(folder, wasm);
  const [a, b] = await Promise.all([load(folder, { ...wasm, worker }), load(folder, { ...wasm, worker })]);
  for (const message of [1, null, "relprop", { relprop: 1 }, { id: 1, method: "dispose" }]) {
    (worker as Worker).postMessage(message);
  }
  await a.dispose();
  await same(b, here);
  await b.dispose();
  await here.dispose();
});

test("options are checked before they cross, and a callback that throws ends its call", async () => {
  const model = await load(folder, { ...wasm, worker: true });
  assert.is(await code(model.explain(texts[0], { metod: "cp-lrp" } as never)), "InvalidOption");
  assert.is(await code(model.predict(texts[0], null as never)), "InvalidOption");
  assert.is(await code(model.predict(texts[0], { onProgress() {} } as never)), "InvalidOption");
  assert.is(await code(model.explain(texts[0], { signal: 5 } as never)), "InvalidOption");
  const own = new Error("my own");
  const onProgress = () => {
    throw own;
  };
  const error = await model.explain(texts[0], { method: "occlusion", onProgress }).catch((error) => error);
  assert.is(error, own);
  assert.ok((await model.predict(texts[0])).classes.length, "the worker goes on");
  await model.dispose();
});

test("what cannot cross is refused", async () => {
  const worker = true;
  for (const options of [{ gpu: {} }, { device: {} }, { fetch: () => {} }]) {
    assert.is(await code(load(folder, { ...(options as LoadOptions), worker })), "InvalidOption");
  }
  assert.is(await code(load({ "config.json": (() => {}) as unknown as string }, { worker })), "InvalidOption");
  assert.is(await code(load(folder, { worker: {} as Worker })), "InvalidOption");
  const there = await load(folder, { ...wasm, worker });
  assert.is(await code(there.explain("a", { method: { x: () => {} } as never })), "InvalidOption");
  await there.explain("a");
  await there.dispose();
});

test("messages that are none of ours: the worker lives on, and so does its model", async () => {
  const worker = made("two-lines.ts");
  const there = await load(folder, { ...wasm, worker });
  const expected = await there.explain(texts[0]);
  const odd = [null, undefined, 3, "x", [], {}, { id: "1", method: "load" }, { id: 1, method: {} }];
  const calls = [{ id: 7, method: "explain", args: 3 }, { id: 7 }, { id: 8, method: "dispose", args: null }];
  const { port1, port2 } = new MessageChannel();
  for (const message of [null, 3, { relprop: null }, { relprop: {} }]) worker.postMessage(message);
  worker.postMessage({ relprop: port2 }, [port2 as never]);
  for (const message of [...odd, ...calls]) port1.postMessage(message);
  const answer = (id: number, method: string) =>
    new Promise<{ error?: { code?: string } }>((resolve) => {
      port1.onmessage = ({ data }) => data?.id === id && resolve(data);
      port1.postMessage({ id, method, args: ["a"] });
    });
  for (const [id, method] of ["explain", "constructor", "__proto__", "toString", "dispose"].entries()) {
    assert.is((await answer(100 + id, method)).error?.code, "InvalidInput", method);
  }
  port1.close();
  assert.equal(await there.explain(texts[0]), expected);
  await there.dispose();
});

test("a worker that ends: calls under way and later ones are rejected", async () => {
  for (const how of ["throws", "closes"]) {
    const there = await load(folder, { ...wasm, worker: made(`${how}.ts`) });
    const calls = [there.explain("a"), there.predict("crash"), there.explain("b")].map(code);
    for (const outcome of await Promise.all(calls)) assert.match(outcome, /^(none|WorkerCrashed)$/);
    assert.is(await calls[1], "WorkerCrashed", how);
    const error = await there.explain("a").catch((error) => error);
    assert.is(error.code, "WorkerCrashed");
    assert.match(error.message, how === "throws" ? /on purpose|it has ended/ : /it has ended/);
    await there.dispose();
  }
});

if (threads && typeof Worker === "undefined") {
  test("one of its own that ends is started again by the next call, three times a minute", async () => {
    const { Worker } = threads;
    threads.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        workers.push(this);
      }
    };
    const crash = () => workers.at(-1)!.terminate();
    const now = performance.now.bind(performance);
    performance.now = () => now() / 1000; // four crashes are within a minute on a busy machine too
    try {
      const there = await load(folder, { ...wasm, worker: true });
      const expected = await there.explain(texts[0]);
      for (let times = 1; times <= 3; times++) {
        const running = [there.explain(texts[0]), there.predict(texts[0])].map(code);
        await crash();
        for (const outcome of await Promise.all(running)) assert.match(outcome, /^(none|WorkerCrashed)$/);
        assert.is(await code(there.explain(texts[0], { signal: AbortSignal.abort() })), "Aborted");
        const both = await Promise.all([there.explain(texts[0]), there.explain(texts[0])]);
        assert.equal(both, [expected, expected]);
        assert.is(workers.length, 1 + times);
      }
      await crash();
      const error = await there.predict(texts[0]).catch((error) => error);
      assert.is(error.code, "WorkerCrashed");
      assert.match(error.message, /4 workers ended within a minute; load the model again/);
      await there.dispose();
      assert.is(await code(there.predict(texts[0])), "Disposed");

      const given = await load(buffers(), { ...wasm, worker: true });
      await crash();
      const contents = await given.predict(texts[0]).catch((error) => error);
      assert.is(contents.code, "WorkerCrashed");
      assert.match(contents.message, /passed as contents, which are not kept; load the model again/);
      await given.dispose();
    } finally {
      threads.Worker = Worker;
      performance.now = now;
    }
  });
}

test("a file that is not there, one that is no module, one that does not serve", async () => {
  for (const file of ["nowhere.ts", "broken.ts"]) {
    let worker: ReturnType<typeof made>;
    try {
      worker = made(file);
    } catch {
      continue; // some runtimes say so at once
    }
    assert.is(await code(load(folder, { ...wasm, worker })), "WorkerCrashed", file);
  }
});

test("tokens of a text that goes on cross as they come, and an end of the loop ends the work there", async () => {
  const gpt2 = new URL("reference/generate/", import.meta.url);
  const [there, here] = [await load(gpt2, { ...wasm, worker: true }), await load(gpt2, wasm)];
  const how = { maxNewTokens: 12, stop: "!", logprobs: 2 };
  const all = async (model: Model) => {
    const tokens: GeneratedToken[] = [];
    for await (const token of model.stream("The movie was", how)) tokens.push(token);
    return tokens;
  };
  assert.equal(await all(there), await all(here));
  for await (const _ of there.stream("The movie was", how)) break;
  assert.equal(await there.generate("The movie was", how), await here.generate("The movie was", how));
  await Promise.all([there.dispose(), here.dispose()]);
});

test.run();
