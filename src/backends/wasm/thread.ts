// One of several threads that run a plan together: the same calls in each, in step. A kernel does its thread's share of
// the rows or columns, and no call begins before all threads have ended the one before. build.mjs makes this file a text,
// from which workers start in every runtime.

/** What starts a thread. */
export interface Start {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Where one thread's scratch memory ends. */
  end: number;
  /** Threads that have arrived, rounds they have come through, and whether one has failed. */
  barrier: Int32Array;
  thread: number;
  threads: number;
}

/** A kernel's name and the numbers to call it with. */
export type KernelCall = readonly [kernel: string, ...numbers: number[]];

/** A task of a thread: start, load a further module, or run a plan's calls. The answer holds the error, if there is one. */
export type Task = Start | readonly KernelCall[];
export type Answer = { error?: unknown };

type Kernel = (...numbers: number[]) => void;

/** Where a worker hears and answers: `self`, or in Node its parent's port. */
interface Port {
  onmessage: ((event: { data: Task }) => void) | null;
  postMessage(answer: Answer): void;
}

/** Turns to look before sleeping: some ten microseconds, less than waking takes. */
const PATIENCE = 1000;

export function listen(port: Port): void {
  let exports: WebAssembly.Exports = {};
  let barrier: Int32Array;
  let threads: number;

  /** Waits until all threads are here. False if one of them has failed. */
  const meet = (): boolean => {
    const round = Atomics.load(barrier, 1);
    if (Atomics.add(barrier, 0, 1) === threads - 1) {
      Atomics.store(barrier, 0, 0);
      Atomics.add(barrier, 1, 1);
      Atomics.notify(barrier, 1);
    }
    for (let i = 0; i < PATIENCE && Atomics.load(barrier, 1) === round; i++);
    while (Atomics.load(barrier, 1) === round && !Atomics.load(barrier, 2)) Atomics.wait(barrier, 1, round);
    return Atomics.load(barrier, 2) === 0;
  };

  const start = async (given: Start) => {
    ({ barrier, threads } = given);
    const more = (await WebAssembly.instantiate(given.module, { env: { memory: given.memory } })).exports;
    takePlace(more.heap as WebAssembly.Global<"i32">, given);
    exports = { ...exports, ...more };
  };

  const run = (calls: readonly KernelCall[]) => {
    try {
      for (const [kernel, ...numbers] of calls) {
        (exports[kernel] as Kernel)(...numbers);
        if (!meet()) return;
      }
    } catch (error) {
      release(barrier);
      throw error;
    }
  };

  port.onmessage = async ({ data }) => {
    try {
      if ("module" in data) await start(data);
      else run(data);
      port.postMessage({});
    } catch (error) {
      port.postMessage({ error });
    }
  };
}

/** Lets go of the threads that wait for one that will not come. */
export function release(barrier: Int32Array): void {
  Atomics.store(barrier, 2, 1);
  Atomics.add(barrier, 1, 1);
  Atomics.notify(barrier, 1);
}

/** Gives an instance of the kernels its thread's place: scratch memory of its own, and its share of the work. */
export function takePlace(
  heap: WebAssembly.Global<"i32">,
  { memory, end, thread, threads }: Pick<Start, "memory" | "end" | "thread" | "threads">,
): void {
  heap.value = end * (thread + 1);
  new Uint32Array(memory.buffer, heap.value - 8, 2).set([thread, threads]);
}
