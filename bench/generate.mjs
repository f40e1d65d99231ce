// A text that goes on: time of a step, and the bytes that it hands to the backend and takes from it, by how many tokens are
// before it. With another checkout beside this one, its steps and ours in turn, and the ratio of their times.
//
//   npm run bench -- generate
//   npm run bench -- generate --backend webgpu --layers 2 --rounds 3
//   npm run bench -- generate --before ../earlier          a checkout that has run `npm run generate`

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import "../test/hook.mjs";
import { done, median, numbers, options, ratio, runtime, table } from "./harness.mjs";
import { safetensors, settings } from "./random-model.mjs";

const asked = options({
  backend: "wasm",
  before: "",
  contexts: "64,1000",
  heads: "6",
  layers: "6",
  rounds: "5",
  steps: "8",
  threads: "1",
  vocabulary: "8192",
  width: "384",
});
const [layers, heads, width, words] = [asked.layers, asked.heads, asked.width, asked.vocabulary].map(Number);
const [contexts, rounds, steps] = [numbers(asked.contexts), Number(asked.rounds), Number(asked.steps)];
const positions = Math.max(...contexts) + steps + 1;

/** A decoder with GPT-2's names and random weights. */
function checkpoint() {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const weights = new Map();
  const add = (name, shape, scale, mean = 0) => {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1)).map(() => mean + scale * uniform());
    weights.set(`transformer.${name}`, { shape, data });
  };
  const norm = (name) => {
    add(`${name}.weight`, [width], 0.2, 1);
    add(`${name}.bias`, [width], 0.1);
  };
  const dense = (name, from, to) => {
    add(`${name}.weight`, [from, to], 2 / Math.sqrt(from));
    add(`${name}.bias`, [to], 0.1);
  };
  add("wte.weight", [words, width], 1);
  add("wpe.weight", [positions, width], 1);
  norm("ln_f");
  for (let i = 0; i < layers; i++) {
    norm(`h.${i}.ln_1`);
    norm(`h.${i}.ln_2`);
    dense(`h.${i}.attn.c_attn`, width, 3 * width);
    dense(`h.${i}.attn.c_proj`, width, width);
    dense(`h.${i}.mlp.c_fc`, width, 4 * width);
    dense(`h.${i}.mlp.c_proj`, 4 * width, width);
  }
  const config = {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    n_embd: width,
    n_head: heads,
    n_layer: layers,
    n_positions: positions,
    vocab_size: words,
    eos_token_id: -1,
  };
  const tokenizer = JSON.parse(settings({ layers, heads, words })["tokenizer.json"]);
  return {
    "config.json": JSON.stringify(config),
    "tokenizer.json": JSON.stringify({ ...tokenizer, post_processor: null }),
    "model.safetensors": new Blob([...safetensors(weights)]),
  };
}

const gpu = {};
if (asked.backend === "webgpu") {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  globalThis.keep = create([]); // Dawn must outlive the models
  gpu.gpu = globalThis.keep;
}

/** A checkout's model, with a count of the bytes of its last run. */
async function started(root) {
  const { read } = await import(new URL("src/runtime/load.ts", root).href);
  const { Model } = await import(new URL("src/runtime/model.ts", root).href);
  const parts = await read(checkpoint(), { backend: asked.backend, threads: Number(asked.threads), ...gpu });
  const { backend } = parts;
  const last = {};
  const bytes = (arrays) => arrays.reduce((n, { byteLength }) => n + byteLength, 0);
  const prepare = async (plan) => {
    const program = await backend.prepare(plan);
    const run = async (inputs, ...more) => {
      const results = await program.run(inputs, ...more);
      last.up = bytes(Object.keys(plan.inputs).map((name) => inputs[name]));
      last.down = bytes(Object.values(results));
      return results;
    };
    return { bytes: program.bytes, run, dispose: () => program.dispose() };
  };
  const watched = Object.create(backend, { prepare: { value: prepare } });
  return { model: new Model({ ...parts, backend: watched }), last };
}

const roots = { now: new URL("..", import.meta.url) };
if (asked.before) roots.before = pathToFileURL(`${resolve(asked.before)}/`);
const models = {};
for (const [name, root] of Object.entries(roots)) models[name] = await started(root);

const prompt = (n) => Array.from({ length: n }, (_, i) => "abcd"[i % 4]).join(" ");
/** Milliseconds of a step, the median of those after a prompt of `n` tokens. */
async function step({ model }, n) {
  const times = [];
  const onProgress = () => times.push(performance.now());
  await model.generate(prompt(n), { maxNewTokens: steps + 1, onProgress });
  return median(times.slice(1).map((time, i) => time - times[i]));
}

const times = {};
const bytes = {};
for (let round = -1; round < rounds; round++) {
  for (const n of contexts) {
    const names = Object.keys(models);
    for (const name of round % 2 ? names.reverse() : names) {
      const key = `${name} ${n}`;
      const ms = await step(models[name], n);
      bytes[key] = { ...models[name].last };
      if (round >= 0) times[key] = [...(times[key] ?? []), ms];
    }
  }
}
const about = `${layers} × ${width}, ${heads} heads, ${words} words`;
console.log(`${about}, ${asked.backend}, ${runtime()}, medians of ${rounds} rounds of ${steps} steps`);
const cells = (name, n) => {
  const key = `${name} ${n}`;
  return [n, name, median(times[key]).toFixed(1), bytes[key].up, bytes[key].down, ratio(times, key, `now ${n}`)];
};
const rows = contexts.flatMap((n) => Object.keys(models).map((name) => cells(name, n)));
console.log(table(["tokens", "checkout", "ms a step", "bytes up", "bytes down", "time / now"], rows));
done();
