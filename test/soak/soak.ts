// Rounds of mixed work for some minutes, and after each few seconds what is held, once garbage has been collected.

import { gpu, wasmBytes } from "./watch.ts";

// After watch.ts, which must see the first memory.
const { jobs, seeded } = await import("./work.ts");

/** What is held, in bytes; after a collection of the whole heap. */
export type Measure = () => Promise<Record<string, number>>;

export interface Options {
  minutes: number;
  seed: number;
  /** Rounds between samples. */
  every: number;
  /** Bytes a call that are kept on purpose, to see that they are found. */
  leak: number;
}

export interface Sampled {
  calls: number;
  seconds: number;
  [what: string]: number;
}

const kept: Float64Array[] = [];

/** Works until the minutes are over; `tell` gets each sample. */
export async function soak(
  options: Options,
  given: import("./work.ts").Given,
  measure: Measure,
  tell: (sample: Sampled) => void,
): Promise<void> {
  const { minutes, seed, every, leak } = options;
  const work = await jobs(given);
  const random = seeded(seed);
  const begin = performance.now();
  let calls = 0;
  for (let round = 0; performance.now() - begin < 60_000 * minutes; round++) {
    const order = [...work.jobs];
    while (order.length) {
      const made = await order.splice(random(order.length), 1)[0](random);
      calls += made;
      if (leak) kept.push(new Float64Array((leak * made) / 8));
    }
    if (round % every) continue;
    const seconds = (performance.now() - begin) / 1000;
    const held = await measure();
    tell({ calls, seconds, ...held, wasm: wasmBytes(), gpuBuffers: gpu.buffers, gpuBytes: gpu.bytes });
  }
  await work.close();
  await measure();
  tell({ calls, seconds: 60 * minutes, closed: 1, wasm: wasmBytes(), gpuBuffers: gpu.buffers, gpuBytes: gpu.bytes });
}
