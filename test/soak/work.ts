// Mixed work on the built package: what users do, and what goes wrong when they do it. Everything is random from a seed.

import { readFileSync } from "node:fs";
import type { Explanation, Model } from "../../src/index.ts";
import { type Random, seeded } from "../corpus/safetensors-mutants.ts";
import { counted } from "./watch.ts";

/** A part of the work: makes some calls and resolves with how many. */
export type Job = (random: Random) => Promise<number>;

const root = new URL("../../", import.meta.url);
// As packed, with its workers; typecheck runs before there is a dist/.
const { ansi, charts, html, load, methods, png, svg }: typeof import("../../src/index.ts") = await import(
  new URL("dist/index.js", root).href
);
const { chooseMethod, evaluate }: typeof import("../../src/evaluate.ts") = await import(
  new URL("dist/evaluate.js", root).href
);
const wasm = { backend: "wasm" } as const;

function stored(folder: string): Record<string, Uint8Array<ArrayBuffer>> {
  const names = ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"];
  const found = names.flatMap((name) => {
    try {
      return [[name, new Uint8Array(readFileSync(new URL(`${folder}/${name}`, root)))] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(found);
}

const words =
  "a an the not very film movie plot dull gorgeous witty never good bad cast 😀 naïve über 字 it's, . !".split(" ");
const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];
const text = (random: Random, most = 24) =>
  Array.from({ length: 1 + random(most) }, () => pick(random, words)).join(" ");
const image = (random: Random, side = 8 + random(24)) => ({
  data: Uint8Array.from({ length: 3 * side * side }, () => random(256)),
  width: side,
  height: side,
});

/** Errors that a call must end with: one without a code, or none, ends the soak. */
async function refused(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (error: { code?: string }) => error,
  );
  if (!error?.code) throw error ?? new Error("a call that must be refused was answered");
}

const others = ["saliency", "occlusion", "rollout", "integrated-gradients", "random"] as const;

export interface Given {
  /** A worker from worker.mjs, where there are any. */
  worker?: { postMessage(message: unknown, transfer: unknown): void };
  device?: GPUDevice;
  /** Reads JSON lines, where there is a command line. */
  lines?: (input: AsyncIterable<string>) => AsyncIterable<readonly { error?: unknown; text: unknown }[]>;
}

/** The jobs of a round; `close` frees what they share. */
export async function jobs({ worker, device, lines }: Given): Promise<{ jobs: Job[]; close(): Promise<void> }> {
  const folders = { text: "models/sst2-tiny", image: "models/digits-tiny" };
  const family = (name: string) => `test/reference/families/${name}`;
  const small = { lm: family("gpt2-lm"), embedding: family("bert-embedding"), token: family("bert-token") };
  const files = Object.fromEntries(
    Object.entries({ ...folders, ...small }).map(([name, path]) => [name, stored(path)]),
  );
  const models: Record<string, Model> = {};
  for (const [name, source] of Object.entries(files)) models[name] = (await load(source, wasm)) as Model;
  const there = worker && ((await load(files.text, { ...wasm, worker })) as Model);
  const onGpu = device && ((await load(files.token, { backend: "webgpu", device: counted(device) })) as Model);
  const all = [...methods.keys()];
  const drawn = (one: Explanation) => [html(one), svg(one), ansi(one, { color: "256", width: 40 })];

  const found: Job[] = [
    async (random) => {
      for (let i = 0; i < 4; i++) await models.text.predict(text(random));
      await models.token.predict(text(random), { truncate: true });
      await models.text.tokenize(text(random, 40));
      return 6;
    },
    async (random) => {
      await models.text.explain(text(random), { method: pick(random, all) });
      await models.text.explain(text(random, 6), { method: pick(random, others) });
      await models.token.explain(text(random), { method: pick(random, all), token: 1, truncate: true });
      return 3;
    },
    async (random) => {
      const finer = { layers: true, groups: "words", heads: true, neurons: 3, pairs: true } as const;
      drawn(await models.text.explain(text(random), finer));
      const lists = { target: [0, 1], at: ["words", "embeddings"], method: ["cp-lrp", "attn-lrp"] } as const;
      for (const one of await models.text.explain(text(random), lists)) drawn(one);
      return 29;
    },
    async (random) => {
      const texts = Array.from({ length: 1 + random(6) }, () => text(random));
      await models.text.predict(texts);
      await models.text.explain(texts);
      return 2;
    },
    async (random) => {
      const explain = random(2) === 0;
      await models.lm.generate("a small text", { maxNewTokens: 4, explain, temperature: random(2), seed: random(99) });
      return 1;
    },
    async (random) => {
      await models.embedding.predict(text(random, 8));
      const objective = random(2) ? { cosine: text(random, 8) } : { dot: text(random, 8) };
      await models.embedding.explain(text(random, 8), { objective, interactions: true });
      return 2;
    },
    async (random) => {
      const given = image(random);
      const told = await models.image.explain(given, { pixels: true });
      await models.image.predict(png(told, given));
      await refused(models.image.predict(png(told, given).subarray(0, 40)));
      return 5;
    },
    async (random) => {
      const { text: model } = models;
      await refused(model.predict("film ".repeat(2000)));
      await refused(model.predict(5 as never));
      await refused(model.explain(text(random), { method: "x" as "random" }));
      await refused(model.explain(text(random), { target: 99 }));
      await refused(model.explain(text(random), { unknown: 1 } as never));
      const whole = files.text["model.safetensors"];
      await refused(load({ ...files.text, "model.safetensors": whole.subarray(0, random(whole.length)) }, wasm));
      await refused(load({ ...files.text, "config.json": "{" }, wasm));
      await refused(load({}, wasm));
      return 8;
    },
    async (random) => {
      const some = Array.from({ length: 8 }, () => text(random));
      const abort = new AbortController();
      const { signal } = abort;
      const calls = [
        models.text.explain(some, { signal, method: "occlusion" }),
        models.lm.generate("a text", { signal, maxNewTokens: 9 }),
        load(files.text, { ...wasm, signal }).then((model: Model) => model.dispose()),
      ];
      for (let ticks = random(30); ticks; ticks--) await undefined;
      abort.abort();
      await Promise.allSettled(calls);
      await refused(models.text.predict("a", { signal }));
      return 4;
    },
    async (random) => {
      const model: Model = await load(pick(random, Object.values(files)), wasm);
      if (random(2) && model.task === "sequence-classification") await model.predict(text(random));
      const late = model.tokenize("a").catch(() => {});
      await model.dispose();
      await late;
      await refused(model.predict("a"));
      return 4;
    },
    async (random) => {
      const diagnosis = await models.text.diagnose(text(random));
      charts(diagnosis);
      return 2;
    },
  ];
  if (there) {
    found.push(async (random) => {
      await there.predict(text(random));
      drawn(await there.explain(text(random), { method: pick(random, all) }));
      await refused(there.explain(text(random), { method: "x" as "random" }));
      return 6;
    });
  }
  if (lines) {
    found.push(async (random) => {
      const given = Array.from({ length: 9 }, () =>
        random(3) ? JSON.stringify({ id: 1, text: text(random) }) : "{[\n",
      );
      async function* chunks() {
        for (const one of given) yield `${one}\n`;
      }
      let answered = 0;
      for await (const group of lines(chunks())) {
        const right = group.filter(({ error }) => !error).map((line) => line.text as string);
        if (right.length) await models.text.predict(right);
        answered++;
      }
      return answered;
    });
  }
  if (onGpu) {
    found.push(async (random) => {
      if (random(4)) return 0; // in software it takes most of a round
      await onGpu.predict(text(random, 3));
      await onGpu.explain(text(random, 3), { token: 1 });
      await refused(onGpu.explain("a", { target: 99 }));
      return 3;
    });
  }
  found.push(async (random) => {
    if (random(20)) return 0; // these are slow
    const own: Model = await load(files.text, { ...wasm, worker: true });
    await own.predict(text(random));
    await own.dispose();
    const threaded: Model = await load(files.text, { ...wasm, threads: 2 });
    await threaded.predict(text(random));
    await threaded.dispose();
    const examples = [
      { text: text(random), label: 0 },
      { text: text(random), label: 1 },
    ];
    await evaluate(models.text, examples, { methods: ["random", "cp-lrp"], protocol: "ali2022-fixed" });
    await chooseMethod(models.text, examples, { methods: ["random", "saliency"] });
    return 8;
  });
  if (device) {
    found.push(async (random) => {
      if (random(20)) return 0;
      const model: Model = await load(files.token, { backend: "webgpu", device });
      await model.predict("a text");
      await model.dispose();
      return 3;
    });
  }
  const close = async () => {
    for (const model of [...Object.values(models), there, onGpu]) await model?.dispose();
  };
  return { jobs: found, close };
}

export { seeded };
