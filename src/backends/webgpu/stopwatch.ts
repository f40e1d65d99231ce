// Times a plan's steps by timestamps, which some runtimes round to a tenth of a millisecond.

import { COPY_DST, COPY_SRC, create, MAP_READ, QUERY_RESOLVE } from "./buffers.ts";

export interface Stopwatch {
  /** For the compute pass of step `i`. */
  pass(i: number): GPUComputePassDescriptor;
  stop(encoder: GPUCommandEncoder): void;
  /** Milliseconds of each step of the last run. */
  read(): Promise<number[]>;
}

/** For at most 2,048 steps; `own` takes charge of its buffers. */
export function stopwatch(device: GPUDevice, steps: number, own: (buffer: GPUBuffer) => GPUBuffer): Stopwatch {
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * steps });
  const resolved = own(create(device, 16 * steps, QUERY_RESOLVE | COPY_SRC, "times"));
  const back = own(create(device, 16 * steps, MAP_READ | COPY_DST, "times"));
  return {
    pass: (i) => ({
      timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
    }),
    stop(encoder) {
      encoder.resolveQuerySet(querySet, 0, 2 * steps, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, back, 0, 16 * steps);
    },
    async read() {
      await back.mapAsync(MAP_READ);
      const stamps = new BigUint64Array(back.getMappedRange().slice(0));
      back.unmap();
      return Array.from({ length: steps }, (_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6);
    },
  };
}
