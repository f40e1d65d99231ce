// Which test files run where, and why some do not.
import { readdirSync } from "node:fs";

const BUILT = "reads what npm would pack, the same for every runtime";
const SERVER = "is an HTTP server and its clients";
const NO_MAP = "starts workers, which have no import map there; the packed page is checked in workers";
const SHELL = "starts dist/cli.js as a process";
const LONG = "takes ten seconds; golden.test.ts and evaluate.test.ts run there";

/** Reasons by file, then by runtime. */
const left = {
  "package.test.ts": { node26: BUILT, deno: BUILT, bun: BUILT, chromium: BUILT },
  "cli.test.ts": { deno: SHELL, bun: SHELL, chromium: SHELL },
  "evaluate-cli.test.ts": { deno: SHELL, bun: SHELL, chromium: SHELL },
  "evaluate-golden.test.ts": { node26: LONG, deno: LONG, bun: LONG, chromium: LONG },
  "scale.test.ts": { node26: SHELL, deno: SHELL, bun: SHELL, chromium: SHELL },
  "downloads.test.ts": { node26: SERVER, chromium: SERVER },
  "remote.test.ts": { chromium: SERVER },
  "sources.test.ts": { chromium: SERVER },
  "cache.test.ts": { chromium: SERVER },
  "worker.test.ts": { chromium: NO_MAP },
};

/**
 * Node 26 and Bun load the same Dawn as Node 20 does, where every file runs on it; it is slow on a software GPU. There it
 * runs what tells whether it works with this engine: golden numbers with their ledgers on both backends, faults, kernels.
 */
const sameDawn = ["node26", "bun"];
const core = ["golden.test.ts", "faults.test.ts", "kernels.test.ts"];

/** What loads many models or runs many plans, which takes minutes on a software GPU. */
const models = [
  "families.test.ts",
  "narrow.test.ts",
  "lists.test.ts",
  "recompute.test.ts",
  "model.test.ts",
  "attend.test.ts",
  "generate.test.ts",
  "linear-attention.test.ts",
  "rank-collapse.test.ts",
  "energy.test.ts",
  "nope.test.ts",
  "skip-layer.test.ts",
  "one-layer.test.ts",
  "switches.test.ts",
  "point-mae.test.ts",
  "points.test.ts",
  "diagnose.test.ts",
];

/** A runtime's test files, in groups with the backends of each; prints which files it leaves out and why. */
export function testFiles(runtime, backends) {
  const all = readdirSync(new URL("..", import.meta.url)).filter((name) => name.endsWith(".test.ts"));
  const here = all.filter((name) => {
    const reason = left[name]?.[runtime];
    if (reason) console.log(`left out: ${name}, ${reason}`);
    return !reason;
  });
  if (backends !== "wasm,webgpu" || runtime === "node") return [[here, backends]];
  if (!sameDawn.includes(runtime)) {
    console.log(
      `on WASM alone: ${models.join(", ")}, whose kernels the other files call; Node 20 runs their models on WebGPU`,
    );
    return [
      [here.filter((name) => !models.includes(name)), backends],
      [here.filter((name) => models.includes(name)), "wasm"],
    ];
  }
  console.log(`on WebGPU: ${core.join(", ")}; Node 20 runs the others on the same Dawn`);
  return [
    [here.filter((name) => !core.includes(name)), "wasm"],
    [core, backends],
  ];
}
