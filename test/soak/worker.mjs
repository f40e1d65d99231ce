// A worker that serves models, and says how large its own heap is after a collection.
import { serve } from "../../dist/index.js";

const inBun = "bun:jsc";
const jsc = globalThis.Bun && (await import(inBun));
serve();
const channel = new BroadcastChannel("soak");
channel.onmessage = ({ data }) => {
  if (data !== "heap") return;
  (globalThis.gc ?? globalThis.Bun?.gc)?.(true);
  channel.postMessage(jsc ? jsc.heapStats().heapSize : globalThis.process.memoryUsage().heapUsed);
};
