// The soak in Node, Deno or Bun; samples are lines of JSON on standard output: shell.ts OPTIONS-AS-JSON

import { lines } from "../../src/cli/lines.ts";
import { type Measure, soak } from "./soak.ts";

const { Bun: bun, gc } = globalThis as { Bun?: { gc(whole: boolean): void }; gc?: () => void };
const collect = bun ? () => bun.gc(true) : gc;
const inBun = "bun:jsc";
const jsc = bun && (await import(inBun));
if (!collect) throw new Error("this runtime needs --expose-gc");

const kept: unknown[] = [];

async function device(): Promise<GPUDevice | undefined> {
  let { gpu } = globalThis.navigator ?? {};
  if (!gpu) {
    const { create, globals } = await import("webgpu").catch(() => ({}) as never);
    if (!create) return undefined;
    Object.assign(globalThis, globals);
    globalThis.__gpu = gpu = create(["enable-dawn-features=disable_workgroup_init"]) as GPU;
  }
  const adapter = await gpu.requestAdapter();
  kept.push(adapter); // Deno panics at what is asked of a device after its adapter was collected
  return adapter?.requestDevice();
}

const threads = globalThis.process.getBuiltinModule("node:worker_threads");
const url = new URL("worker.mjs", import.meta.url);
const worker = globalThis.Worker ? new Worker(url, { type: "module" }) : new threads.Worker(url);
const channel = new BroadcastChannel("soak");
const heapThere = () =>
  new Promise<number>((resolve) => {
    channel.onmessage = ({ data }) => typeof data === "number" && resolve(data);
    channel.postMessage("heap");
  });

const measure: Measure = async () => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // finalizers run in between
    collect();
  }
  const { heapUsed, arrayBuffers = 0, external, rss } = process.memoryUsage();
  const { heapSize = 0, extraMemorySize = 0 } = jsc?.heapStats() ?? {}; // the second are buffers, mostly
  return {
    heap: jsc ? heapSize - extraMemorySize : heapUsed,
    buffers: arrayBuffers || external,
    workerHeap: await heapThere(),
    rss,
  };
};

const options = JSON.parse(process.argv[2]);
const gpu = options.gpu ? await device() : undefined;
await soak(options, { worker, device: gpu, lines: lines as never }, measure, (sample) => {
  console.log(JSON.stringify(sample));
});
process.exit(0);
