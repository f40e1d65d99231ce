// An answer as a matrix: its time beside as many explanations of one token each, beside one explanation and beside a forward
// pass, in turn. CPU time, so that what else the machine does matters less. Every row's ledger is checked.
//
//   npm run bench -- answer
//   npm run bench -- answer --layers 30 --rounds 2        as deep as SmolLM2-135M

import "../test/hook.mjs";
import { done, median, options, ratio, runtime, table } from "./harness.mjs";
import { safetensors, settings } from "./random-model.mjs";

const asked = options({
  answer: "32",
  heads: "9",
  inner: "1536",
  kv: "3",
  layers: "6",
  methods: "cp-lrp,attn-lrp",
  prompt: "128",
  rounds: "3",
  vocabulary: "8192",
  width: "576",
});
const [layers, heads, kv, width, inner, words] = ["layers", "heads", "kv", "width", "inner", "vocabulary"].map((name) =>
  Number(asked[name]),
);
const [before, answer] = [Number(asked.prompt), Number(asked.answer)];

/** A Llama with random weights. */
function checkpoint() {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const weights = new Map();
  const add = (name, shape, scale, mean = 0) => {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1)).map(() => mean + scale * uniform());
    weights.set(name, { shape, data });
  };
  const dense = (name, out, into) => add(`${name}.weight`, [out, into], 2 / Math.sqrt(into));
  add("model.embed_tokens.weight", [words, width], 1);
  add("model.norm.weight", [width], 0.2, 1);
  const d = width / heads;
  for (let i = 0; i < layers; i++) {
    const p = `model.layers.${i}`;
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) add(`${p}.${norm}.weight`, [width], 0.2, 1);
    dense(`${p}.self_attn.q_proj`, width, width);
    dense(`${p}.self_attn.k_proj`, kv * d, width);
    dense(`${p}.self_attn.v_proj`, kv * d, width);
    dense(`${p}.self_attn.o_proj`, width, width);
    dense(`${p}.mlp.gate_proj`, inner, width);
    dense(`${p}.mlp.up_proj`, inner, width);
    dense(`${p}.mlp.down_proj`, width, inner);
  }
  const config = {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    hidden_size: width,
    intermediate_size: inner,
    max_position_embeddings: before + answer,
    num_attention_heads: heads,
    num_hidden_layers: layers,
    num_key_value_heads: kv,
    tie_word_embeddings: true,
    vocab_size: words,
  };
  const tokenizer = JSON.parse(settings({ layers, heads, words })["tokenizer.json"]);
  return {
    "config.json": JSON.stringify(config),
    "tokenizer.json": JSON.stringify({ ...tokenizer, post_processor: null }),
    "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }), // adds no token
    "model.safetensors": new Blob([...safetensors(weights)]),
  };
}

const { load } = await import("../src/runtime/load.ts");
const model = await load(checkpoint(), { backend: "wasm", threads: 1 });
const text = (from, to) => Array.from({ length: to - from }, (_, i) => "abcd"[(from + i) % 4]).join(" ");
const prompt = text(0, before);
const continuation = ` ${text(before, before + answer)}`;
const whole = prompt + continuation;

const cpu = async (run) => {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e3;
};

console.log(
  `${layers} × ${width}, ${words} words, ${answer} tokens after ${before}, WASM, ${runtime()}, ${asked.rounds} rounds`,
);
for (const method of asked.methods.split(",")) {
  const runs = {
    prediction: () => model.predict(whole),
    "one explanation": () => model.explain(whole, { method }),
    matrix: () => model.explain(prompt, { continuation, each: true, method }),
    separate: async () => {
      for (let k = 0; k < answer; k++) {
        const target = ["a", "b", "c", "d"][(before + k) % 4];
        await model.explain(text(0, before + k), { target, method });
      }
    },
  };
  const times = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = -1; round < Number(asked.rounds); round++) {
    const names = Object.keys(runs);
    for (const name of round % 2 ? names.reverse() : names) {
      const ms = await cpu(runs[name]);
      if (round >= 0) times[name].push(ms);
    }
  }
  const { rows } = await runs.matrix();
  const shares = rows.map(({ relevance, ledger: { logit, tokens, residual, ...others } }) => {
    const size = [...relevance, ...Object.values(others)].reduce((sum, v) => sum + Math.abs(v), 0);
    return Math.abs(residual) / size;
  });
  console.log(`${method}: ${rows.length} rows, the worst ledger misses ${Math.max(...shares).toExponential(1)}`);
  const cells = (name) => [
    name,
    median(times[name]).toFixed(0),
    ratio(times, name, "separate"),
    ratio(times, name, "one explanation"),
    ratio(times, name, "prediction"),
  ];
  console.log(table(["", "ms", "/ separate", "/ one explanation", "/ prediction"], Object.keys(runs).map(cells)));
}
await model.dispose();
done();
