import { RelpropError } from "../errors.ts";

/** As much as is needed of a web worker, or of one from node:worker_threads. */
export interface WorkerLike {
  // biome-ignore lint/suspicious/noExplicitAny: what both kinds of worker take
  postMessage(message: any, transfer: any): void;
}

/** A worker of our own, from the file beside this one. */
export function spawn(): WorkerLike & { terminate(): void } {
  if (globalThis.Worker) {
    try {
      // Spelt as bundlers look for it. build.mjs makes it "./worker.js" in dist.
      return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    } catch (cause) {
      if ((cause as Error)?.name !== "SecurityError") throw cause;
      // A package from another origin, a CDN: only what a page's own script says may start there.
      const code = `import ${JSON.stringify(file())}`;
      return new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
    }
  }
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (!threads) throw new RelpropError("InvalidOption", "this runtime has no workers");
  const worker = new threads.Worker(new URL(file()));
  worker.unref(); // an idle model keeps no process alive
  return worker;
}

const file = () => import.meta.url.replace(/[^/]*$/, "worker.ts");
