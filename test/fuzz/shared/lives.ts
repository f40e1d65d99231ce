// What must come to an end with what made it: memories, threads and workers, buffers of a GPU.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import threads, { Worker } from "node:worker_threads";

const memories: WeakRef<WebAssembly.Memory>[] = [];
const running = new Set<Worker>();

/** Counts from now on. */
export function count(): void {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(new WeakRef(this));
    }
  };
  threads.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      running.add(this);
      this.on("exit", () => running.delete(this));
    }
  };
}

/** Workers that have not ended, of threads too; the newest last. */
export const workers = (): Worker[] => [...running];

/** Memories of WebAssembly that something still holds. */
export async function livingMemories(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    gc();
  }
  return memories.filter((one) => one.deref()).length;
}

/** How many buffers of a device there are that nobody has destroyed. */
export function buffersOf(device: GPUDevice): () => number {
  let living = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    living++;
    let there = true;
    buffer.destroy = () => {
      if (there) living--;
      there = false;
      return destroy();
    };
    return buffer;
  };
  return () => living;
}
