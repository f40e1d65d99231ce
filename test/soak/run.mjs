// The soak: npm run soak -- [--minutes 60] [--runtime node,deno,bun,chromium] [--seed S] [--every ROUNDS] [--leak BYTES]
//
// JavaScript is interpreted: compiled code would be most of what the heap gains, for as long as it is an hour.
//
// Mixed work in each runtime at once, then the slopes of what is held with their 95 % intervals. Fails if the heap's upper
// bound is 16 bytes a call or more, in the main thread or in a worker that serves a model; if WASM memories or GPU
// buffers are left when all models are disposed of; or if a call ends otherwise than it must.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runtimes } from "../everywhere/runtimes.mjs";
import { INTERPRETED } from "./flags.mjs";
import { slope } from "./slope.ts";

const MOST = 16; // bytes a call

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    runtime: { type: "string", default: "node,deno,bun,chromium" },
    seed: { type: "string", default: "1" },
    every: { type: "string", default: "10" },
    leak: { type: "string", default: "0" },
    "no-gpu": { type: "boolean", default: false },
  },
});
const options = {
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  every: Number(values.every),
  leak: Number(values.leak),
  gpu: !values["no-gpu"],
};

const inNode = ["--expose-gc", ...INTERPRETED, "--import", "./test/hook.mjs"];
const flags = {
  node: inNode,
  node26: inNode,
  deno: [`--v8-flags=${["--expose-gc", ...INTERPRETED]}`],
  bun: [],
};

async function inShell(name, tell) {
  const { command, args, env } = runtimes[name];
  const [first, ...more] = args;
  const all = [...(first ? [first] : []), ...flags[name], ...more];
  const file = fileURLToPath(new URL("shell.ts", import.meta.url));
  const child = spawn(command, [...all, file, JSON.stringify(options)], {
    env: { ...process.env, ...env, BUN_JSC_useDFGJIT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    for (const line of text.split("\n")) if (line.trim()) console.error(`${name}: ${line.slice(0, 300)}`);
  });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith("{")) tell(JSON.parse(line));
    else console.log(`${name}: ${line}`);
  }
  const [code, signal] = await new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve([child.exitCode, child.signalCode]);
    else child.on("close", (...how) => resolve(how));
  });
  if (code !== 0) throw new Error(`${name} ended with ${signal ?? `status ${code}`}`);
}

const bytes = (value) => (Math.abs(value) < 1e6 ? value.toFixed(2) : value.toExponential(2));

/** Prints what was measured; whether it holds. */
function judged(name, samples) {
  const closed = samples.at(-1);
  const taken = samples.filter(({ closed }) => !closed);
  console.log(`${name}: ${closed?.calls} calls, ${taken.length} samples`);
  let holds = closed?.closed === 1 && closed.gpuBuffers + closed.gpuBytes + closed.wasm === 0;
  for (const what of ["heap", "workerHeap", "buffers", "rss"]) {
    const series = taken.map((one) => ({ calls: one.calls, value: one[what] }));
    const found = slope(series);
    const limited = what === "heap" || what === "workerHeap";
    if (limited && !(found.high < MOST)) holds = false;
    const range = `${bytes(found.low)} to ${bytes(found.high)}`;
    const most = limited ? `, must stay under ${MOST}` : "";
    const last = `${(series.at(-1)?.value / 2 ** 20).toFixed(1)} MiB at the end`;
    console.log(`  ${what}: ${bytes(found.slope)} bytes a call, 95 %: ${range}${most}; ${last}`);
  }
  const wasm = taken.slice(Math.ceil(taken.length / 10)).map((one) => one.wasm);
  const spread = [Math.min(...wasm), Math.max(...wasm)].map((v) => (v / 2 ** 20).toFixed(1));
  console.log(`  WASM memories: ${spread.join(" to ")} MiB; ${closed?.wasm} bytes once all models are disposed of`);
  console.log(
    `  GPU buffers: ${taken.at(-1)?.gpuBuffers} (${taken.at(-1)?.gpuBytes} bytes); ${closed?.gpuBuffers} left`,
  );
  console.log(`  ${holds ? "holds" : "FAILS"}`);
  return holds;
}

async function one(name) {
  const samples = [];
  let shown = 0;
  const tell = (sample) => {
    samples.push(sample);
    if (sample.seconds < shown) return;
    shown = sample.seconds + 60;
    console.log(`${name}: ${JSON.stringify(sample)}`);
  };
  try {
    if (name === "chromium") await (await import("./chromium.mjs")).soakInPage(options, tell);
    else await inShell(name, tell);
    return judged(name, samples);
  } catch (error) {
    judged(name, samples);
    console.error(error);
    return false;
  }
}

const results = await Promise.all(values.runtime.split(",").map(one));
process.exit(results.every(Boolean) ? 0 : 1);
