// Our forward and our explanation beside onnxruntime-web's forward of the same network with the same random weights: one
// thread each on WASM, interleaved round by round, as medians of the rounds' ratios (single times on a shared machine
// mean little). `node bench/bench.mjs [MiniLM-L6|BERT-base] [T,T,…]` after `npm run build` and `npm ci` in bench/.

import * as ort from "onnxruntime-web";
import { load } from "../dist/index.js";
import { onnx } from "./onnx.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const name = process.argv[2] ?? "MiniLM-L6";
const lengths = (process.argv[3] ?? "16,128,512").split(",").map(Number);
const shape = shapes[name];
if (!shape) throw new Error(`there is no shape ${name}, only ${Object.keys(shapes).join(", ")}`);

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const weights = randomWeights(shape);
const model = await load(checkpoint(weights, shape), { backend: "wasm", name });

console.log(`${name} (${shape.layers} × ${shape.width}), Node ${process.version}, WASM, 1 thread; medians of ratios`);
console.log(
  "    T   rounds   forward ms   forward/ort   cp-lrp/forward   floor   cp-lrp/ort   attn-lrp/ort   max |Δlogit|",
);
for (const T of lengths) {
  const session = await ort.InferenceSession.create(onnx(weights, shape, T), { executionProviders: ["wasm"] });
  const words = text(T);
  const x = new ort.Tensor("float32", embeddings(T, words), [1, T, shape.width]);

  const runs = {
    ort: () => session.run({ x }),
    forward: () => model.predict(words),
    cp: () => model.explain(words, { method: "cp-lrp" }),
    attn: () => model.explain(words, { method: "attn-lrp" }),
  };
  const { logits } = await runs.ort();
  const { classes } = await runs.forward();
  const off = Math.max(...classes.map(({ logit }, c) => Math.abs(logit - logits.data[c])));

  const rounds = T > 256 ? 5 : 11;
  const times = Object.fromEntries(Object.keys(runs).map((key) => [key, []]));
  for (const run of Object.values(runs)) await run(); // warm
  for (let i = 0; i < rounds; i++) {
    for (const [key, run] of Object.entries(runs)) {
      const start = performance.now();
      await run();
      times[key].push(performance.now() - start);
    }
  }
  const ratio = (a, b) => median(times[a].map((t, i) => t / times[b][i])).toFixed(2);
  const H = shape.width;
  const cells = [
    String(T).padStart(5),
    String(rounds).padStart(8),
    median(times.forward).toFixed(1).padStart(12),
    ratio("forward", "ort").padStart(13),
    ratio("cp", "forward").padStart(16),
    ((44 * H + 6 * T) / (24 * H + 4 * T)).toFixed(2).padStart(7),
    ratio("cp", "ort").padStart(12),
    ratio("attn", "ort").padStart(14),
    off.toExponential(1).padStart(14),
  ];
  console.log(cells.join(" "));
  await session.release();
}
await model.dispose();
process.exit(0); // onnxruntime keeps a handle open

/** What our network computes before its first block: the embeddings after their LayerNorm. */
function embeddings(T, words) {
  const table = (part) => weights.get(`bert.embeddings.${part}`).data;
  const ids = [2, ...words.split(" ").map((word) => 5 + "abcd".indexOf(word)), 3];
  const { width } = shape;
  const out = new Float32Array(T * width);
  ids.forEach((id, t) => {
    const row = Array.from({ length: width }, (_, d) => {
      const place = table("position_embeddings.weight")[t * width + d] + table("token_type_embeddings.weight")[d];
      return table("word_embeddings.weight")[id * width + d] + place;
    });
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const deviation = Math.sqrt(row.reduce((n, v) => n + (v - mean) ** 2, 0) / width + 1e-12);
    row.forEach((v, d) => {
      out[t * width + d] = ((v - mean) / deviation) * table("LayerNorm.weight")[d] + table("LayerNorm.bias")[d];
    });
  });
  return out;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
