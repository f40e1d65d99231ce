// The product kernels alone: dense layers forward and back beside the trial loop (matmul-trial.ts), which asc builds here,
// GFLOP/s as medians of interleaved rounds. `cold`: each call reads other weights, from main memory, as a model does; the
// trial and `warm` read the same ones again. The trial packs nothing and knows only whole tiles.
//
//   npm run bench -- matmul [--runtime node|node26|deno] [--build relaxed|simd] [--rows 128] [--rounds 15]

import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { done, interleave, median, options, ratio, runtime, table } from "./harness.mjs";

const asked = options({ build: "relaxed", rows: "126", rounds: "15" });
const features = asked.build === "relaxed" ? ["simd", "relaxed-simd"] : ["simd"];
const file = asked.build === "relaxed" ? "kernels.relaxed.wasm" : "kernels.wasm";

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536 });
const start = async (bytes) => (await WebAssembly.instantiate(bytes, { env: { memory } })).instance.exports;
const ours = await start(readFileSync(new URL(`../dist/${file}`, import.meta.url)));
const { trial } = await start(await compile());
new Uint32Array(memory.buffer, ours.heap.value - 8, 2).set([0, 1]); // one thread

/** The trial loop, built as the kernels are. */
async function compile() {
  const source = readFileSync(new URL("matmul-trial.ts", import.meta.url), "utf8");
  let binary;
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--noExportMemory", "--use", "abort="];
  const { error, stderr } = await asc.main(
    ["trial.ts", "-o", "trial.wasm", "--config", "none", ...flags, ...features.flatMap((one) => ["--enable", one])],
    {
      readFile: (name) => (name === "trial.ts" ? source : null),
      writeFile: (_, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error}\n${stderr}`);
  return binary;
}

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

const M = Number(asked.rows) - (Number(asked.rows) % 6);
const rows = [];
for (const [N, K] of [
  [384, 384],
  [1536, 384],
  [384, 1536],
  [768, 768],
  [3072, 768],
  [768, 3072],
]) {
  const repeats = Math.ceil(1e8 / (2 * M * N * K));
  const often = (call) => () => {
    for (let i = 0; i < repeats; i++) call();
  };
  const times = await interleave(
    {
      trial: often(() => trial(M, N, K, x, w, out)),
      "x · wᵀ warm": often(() => ours.linear(out, x, w, M, N, K)),
      "x · wᵀ cold": often(() => ours.linear(out, x, cold(4 * N * K), M, N, K)),
      "g · w warm": often(() => ours.linear_grad(out, x, w, M, N, K)),
      "g · w cold": often(() => ours.linear_grad(out, x, cold(4 * N * K), M, N, K)),
    },
    Number(asked.rounds),
  );
  const names = Object.keys(times);
  const speed = (name) => (times[name] ? ((2 * M * N * K * repeats) / median(times[name]) / 1e6).toFixed(1) : "–");
  rows.push([
    `${M} × ${K} × ${N}`,
    ...names.map(speed),
    ratio(times, "trial", "x · wᵀ warm"),
    ratio(times, "trial", "g · w cold"),
  ]);
}

console.log(`${runtime()}, ${asked.build}, one thread: GFLOP/s`);
console.log(
  table(
    ["product", "trial", "x · wᵀ warm", "cold", "g · w warm", "cold", "x · wᵀ warm / trial", "g · w cold / trial"],
    rows,
  ),
);
done();
