// How an explanation's time grows with tokens, texts and layers, as a table and an SVG plot: bench/plots/scaling.svg.
// Every point is a ratio to the first of its curve, in the same rounds.
//
//   npm run bench -- scaling [--width 384] [--rounds 5] [--backend wasm|webgpu]

import { load } from "../dist/index.js";
import { done, interleave, median, options, ratio, runtime, table } from "./harness.mjs";
import { plots } from "./plot.mjs";
import { checkpoint, randomWeights, text } from "./random-model.mjs";

const asked = options({ width: "384", rounds: "5", backend: "wasm" });
const width = Number(asked.width);
const rounds = Number(asked.rounds);
const rows = [];
const panels = [];
const open = async (layers) => {
  const shape = { layers, heads: 12, width, inner: 4 * width };
  return load(checkpoint(randomWeights(shape), shape), { backend: asked.backend });
};

const six = await open(6);
const flops = (T) => T * (44 * width + 6 * T); // a layer of cp-lrp, up to a factor
await curve("tokens", [16, 32, 64, 128, 256, 512], (T, method) => six.explain(text(T), { method }), flops);
await curve("texts of 16 tokens", [1, 2, 4, 8, 16, 32, 64], (B, method) =>
  six.explain(Array(B).fill(text(16)), { method }),
);
await six.dispose();

const models = new Map();
for (const layers of [1, 2, 4, 8, 12]) models.set(layers, await open(layers));
await curve("layers, 128 tokens", [...models.keys()], (layers, method) =>
  models.get(layers).explain(text(128), { method }),
);
for (const model of models.values()) await model.dispose();

console.log(
  `${width} wide, 6 layers unless said, ${runtime()}, ${asked.backend}, 1 thread, ${rounds} rounds: time / the first one's\n`,
);
console.log(table(["of", "", "cp-lrp (quartiles)", "attn-lrp (quartiles)"], rows));
if (globalThis.process?.getBuiltinModule) {
  const { mkdirSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const folder = new URL("plots/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("scaling.svg", folder), plots(panels));
  console.log("\nbench/plots/scaling.svg shows it");
}
done();

async function curve(of, values, run, work = (n) => n) {
  const methods = ["cp-lrp", "attn-lrp"];
  const runs = values.flatMap((n) => methods.map((method) => [`${method} ${n}`, () => run(n, method)]));
  const times = await interleave(Object.fromEntries(runs), rounds, 1);
  for (const n of values)
    rows.push([of, n, ...methods.map((method) => ratio(times, `${method} ${n}`, `${method} ${values[0]}`))]);
  const first = values[0];
  const relative = (method, n) => median(times[`${method} ${n}`].map((t, i) => t / times[`${method} ${first}`][i]));
  panels.push({
    title: `time against ${of}`,
    x: of,
    y: `time / that of ${first}`,
    lines: [
      ...methods.map((method) => ({ name: method, points: values.map((n) => [n, relative(method, n)]) })),
      { name: "arithmetic", dashed: true, hue: "#999", points: values.map((n) => [n, work(n) / work(first)]) },
    ],
  });
}
