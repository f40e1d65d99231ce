// A worker that serves models, and says how large its own heap is after a collection.
import { serve } from "../../dist/index.js";

const inBun = "bun:jsc";
const jsc = globalThis.Bun && (await import(inBun));
serve();
const channel = new BroadcastChannel("soak");
channel.onmessage = ({ data }) => {
  if (data !== "heap") return;
  if (globalThis.Bun) globalThis.Bun.gc(true);
  else globalThis.gc(); // true would be of the young generation alone
  const { heapSize = 0, extraMemorySize = 0 } = jsc?.heapStats() ?? {};
  channel.postMessage(jsc ? heapSize - extraMemorySize : globalThis.process.memoryUsage().heapUsed);
};
