// Which test files run where. Node 20 runs all of them on every backend. The other runtimes run the files that depend on
// the runtime: its engine, Unicode tables, fetch, streams, workers, WebAssembly and GPU. The other files test the numbers
// of models, which threads.test.ts and golden.test.ts hold to the same bits in every runtime; RELPROP_FULL=1 runs
// these everywhere too.
import { readdirSync } from "node:fs";

/** Golden numbers with their ledgers, lost devices, and the kernels one by one: on every backend of every runtime. */
const core = ["faults", "golden", "kernels"];

/** Every op, on the WebGPU implementations that are not Node 20's: Deno's wgpu and Chromium's own process. */
const ops = [
  "activation",
  "attend",
  "attention",
  "experts",
  "gradient",
  "linear",
  "matmul",
  "norm",
  "ops",
  "propagate",
  "softmax",
  "states",
];

/** What depends on the runtime without its GPU. */
const portable = [
  "aborts",
  "cache",
  "cli",
  "color",
  "digits",
  "downloads",
  "generate",
  "given",
  "image-bombs",
  "images",
  "kv-cache",
  "loading",
  "model",
  "picked",
  "plan",
  "remote",
  "render",
  "safetensors",
  "scale",
  "sources",
  "subwords",
  "targets",
  "threads",
  "tokenizer",
  "vocabulary",
  "worker",
];

const SERVER = "is an HTTP server and its clients";
const NO_MAP = "starts workers, which have no import map there; the packed page is checked in workers";
const SHELL = "starts dist/cli.js as a process";
const ON_GPU = "has tests of WebGPU's kernels alone";
const BUILT = "reads what npm packs, the same for every runtime";

/** What cannot run or would repeat itself: reasons by file, then by runtime. */
const left = {
  cache: { chromium: SERVER },
  cli: { deno: SHELL, bun: SHELL, chromium: SHELL },
  downloads: { chromium: SERVER },
  docs: { node26: BUILT, deno: BUILT, bun: BUILT, chromium: BUILT },
  "evaluate-cli": { deno: SHELL, bun: SHELL, chromium: SHELL },
  package: { node26: BUILT, deno: BUILT, bun: BUILT, chromium: BUILT },
  recover: { chromium: "writes files; Node loses the same devices" },
  remote: { chromium: SERVER },
  scale: { node26: SHELL, deno: SHELL, bun: SHELL, chromium: SHELL },
  sources: { chromium: SERVER },
  tiles: { node26: ON_GPU, bun: ON_GPU },
  worker: { chromium: NO_MAP },
};

const ownGpu = ["deno", "chromium"];

/** Files that share one process: a few, so that processes end, and the two cores are used to the end. */
const TOGETHER = 8;

/** A runtime's test files, as groups of a process each with the backends of each. */
export function testFiles(runtime, backends) {
  const all = readdirSync(new URL("..", import.meta.url))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => name.replace(".test.ts", ""));
  if (runtime === "node") return groups(all, backends);
  for (const name of [...core, ...ops, ...portable])
    if (!all.includes(name)) throw new Error(`there is no ${name}.test.ts`);
  const here = (names) => names.filter((name) => !left[name]?.[runtime]);
  const onGpu = ownGpu.includes(runtime) ? [...core, ...ops] : core;
  const rest = process.env.RELPROP_FULL ? all : [...core, ...ops, ...portable];
  return [
    ...groups(here(onGpu), backends),
    ...groups(here(rest.filter((name) => !onGpu.includes(name))), backends.split(",")[0]),
  ];
}

/** Neighbours by name are often alike in length, so each group takes every nth file. */
function groups(names, backends) {
  const n = Math.ceil(names.length / TOGETHER);
  return Array.from({ length: n }, (_, g) => [
    names.filter((_, i) => i % n === g).map((name) => `${name}.test.ts`),
    backends,
  ]);
}
