// The product kernels alone: dense layers forward (x · wᵀ) and back (g · w) at few and many rows, GFLOP/s as medians of
// interleaved rounds. Each call reads other weights, from main memory, as a model does. `--beside` takes the kernels of
// another build, to compare two commits in one process.
//
//   npm run bench -- matmul [--runtime node|node26|deno] [--build relaxed|simd] [--rows 1,8,16,24,48,120] [--rounds 9]
//                           [--beside DIR/kernels.relaxed.wasm]

import { readFileSync } from "node:fs";
import { done, interleave, list, median, numbers, options, ratio, runtime, table } from "./harness.mjs";

const asked = options({
  build: "relaxed",
  rows: "1,8,16,24,48,120",
  shapes: "384x384,1536x384,384x1536,768x768,3072x768",
  rounds: "9",
  beside: "",
});
const file = asked.build === "relaxed" ? "kernels.relaxed.wasm" : "kernels.wasm";

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536 });
const start = async (bytes) => {
  const { exports } = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance;
  new Uint32Array(memory.buffer, exports.heap.value - 8, 2).set([0, 1]); // one thread
  return exports;
};
const builds = { ours: await start(readFileSync(new URL(`../dist/${file}`, import.meta.url))) };
if (asked.beside) builds.beside = await start(readFileSync(asked.beside));

const MIB = 2 ** 20;
const [x, w, out] = [2 * MIB, 16 * MIB, 240 * MIB];
const values = new Float32Array(memory.buffer);
for (let i = x / 4; i < (256 * MIB) / 4; i++) values[i] = Math.random() - 0.5;

/** Weights that no recent call has read. */
let next = w;
const cold = (bytes) => {
  if (next + bytes > out) next = w;
  next += bytes;
  return next - bytes;
};

const rows = [];
for (const M of numbers(asked.rows)) {
  for (const shape of list(asked.shapes)) {
    const [N, K] = shape.split("x").map(Number);
    const repeats = Math.ceil(5e7 / (2 * M * N * K));
    const often = (call) => () => {
      for (let i = 0; i < repeats; i++) call();
    };
    const runs = Object.entries(builds).flatMap(([name, kernels]) => [
      [`${name} x · wᵀ`, often(() => kernels.linear(out, x, cold(4 * N * K), M, N, K))],
      [`${name} g · w`, often(() => kernels.linear_grad(out, x, cold(4 * N * K), M, K, N))],
    ]);
    const times = await interleave(Object.fromEntries(runs), Number(asked.rounds));
    const speeds = runs.map(([name]) => ((2 * M * N * K * repeats) / median(times[name]) / 1e6).toFixed(1));
    const over = ["x · wᵀ", "g · w"].map((what) => ratio(times, `ours ${what}`, `beside ${what}`));
    rows.push([M, shape, ...speeds, ...(asked.beside ? over : [])]);
  }
}

const both = (name) => [`${name}x · wᵀ`, `${name}g · w`];
const head = [
  "rows",
  "out × in",
  ...both(""),
  ...(asked.beside ? [...both("beside: "), ...both("time / beside: ")] : []),
];
console.log(`${runtime()}, ${asked.build}, one thread: GFLOP/s`);
console.log(table(head, rows));
done();
