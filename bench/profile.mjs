// Where the time of an explanation goes, kernel by kernel, by the device's own clock; runtimes may round what it says to a
// tenth of a millisecond.
//
//   npm run bench -- profile [--model MiniLM-L6] [--tokens 128] [--method cp-lrp] [--backend webgpu|wasm] [--runs 3]

import { load } from "../dist/index.js";
import { done, options, runtime, table } from "./harness.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const asked = options({ model: "MiniLM-L6", tokens: "128", method: "cp-lrp", backend: "webgpu", runs: "3" });
const { backend, method } = asked;
const shape = shapes[asked.model];
const runs = Number(asked.runs);
const words = text(Number(asked.tokens));

const model = await load(checkpoint(randomWeights(shape), shape), { backend, profile: true });
await model.explain(words, { method });
const before = new Map(model.profile().map((row) => [row.kernel, row]));
for (let i = 0; i < runs; i++) await model.explain(words, { method });
const since = (row, key) => (row[key] - (before.get(row.kernel)?.[key] ?? 0)) / runs;
const kernels = model.profile().map((row) => {
  return Object.fromEntries(Object.keys(row).map((key) => [key, key === "kernel" ? row.kernel : since(row, key)]));
});
await model.dispose();

const sum = (key) => kernels.reduce((n, row) => n + row[key], 0);
const all = { kernel: "all", calls: sum("calls"), ms: sum("ms"), flops: sum("flops"), bytes: sum("bytes") };
const rows = [...kernels.sort((a, b) => b.ms - a.ms), all].map(({ kernel, calls, ms, flops, bytes }) => [
  kernel,
  calls,
  ms.toFixed(2),
  `${((100 * ms) / all.ms).toFixed(1)} %`,
  flops ? (flops / ms / 1e6).toFixed(2) : "",
  (bytes / ms / 1e6).toFixed(2),
  (bytes / 1e6).toFixed(1),
]);
console.log(
  `${asked.model}, T = ${asked.tokens}, ${method}, ${backend}, ${runtime()}: one explanation, mean of ${runs}\n`,
);
console.log(table(["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s", "MB"], rows));
done();
