// The threads of the WASM backend: workers that share one memory and run every plan together, in step (worker.ts). The
// thread that called waits for their answers without being blocked. In the package this file stands by itself: pages
// load it only if they ask for threads.

import { RelpropError, throwIfAborted } from "../../errors.ts";
import { worker as code } from "../../generated/worker.ts";
import { type Answer, release, type Task } from "./thread.ts";
import type { ThreadPool } from "./thread_pool.ts";

interface Thread {
  postMessage(task: Task): void;
  terminate(): unknown;
  /** In Node and Bun: whether it keeps the process alive. */
  ref?(): void;
  unref?(): void;
}

/** Starts `threads` threads with the kernels in `bytes`. */
export async function startThreads(threads: number, bytes: Uint8Array<ArrayBuffer>): Promise<ThreadPool> {
  if (globalThis.crossOriginIsolated === false) {
    throw new Error("the page is not cross-origin isolated (headers COOP: same-origin and COEP: require-corp)");
  }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const module = await WebAssembly.compile(shared(bytes));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = new Set(Object.keys(exports));
  const end = (exports.heap as WebAssembly.Global<"i32">).value;
  const heap = threads * end; // scratch memory for each
  memory.grow(Math.ceil(heap / 65536));
  const barrier = new Int32Array(new SharedArrayBuffer(12));

  const team: Thread[] = [];
  let dead: Error | undefined;
  let lost: RelpropError | undefined;
  let waiting: { left: number; error?: unknown; settle: (error?: unknown) => void } | undefined;

  const answered = ({ error }: Answer) => {
    if (!waiting) return;
    waiting.error ??= error;
    waiting.left--;
    if (waiting.left === 0) waiting.settle(waiting.error);
  };
  const failed = (cause: unknown) => {
    lost = dead ? lost : new RelpropError("WorkerCrashed", `a thread has ended: ${cause}`);
    dead ??= lost;
    release(barrier);
    waiting?.settle(dead);
  };
  /** Gives each thread a task, and waits until all have answered or one has ended. */
  const ask = (task: (thread: number) => Task) =>
    new Promise<void>((resolve, reject) => {
      if (dead) throw dead;
      barrier.fill(0); // only now: a dead team's stays open
      for (const thread of team) thread.ref?.();
      const settle = (error: unknown) => {
        waiting = undefined;
        for (const thread of team) thread.unref?.();
        if (error === undefined) resolve();
        else reject(error);
      };
      waiting = { left: threads, settle };
      team.forEach((thread, i) => {
        thread.postMessage(task(i));
      });
    });

  const take = (module: WebAssembly.Module) => ask((thread) => ({ module, memory, end, barrier, thread, threads }));

  const dispose = () => {
    dead = new Error("the threads were ended");
    waiting?.settle(dead);
    release(barrier); // Deno does not end a thread that sleeps
    for (const thread of team) thread.terminate();
  };

  try {
    for (let i = 0; i < threads; i++) team.push(spawn(answered, failed));
    await take(module);
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    threads,
    memory,
    heap,
    has: (kernel) => kernels.has(kernel),
    async add(bytes) {
      const more = await WebAssembly.compile(shared(bytes));
      await take(more);
      for (const { name } of WebAssembly.Module.exports(more)) kernels.add(name);
    },
    async run(calls, signal) {
      const stop = () => release(barrier); // they end before the next call, and answer
      signal?.addEventListener("abort", stop);
      try {
        await ask(() => calls);
      } finally {
        signal?.removeEventListener("abort", stop);
      }
      throwIfAborted(signal);
    },
    get lost() {
      return lost;
    },
    dispose,
  };
}

/** The same module with a shared memory for its import: one bit of the import's limits. */
function shared(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const wanted = [...new TextEncoder().encode("memory"), 2, 1]; // a memory that has a maximum
  const at = bytes.findIndex((_, i) => wanted.every((byte, j) => bytes[i + j] === byte));
  bytes[at + wanted.length - 1] = 3;
  return bytes;
}

function spawn(answered: (answer: Answer) => void, failed: (cause: unknown) => void): Thread {
  if (typeof Worker === "undefined") {
    // Node; no import of "node:" may stand in code that browsers load.
    const module = 'process.getBuiltinModule("node:worker_threads")';
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const worker = new Worker(`${code}thread.listen(${module}.parentPort)`, { eval: true });
    worker.on("message", answered).on("error", failed);
    worker.on("exit", (status) => failed(`exit status ${status}`));
    return worker;
  }
  const url = URL.createObjectURL(new Blob([`${code}thread.listen(self)`], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url);
    answered(data);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // Deno would end the process
    failed(event.message ?? "its script does not load");
  };
  return worker;
}
