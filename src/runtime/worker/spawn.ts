import { RelpropError } from "../../errors.ts";

/** As much as is needed of a web worker, or of one from node:worker_threads. */
export interface WorkerLike {
  /** Sends a message to the worker. */
  // biome-ignore lint/suspicious/noExplicitAny: what both kinds of worker take
  postMessage(message: any, transfer: any): void;
}

/** A worker of our own, from the file next to this one. */
export function spawn(): WorkerLike & { terminate(): void } {
  try {
    const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
    if (!globalThis.Worker && threads) return new threads.Worker(new URL(file()));
    // Spelt as bundlers look for it; build.mjs makes it the built file.
    return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  } catch (cause) {
    if ((cause as Error)?.name !== "SecurityError") {
      const message = `no worker can be started from here (${cause}); pass load() your own Worker`;
      throw new RelpropError("InvalidOption", message, {}, cause);
    }
    // The package comes from another origin, a CDN: only what the page itself says may start there.
    const code = new Blob([`import ${JSON.stringify(file())}`], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(code), { type: "module" });
  }
}

const file = () => import.meta.url.replace(/[^/]*$/, "worker.ts");
