// A device's buffers: none larger than it allows, and work buffers that all its programs share.

import { RelpropError } from "../../errors.ts";

// The usage bits of the WebGPU specification: not every runtime has them as globals.
export const MAP_READ = 1;
export const COPY_SRC = 4;
export const COPY_DST = 8;
export const UNIFORM = 64;
export const STORAGE = 128;
export const QUERY_RESOLVE = 512;

/** A buffer; too large a one would fail silently and read as zeros. */
export function create(device: GPUDevice, bytes: number, usage: number, what: string): GPUBuffer {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const limit = usage & STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
  if (bytes > limit) {
    const message = `${what} needs ${bytes} bytes in one buffer, this GPU allows ${limit}; use the wasm backend`;
    throw new RelpropError("GpuLimits", message, { bytes, limit });
  }
  // Kernels read vectors of 16 bytes.
  return device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage });
}

export const storage = (device: GPUDevice, bytes: number, what: string): GPUBuffer =>
  create(device, bytes, STORAGE | COPY_SRC | COPY_DST, what);

/** Work buffers for whichever of a device's programs runs: what it is given to run it runs in order. */
export interface Pool {
  /** A buffer for each of `sizes`, all different. */
  take(sizes: readonly number[]): GPUBuffer[];
  /** Counts up whenever buffers are freed that programs have bound. */
  readonly freed: number;
  free(): void;
}

/** A pool of as many buffers, and as large ones, as the most demanding program has needed so far. */
export function pool(device: GPUDevice): Pool {
  const buffers: GPUBuffer[] = []; // largest first
  let freed = 0;
  return {
    take(sizes) {
      const taken: GPUBuffer[] = [];
      const order = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]);
      order.forEach((i, rank) => {
        const old = buffers[rank];
        if (!(old?.size >= sizes[i])) {
          buffers[rank] = storage(device, sizes[i], "a work buffer");
          old?.destroy();
          if (old) freed++;
        }
        taken[i] = buffers[rank];
      });
      return taken;
    },
    get freed() {
      return freed;
    },
    free() {
      freed++;
      for (const buffer of buffers.splice(0)) buffer.destroy();
    },
  };
}
