// Where the time of an explanation goes, kernel by kernel: `node bench/profile.mjs [webgpu|wasm] [MiniLM-L6|BERT-base]
// [T] [method]` after `npm run build`. Times are the device's own; some runtimes round each to a tenth of a millisecond.
import { load } from "../dist/index.js";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const [backend = "webgpu", name = "MiniLM-L6", T = "128", method = "cp-lrp"] = process.argv.slice(2);
const shape = shapes[name];
if (!shape) throw new Error(`there is no shape ${name}, only ${Object.keys(shapes).join(", ")}`);
const { gpu } = backend === "webgpu" ? await import("./dawn.mjs") : {};

const model = await load(checkpoint(randomWeights(shape), shape), { backend, gpu, name, profile: true });
const words = text(Number(T));
const runs = 3;
await model.explain(words, { method });
const before = new Map(model.profile().map((row) => [row.kernel, row]));
for (let i = 0; i < runs; i++) await model.explain(words, { method });
const rows = model.profile().map((row) => {
  const old = before.get(row.kernel);
  const since = (key) => (row[key] - old[key]) / runs;
  return { kernel: row.kernel, calls: since("calls"), ms: since("ms"), flops: since("flops"), bytes: since("bytes") };
});
await model.dispose();

const sum = (key) => rows.reduce((n, row) => n + row[key], 0);
const all = { kernel: "all", calls: sum("calls"), ms: sum("ms"), flops: sum("flops"), bytes: sum("bytes") };
console.log(`${name}, T = ${T}, ${method}, ${backend}, Node ${process.version}: one explanation, mean of ${runs}`);
console.log("  kernel                 calls         ms   share   GFLOP/s     GB/s       MB");
for (const { kernel, calls, ms, flops, bytes } of [...rows.sort((a, b) => b.ms - a.ms), all]) {
  const cells = [
    kernel.padEnd(20),
    String(calls).padStart(7),
    ms.toFixed(2).padStart(10),
    `${((100 * ms) / all.ms).toFixed(1)} %`.padStart(7),
    (flops ? (flops / ms / 1e6).toFixed(2) : "").padStart(9),
    (bytes / ms / 1e6).toFixed(2).padStart(8),
    (bytes / 1e6).toFixed(1).padStart(8),
  ];
  console.log(`  ${cells.join(" ")}`);
}
