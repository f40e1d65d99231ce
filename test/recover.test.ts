// A model whose device is lost or whose thread ends: the call under way is told, the next one works, to the bit.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Source } from "../src/index.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import type { LoadOptions } from "../src/runtime/options.ts";
import { code } from "./shipped.ts";
import { findGpu, places } from "./support.ts";

const folder = new URL("reference/tiny/silu-5-labels/", import.meta.url);
const names = ["config.json", "tokenizer.json", "model.safetensors"];
const buffers = () =>
  Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));
const text = "the sea is wide and the ship is small";
const options = { method: ["attn-lrp", "cp-lrp"], layers: true } as const;

const tick = () => new Promise((resolve) => setTimeout(resolve));

/** Something that can be lost: how a model is loaded on it, and how it goes. */
interface Fragile {
  name: string;
  lost: "DeviceLost" | "WorkerCrashed";
  load(source: Source, more?: LoadOptions): Promise<Model>;
  /** Loses what the last load, or recovery, has started; resolves once that is known. */
  lose(): Promise<unknown>;
  made(): number;
}
const fragile: Fragile[] = [];

const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
if (threads && typeof Worker === "undefined" && places.some(({ backend }) => backend === "wasm")) {
  const made: { terminate(): Promise<number> }[] = [];
  const { Worker } = threads;
  const watched = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      made.push(this);
    }
  };
  fragile.push({
    name: "a thread",
    lost: "WorkerCrashed",
    load(source, more) {
      threads.Worker = watched;
      return load(source, { backend: "wasm", threads: 2, ...more });
    },
    lose: () => made.at(-1)!.terminate().then(tick),
    made: () => made.length / 2,
  });
}

if (places.some(({ device }) => device)) {
  const found = (await findGpu())!;
  const made: GPUDevice[] = [];
  const gpu = {
    async requestAdapter() {
      const adapter = (await found.requestAdapter())!;
      const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
        made.push(await adapter.requestDevice(descriptor));
        return made.at(-1)!;
      };
      return { info: adapter.info, limits: adapter.limits, features: adapter.features, requestDevice };
    },
  } as unknown as GPU;
  fragile.push({
    name: "a GPU",
    lost: "DeviceLost",
    load: (source, more) => load(source, { backend: "webgpu", gpu, ...more }),
    lose() {
      made.at(-1)!.destroy();
      return made.at(-1)!.lost.then(tick);
    },
    made: () => made.length,
  });
}

for (const { name, lost, load, lose, made } of fragile) {
  const test = suite(`${name} that is lost`);

  test("between calls, and at several moments of one: the next call works, to the bit", async () => {
    const model = await load(folder);
    const expected = await model.explain(text, options);
    const begun = made();
    await lose();
    assert.equal(await model.explain(text, options), expected);
    assert.is(made(), begun + 1);
    const moments = 4;
    for (let moment = 0; moment < moments; moment++) {
      const running = [model.explain(text, options), model.predict(text)].map((call) => call.catch((error) => error));
      for (let i = 0; i < moment; i++) await (i % 2 ? tick() : Promise.resolve());
      await lose();
      for (const outcome of (await Promise.all(running)) as { code?: string; message?: string }[]) {
        if (outcome.code === undefined) continue; // done before, or after the recovery
        assert.is(outcome.code, lost, outcome.message);
        assert.not.match(outcome.message!, "please report");
      }
      assert.equal(await model.explain(text, options), expected, `moment ${moment}`);
    }
    await model.dispose();
  });

  test("a source that cannot be read again says so, each time, and is asked once", async () => {
    const given = await load(buffers());
    await given.predict(text);
    await lose();
    for (let i = 0; i < 2; i++) {
      const error = await given.predict(text).catch((error) => error);
      assert.is(error.code, lost);
      assert.match(
        error.message,
        /the weights cannot be read again: the files were passed as contents.*load the model/,
      );
    }
    await given.dispose();

    const copy = mkdtempSync(join(tmpdir(), "relprop-"));
    for (const name of names) copyFileSync(fileURLToPath(new URL(name, folder)), join(copy, name));
    const model = await load(copy);
    const weights = join(copy, "model.safetensors");
    const right = readFileSync(weights);
    const other = Buffer.from(right);
    other[other.length - 2] ^= 1;
    writeFileSync(weights, other);
    await lose();
    const error = await model.predict(text).catch((error) => error);
    assert.is(error.code, lost);
    assert.match(error.message, /no longer those that the model was loaded with/);
    writeFileSync(weights, right);
    assert.is(await code(model.predict(text)), lost, "there is one attempt");
    await model.dispose();

    // An abort is no attempt.
    const third = await load(copy);
    const before = await third.predict(text);
    await lose();
    const abort = new AbortController();
    const aborted = code(third.predict(text, { signal: abort.signal }));
    await Promise.resolve();
    abort.abort();
    assert.is(await aborted, "Aborted");
    assert.equal(await third.predict(text), before);
    await third.dispose();
    rmSync(copy, { recursive: true });
  });

  test("in the middle of a text that goes on: it begins again from its tokens, to the bit, or says what was lost", async () => {
    const speaker = new URL("reference/generate/", import.meta.url);
    const files = Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, speaker)))]));
    const model = await load(speaker);
    const how = { maxNewTokens: 8, temperature: 1, seed: 3 };
    const expected = await model.generate("the sea is", how);
    assert.is(expected.tokens.length, 8);
    for (const moment of lost === "DeviceLost" ? [4] : [1, 4, 6]) {
      const begun = made();
      let told = 0;
      let losing: Promise<unknown> | undefined;
      const onProgress = () => {
        if (++told === moment) losing = lose();
      };
      assert.equal(await model.generate("the sea is", { ...how, onProgress }), expected, `moment ${moment}`);
      await losing;
      assert.is(made(), begun + 1);
      assert.is(told, 8, "no token twice");
    }
    await model.dispose();

    const given = await load(files);
    const error = await given.generate("the sea is", { ...how, onProgress: () => void lose() }).catch((error) => error);
    assert.is(error.code, lost, error.message);
    assert.match(error.message, /the weights cannot be read again/);
    await given.dispose();
  });

  test.after(() => {
    if (threads && lost === "WorkerCrashed") threads.Worker = Object.getPrototypeOf(threads.Worker);
  });
  test.run();
}

if (!fragile.length) {
  console.log("nothing here can be lost: no GPU, and threads that a test cannot end");
  const test = suite("what is lost");
  test("nothing", () => {});
  test.run();
}
