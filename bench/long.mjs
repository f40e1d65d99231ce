// Long texts: time and bytes of work buffers against T, with attention weights kept and made again.
//
//   node bench/long.mjs                          MiniLM-L6 at T = 128 … 4,096 on WASM, some minutes
//   node bench/long.mjs BERT-base 4096           the full size, one run of each
//   node bench/long.mjs BERT-base 4096 --layers 1 --backend webgpu --methods cp-lrp
//
// Prints a table, and writes bench/plots/long-MODEL-BACKEND.svg where there are several T. Times are medians of runs that
// take turns; on a shared machine read their ratios.

import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import "../test/hook.mjs";
import { HUES, plots } from "./plot.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const { methods } = await import("../src/propagation/composites.ts");
const { read } = await import("../src/runtime/load.ts");
const { Model } = await import("../src/runtime/model.ts");
const { attend } = await import("../src/ops/attend.ts");
const { plan, workBytes } = await import("../src/graph/plan.ts");
const { logitsTrace, network } = await import("../src/engine/network.ts");
const { explanationTrace } = await import("../src/explain/trace.ts");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: "string" },
    backend: { type: "string", default: "wasm" },
    methods: { type: "string", default: "cp-lrp,attn-lrp" },
  },
});
const name = positionals[0] ?? "MiniLM-L6";
const lengths = (positionals[1] ?? "128,256,512,1024,2048,4096").split(",").map(Number);
if (!shapes[name]) throw new Error(`there is no shape ${name}, only ${Object.keys(shapes).join(", ")}`);
const shape = { ...shapes[name], positions: Math.max(...lengths) };
const whole = shape.layers;
if (options.layers) shape.layers = Number(options.layers);
const explained = options.methods.split(",").filter(Boolean);

const gpu = {};
if (options.backend === "webgpu") {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  globalThis.keep = create([]); // Dawn must outlive the model
  gpu.gpu = globalThis.keep;
}
const parts = await read(checkpoint(randomWeights(shape), shape), { backend: options.backend, name, ...gpu });

/** The model by one form of attention, and the bytes that its plans need. */
function form(recompute) {
  const { architecture } = parts;
  const forced = { ...architecture, network: (x) => architecture.network({ ...x, recompute, attend }) };
  const bytes = (T, method) => {
    const net = network(forced, 1, T);
    const { outputs } = method ? explanationTrace(net, [methods.get(method)]) : logitsTrace(net);
    return workBytes(plan(outputs));
  };
  return { model: new Model({ ...parts, architecture: forced }), bytes };
}
const again = form(true);
const kept = form(false);

const H = shape.width;
const floors = {
  "cp-lrp": (T) => (44 * H + 8 * T) / (24 * H + 4 * T),
  // Scores and p's gradient once more for the queries, once more for the keys.
  "attn-lrp": (T) => (48 * H + 18 * T) / (24 * H + 4 * T),
};

console.log(
  `${name}, ${shape.layers} × ${H}, ${options.backend}, Node ${process.version}: attention made again | weights kept`,
);
console.log("    T   what          ms   / forward   floor     work MB |      ms   again/kept     work MB");
const rows = [];
for (const T of lengths) {
  const words = text(T);
  const run = (model, what) => (what === "forward" ? model.predict(words) : model.explain(words, { method: what }));
  const keepable = T <= 1024;
  const jobs = ["forward", ...explained].flatMap((what) => [
    [`again ${what}`, () => run(again.model, what)],
    ...(keepable ? [[`kept ${what}`, () => run(kept.model, what)]] : []),
  ]);
  const rounds = T > 1024 ? 1 : T > 256 ? 3 : 7;
  const times = Object.fromEntries(jobs.map(([key]) => [key, []]));
  if (keepable) for (const [, job] of jobs) await job(); // warm
  for (let i = 0; i < rounds; i++) {
    for (const [key, job] of jobs) {
      const start = performance.now();
      await job();
      times[key].push(performance.now() - start);
    }
  }
  const ratio = (a, b) => median(times[a].map((t, i) => t / times[b][i]));
  for (const what of ["forward", ...explained]) {
    const method = what === "forward" ? undefined : what;
    const row = { T, what, ms: median(times[`again ${what}`]) };
    row.bytes = again.bytes(T, method);
    row.keptBytes = kept.bytes(T, method);
    if (keepable) row.keptMs = median(times[`kept ${what}`]);
    rows.push(row);
    const cells = [
      String(T).padStart(5),
      `  ${what.padEnd(9)}`,
      row.ms.toFixed(0).padStart(7),
      (method ? ratio(`again ${what}`, "again forward").toFixed(2) : "").padStart(11),
      (floors[what]?.(T).toFixed(2) ?? "").padStart(7),
      (row.bytes / 1e6).toFixed(0).padStart(11),
      "|",
      (row.keptMs?.toFixed(0) ?? "").padStart(7),
      (keepable ? ratio(`again ${what}`, `kept ${what}`).toFixed(2) : "").padStart(12),
      (row.keptBytes / 1e6).toFixed(0).padStart(11),
    ];
    console.log(cells.join(" "));
  }
}
const peak = process.resourceUsage().maxRSS / 1e6;
console.log(`the process at its largest: ${peak.toFixed(2)} GB, weights included; a plan of ${whole} layers:`);
for (const [what, bytes] of Object.entries(await wholePlans()))
  console.log(`  ${what}: ${(bytes / 1e9).toFixed(3)} GB`);

if (lengths.length > 1) {
  const lines = (key, by) =>
    ["forward", ...explained].map((what, i) => ({
      name: what,
      hue: HUES[i],
      points: rows.filter((row) => row.what === what).map((row) => [row.T, row[key] / by]),
    }));
  const stored = explained.map((what, i) => ({
    name: `${what}, kept`,
    hue: HUES[i + 1],
    dashed: true,
    points: rows.filter((row) => row.what === what).map((row) => [row.T, row.keptBytes / 1e6]),
  }));
  const title = `${name} (${shape.layers} × ${H}), ${options.backend}`;
  const svg = plots([
    { title: `${title}: time`, x: "tokens", y: "seconds", lines: lines("ms", 1e3) },
    { title: `${title}: work buffers`, x: "tokens", y: "MB", lines: [...lines("bytes", 1e6), ...stored] },
  ]);
  mkdirSync(new URL("plots/", import.meta.url), { recursive: true });
  const file = new URL(`plots/long-${name}-${options.backend}.svg`, import.meta.url);
  writeFileSync(file, svg);
  console.log(`wrote bench/plots/${file.pathname.split("/").pop()}`);
}
await again.model.dispose();
process.exit(0); // Dawn keeps a handle open

/** Bytes of the plans of all layers at the longest T, by the shapes alone. */
async function wholePlans() {
  const { architecture } = await import("../src/models/architecture.ts");
  const { Weights } = await import("../src/checkpoint/weights.ts");
  const config = JSON.parse(checkpoint(new Map(), { ...shape, layers: whole })["config.json"]);
  const named = [...randomWeights({ ...shape, layers: 1 })].flatMap(([key, { shape }]) =>
    Array.from({ length: key.includes("layer.0.") ? whole : 1 }, (_, i) => [
      key.replace("layer.0.", `layer.${i}.`),
      shape,
    ]),
  );
  const T = Math.max(...lengths);
  const design = await architecture(config, new Weights(new Map(named)), false);
  return Object.fromEntries(
    [...methods.keys()].map((method) => {
      const net = network(design, 1, T);
      return [method, workBytes(plan(explanationTrace(net, [methods.get(method)]).outputs))];
    }),
  );
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
