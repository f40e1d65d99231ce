// Who runs kernels on the CPU: the caller's own thread, or several.

import { RelpropError } from "../../errors.ts";
import { pauses } from "../../pauses.ts";
import { compile } from "./module.ts";
import { type KernelCall, takePlace } from "./thread.ts";

export const PAGE = 65536;

/** Runs kernels on a memory of its own. */
export interface ThreadPool {
  readonly threads: number;
  readonly memory: WebAssembly.Memory;
  /** Where free memory begins. */
  readonly heap: number;
  /** Whether it has a kernel; `add` brings more, from a module's bytes. */
  has(kernel: string): boolean;
  add(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** One by one; an abort ends it between two. */
  run(calls: KernelCall[], signal?: AbortSignal): Promise<void>;
  /** Set once a thread has ended. */
  readonly lost?: RelpropError;
  dispose(): void;
}

/** Several threads. Throws where there is no memory to share. */
export async function createThreadPool(threads: number, kernels: unknown): Promise<ThreadPool> {
  if (!(kernels instanceof Uint8Array)) throw new Error("kernels compiled beforehand have no shared memory");
  const { startThreads } = await import("./threads.ts");
  return startThreads(threads, kernels as Uint8Array<ArrayBuffer>);
}

/** One thread, the caller's own. */
export async function alone(module: WebAssembly.Module): Promise<ThreadPool> {
  const memory = room(() => new WebAssembly.Memory({ initial: 1, maximum: PAGE }));
  const exports = { ...(await instantiate(module, memory)) };
  const heap = exports.heap as WebAssembly.Global<"i32"> | undefined;
  if (typeof heap?.value !== "number") {
    throw new RelpropError("WasmUnavailable", "the given module is not relprop's kernels");
  }
  room(() => memory.grow(Math.ceil(heap.value / PAGE)));
  const place = { memory, end: heap.value, thread: 0, threads: 1 };
  takePlace(heap, place);
  return {
    threads: 1,
    memory,
    heap: heap.value,
    has: (kernel) => kernel in exports,
    async add(bytes) {
      const { heap, ...more } = await instantiate(await compile(bytes), memory);
      takePlace(heap as WebAssembly.Global<"i32">, place);
      Object.assign(exports, more);
    },
    async run(calls, signal) {
      const pause = pauses(signal);
      for (const [kernel, ...numbers] of calls) {
        (exports[kernel] as (...numbers: number[]) => void)(...numbers);
        const paused = pause();
        if (paused) await paused;
      }
    },
    dispose() {},
  };
}

/** What needs memory. Throws `OutOfMemory`. */
export function room<T>(make: () => T, bytes = PAGE): T {
  try {
    return make();
  } catch (cause) {
    throw new RelpropError("OutOfMemory", `this runtime has no memory for ${bytes} bytes: ${cause}`, { bytes }, cause);
  }
}

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<WebAssembly.Exports> {
  try {
    return (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  } catch (cause) {
    throw new RelpropError("WasmUnavailable", `the kernels cannot be instantiated: ${cause}`, {}, cause);
  }
}

// By division: bit operations are signed and break beyond 2 GiB.
export const align = (pointer: number): number => Math.ceil(pointer / 16) * 16;
