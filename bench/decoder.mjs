// A decoder of SmolLM2-135M's shape with random weights: our prediction, explanation and generated tokens beside the same
// network on onnxruntime-web (grouped attention with its key/value cache, as exporters write it): interleaved rounds, medians of
// ratios with their quartiles, and how large each side's WASM memory got.
//
//   npm run bench -- decoder [--runtime node|node26|deno|chromium] [--threads 1] [--tokens 128] [--new 32] [--rounds 7]
//                            [--layers 30] [--words 49152] [--clock wall|cpu]
//
// `--clock cpu` takes the process' CPU time, of one thread in Node: the same on a machine that others use too.

import { attempt, done, median, options, ratio, runtime, table } from "./harness.mjs";
import { onnxLlama } from "./onnx-llama.mjs";
import { safetensors, settings } from "./random-model.mjs";

const asked = options({
  threads: "1",
  tokens: "128",
  new: "32",
  rounds: "7",
  layers: "30",
  words: "49152",
  clock: "wall",
});
/** Milliseconds. */
function now() {
  if (asked.clock === "wall") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
const [threads, T, more, rounds] = [asked.threads, asked.tokens, asked.new, asked.rounds].map(Number);
const shape = {
  layers: Number(asked.layers),
  heads: 9,
  groups: 3,
  width: 576,
  inner: 1536,
  words: Number(asked.words),
};
const network = { ...shape, theta: 100000, positions: T + more };

// Each side's memories, by who made them.
const memories = { ours: [], theirs: [] };
let side = "ours";
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(descriptor) {
    super(descriptor);
    memories[side].push(this);
  }
};
const mib = (who) => (memories[who].reduce((n, { buffer }) => n + buffer.byteLength, 0) / 2 ** 20).toFixed(0);

const weights = random();
const { load } = await import("../dist/index.js");
const model = await load(checkpoint(), { backend: "wasm", threads });
const loaded = mib("ours");
const prompt = Array.from({ length: T }, (_, i) => "abcd"[i % 4]).join(" ");
const ids = (await model.tokenize(prompt)).map(({ id }) => id);
if (ids.length !== T) throw new Error(`the prompt has ${ids.length} tokens`);

side = "theirs";
const ort = await import("onnxruntime-web");
const { it: session, why } = await attempt(async () => {
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  if (!globalThis.process) ort.env.wasm.wasmPaths = "/bench/node_modules/onnxruntime-web/dist/";
  return ort.InferenceSession.create(onnxLlama(weights, network), { executionProviders: ["wasm"] });
});
if (!session) throw new Error(`onnxruntime-web does not run here: ${why}`);
weights.clear();
const empty = () => new ort.Tensor("float32", new Float32Array(0), [1, shape.groups, 0, shape.width / shape.heads]);
const blocks = [...Array(shape.layers).keys()];

/** The last token's logits after these, and the cache. */
async function theirs(list, before = 0, cache) {
  const feeds = {
    input_ids: new ort.Tensor("int64", BigInt64Array.from(list, BigInt), [1, list.length]),
    seqlens_k: new ort.Tensor("int32", [before + list.length - 1], [1]),
    total: new ort.Tensor("int32", [before + list.length], []),
  };
  for (const i of blocks)
    for (const part of ["key", "value"]) feeds[`past_${part}.${i}`] = cache?.[`present_${part}.${i}`] ?? empty();
  return session.run(feeds);
}

const best = (logits) => logits.reduce((top, v, i) => (v > logits[top] ? i : top), 0);
const times = { predict: [], "cp-lrp": [], token: [], "their predict": [], "their token": [] };
const timed = async (name, work) => {
  const from = now();
  const result = await work();
  times[name].push(now() - from);
  return result;
};
const own = { ids: [], logit: 0 };
const other = { ids: [], logit: 0 };

/** Time of a token, the median of those after the first. */
async function ourTokens() {
  const at = [];
  const onProgress = () => at.push(now());
  const { tokens } = await model.generate(prompt, { maxNewTokens: more + 1, onProgress });
  own.ids = tokens.map(({ id }) => id);
  times.token.push(median(at.slice(1).map((t, i) => t - at[i])));
}

async function theirTokens() {
  let results = await timed("their predict", () => theirs(ids));
  other.ids = [best(results.logits.data)];
  other.logit = results.logits.data[other.ids[0]];
  const each = [];
  for (let n = 0; n < more; n++) {
    const from = now();
    results = await theirs(other.ids.slice(-1), T + n, results);
    other.ids.push(best(results.logits.data));
    each.push(now() - from);
  }
  times["their token"].push(median(each));
}

const grown = {};
const work = [
  async () => {
    const { classes } = await timed("predict", () => model.predict(prompt));
    own.logit = classes[0].logit;
    grown.predict ??= mib("ours");
  },
  theirTokens,
  async () => {
    await timed("cp-lrp", () => model.explain(prompt, { method: "cp-lrp" }));
    grown["cp-lrp"] ??= mib("ours");
  },
  async () => {
    await ourTokens();
    grown.token ??= mib("ours");
  },
];
const WARM = 1;
for (let round = 0; round < rounds + WARM; round++)
  for (const one of round % 2 ? [...work].reverse() : work) await one();
for (const list of Object.values(times)) list.splice(0, WARM);
const same = own.ids.findIndex((id, i) => id !== other.ids[i]);
await model.dispose();

const about = `${shape.layers} × ${shape.width}, ${shape.words} words, ${runtime()}, wasm, threads ${threads}, ${asked.clock} time`;
console.log(`${about}: medians of ${rounds} rounds (quartiles), onnxruntime-web ${ort.env.versions.web}\n`);
const row = (name, what, against) => [
  what,
  median(times[name]).toFixed(0),
  grown[name] ?? "",
  ratio(times, name, against),
];
console.log(
  table(
    ["of ours", "ms", "WASM memory, MiB", "/ theirs"],
    [
      row("predict", `prediction of ${T} tokens`, "their predict"),
      row("cp-lrp", `explanation of ${T} tokens`, "their predict"),
      row("token", `a generated token, of ${more}`, "their token"),
    ],
  ),
);
console.log(
  `\ntheirs: prediction ${median(times["their predict"]).toFixed(0)} ms, token ${median(times["their token"]).toFixed(1)} ms, memory ${mib("theirs")} MiB; ours after load() ${loaded} MiB`,
);
const alike =
  same < 0 ? `all ${own.ids.length} tokens are the same` : `the first ${same} of ${own.ids.length} tokens are the same`;
console.log(`logits: ${own.logit.toFixed(5)} and ${other.logit.toFixed(5)}; ${alike}`);
done();

/** A Llama's weights, its embedding also the head. */
function random() {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const { layers, heads, groups, width, inner, words } = shape;
  const weights = new Map();
  const add = (name, shape, scale, mean = 0) => {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
    for (let i = 0; i < data.length; i++) data[i] = mean + scale * uniform();
    weights.set(`model.${name}.weight`, { shape, data });
  };
  const dense = (name, out, into) => add(name, [out, into], 2 / Math.sqrt(into));
  const kept = (groups * width) / heads;
  add("embed_tokens", [words, width], 1);
  add("norm", [width], 0.2, 1);
  for (let i = 0; i < layers; i++) {
    const p = `layers.${i}`;
    add(`${p}.input_layernorm`, [width], 0.2, 1);
    add(`${p}.post_attention_layernorm`, [width], 0.2, 1);
    dense(`${p}.self_attn.q_proj`, width, width);
    dense(`${p}.self_attn.k_proj`, kept, width);
    dense(`${p}.self_attn.v_proj`, kept, width);
    dense(`${p}.self_attn.o_proj`, width, width);
    dense(`${p}.mlp.gate_proj`, inner, width);
    dense(`${p}.mlp.up_proj`, inner, width);
    dense(`${p}.mlp.down_proj`, width, inner);
  }
  return weights;
}

function checkpoint() {
  const { layers, heads, groups, width, inner, words } = shape;
  const config = {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: groups,
    vocab_size: words,
    max_position_embeddings: network.positions + 1,
    rms_norm_eps: 1e-5,
    rope_theta: network.theta,
    tie_word_embeddings: true,
    hidden_act: "silu",
    eos_token_id: -1,
  };
  const tokenizer = JSON.parse(settings({ layers, heads, words })["tokenizer.json"]);
  return {
    "config.json": JSON.stringify(config),
    "tokenizer.json": JSON.stringify({ ...tokenizer, post_processor: null }),
    "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }),
    "model.safetensors": joined([...safetensors(weights)]), // a page cannot read so large a Blob of its own memory
  };
}

function joined(parts) {
  const out = new Uint8Array(parts.reduce((n, { byteLength }) => n + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    out.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return out;
}
