// Our forward and our explanations on WebGPU: `node bench/webgpu.mjs [MiniLM-L6|BERT-base|tiny] [T,T,…] [rounds]` after
// `npm run build`. Times are of whole calls, medians; interleaved with the forward they are divided by. Dispatches and
// bytes are the plan's own: of the tensors that kernels read and write, each once.
import { load } from "../dist/index.js";
import { gpu } from "./dawn.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const [name = "MiniLM-L6", lengths = "16,128", rounds = "5"] = process.argv.slice(2);
const shape = shapes[name];
if (!shape) throw new Error(`there is no shape ${name}, only ${Object.keys(shapes).join(", ")}`);

const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
const { description, vendor, architecture } = adapter.info;
console.log(
  `${name} (${shape.layers} × ${shape.width}) on ${description || `${vendor} ${architecture}`}, Node ${process.version}`,
);
console.log("    T  what          ms   / forward   floor   dispatches       MB   GFLOP/s     GB/s");

const files = checkpoint(randomWeights(shape), shape);
const model = await load(files, { backend: "webgpu", gpu, name });
const counted = await load(files, { backend: "webgpu", gpu, name, profile: true });
const H = shape.width;
for (const T of lengths.split(",").map(Number)) {
  const words = text(T);
  const floors = {
    forward: 1,
    "cp-lrp": (44 * H + 6 * T) / (24 * H + 4 * T),
    "attn-lrp": (48 * H + 12 * T) / (24 * H + 4 * T),
  };
  const runs = {
    forward: (model) => model.predict(words),
    "cp-lrp": (model) => model.explain(words, { method: "cp-lrp" }),
    "attn-lrp": (model) => model.explain(words, { method: "attn-lrp" }),
  };
  const times = Object.fromEntries(Object.keys(runs).map((key) => [key, []]));
  for (const run of Object.values(runs)) await run(model); // warm
  for (let i = 0; i < Number(rounds); i++) {
    for (const [key, run] of Object.entries(runs)) {
      const start = performance.now();
      await run(model);
      times[key].push(performance.now() - start);
    }
  }
  for (const [key, run] of Object.entries(runs)) {
    const before = totals();
    await run(counted);
    const after = totals();
    const [calls, flops, bytes] = after.map((n, i) => n - before[i]);
    const ms = median(times[key]);
    const cells = [
      String(T).padStart(5),
      ` ${key}`.padEnd(9),
      ms.toFixed(1).padStart(9),
      median(times[key].map((t, i) => t / times.forward[i]))
        .toFixed(2)
        .padStart(11),
      floors[key].toFixed(2).padStart(7),
      String(calls).padStart(12),
      (bytes / 1e6).toFixed(1).padStart(8),
      (flops / ms / 1e6).toFixed(2).padStart(9),
      (bytes / ms / 1e6).toFixed(2).padStart(8),
    ];
    console.log(cells.join(" "));
  }
}
await model.dispose();
await counted.dispose();

/** Calls, operations and bytes so far. */
function totals() {
  return ["calls", "flops", "bytes"].map((key) => counted.profile().reduce((n, row) => n + row[key], 0));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
