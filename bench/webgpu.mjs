// Our forward and explanations on WebGPU: medians, and ratios to the forward of the same round. Dispatches and bytes are
// the plan's own: of the tensors that kernels read and write, each once.
//
//   npm run bench -- webgpu [--model MiniLM-L6] [--tokens 16,128] [--rounds 7]

import { load } from "../dist/index.js";
import { done, floor, interleave, median, numbers, options, ratio, runtime, table } from "./harness.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const asked = options({ model: "MiniLM-L6", tokens: "16,128", rounds: "7" });
const shape = shapes[asked.model];
const files = checkpoint(randomWeights(shape), shape);
const model = await load(files, { backend: "webgpu" });
const counted = await load(files, { backend: "webgpu", profile: true });

/** Calls, operations and bytes so far. */
const totals = () => ["calls", "flops", "bytes"].map((key) => counted.profile().reduce((n, row) => n + row[key], 0));

const rows = [];
for (const T of numbers(asked.tokens)) {
  const words = text(T);
  const run = {
    forward: (model) => model.predict(words),
    "cp-lrp": (model) => model.explain(words, { method: "cp-lrp" }),
    "attn-lrp": (model) => model.explain(words, { method: "attn-lrp" }),
  };
  const timed = Object.fromEntries(Object.entries(run).map(([name, one]) => [name, () => one(model)]));
  const times = await interleave(timed, Number(asked.rounds), 1);
  for (const name of Object.keys(run)) {
    const before = totals();
    await run[name](counted);
    const [calls, flops, bytes] = totals().map((n, i) => n - before[i]);
    const ms = median(times[name]);
    rows.push([
      T,
      name,
      ms.toFixed(1),
      ratio(times, name, "forward"),
      floor[name]?.(shape.width, T).toFixed(2) ?? "",
      calls,
      (bytes / 1e6).toFixed(1),
      (flops / ms / 1e6).toFixed(2),
      (bytes / ms / 1e6).toFixed(2),
    ]);
  }
}
await model.dispose();
await counted.dispose();
console.log(`${asked.model} on WebGPU, ${runtime()}, ${asked.rounds} rounds\n`);
console.log(table(["T", "what", "ms", "/ forward", "floor", "dispatches", "MB", "GFLOP/s", "GB/s"], rows));
done();
