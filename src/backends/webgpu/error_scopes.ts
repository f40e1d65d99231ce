// Error scopes: errors that WebGPU would only log, or not report at all, are thrown.

import { RelpropError } from "../../errors.ts";

export interface Gpu {
  readonly device: GPUDevice;
  /** Set once the device is lost: from then on WebGPU goes on answering with success. */
  lost?: RelpropError;
  /** Callbacks for the loss of the device. */
  readonly waiting: Set<() => void>;
}

const watched = new WeakMap<GPUDevice, Gpu>();

/** The same for all that a device is asked for: what hangs on its promise `lost` stays as long as the device. */
export function monitorDevice(device: GPUDevice): Gpu {
  const known = watched.get(device);
  if (known) return known;
  const gpu: Gpu = { device, waiting: new Set() };
  watched.set(device, gpu);
  void device.lost.then(({ message, reason }) => {
    gpu.lost = new RelpropError("DeviceLost", `the GPU was lost: ${message || reason}`);
    for (const notify of gpu.waiting) notify();
    gpu.waiting.clear();
  });
  return gpu;
}

/** Waits for a promise or for the loss, which leaves undefined; nothing of it is kept afterwards, as Promise.race would. */
function unlessLost<T>(gpu: Gpu, doing: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const notify = () => resolve(undefined);
    if (gpu.lost) notify();
    else gpu.waiting.add(notify);
    doing.then(resolve, reject).then(() => gpu.waiting.delete(notify));
  });
}

const SCOPES = ["validation", "out-of-memory", "internal"] as const;

/**
 * Calls `work` within error scopes, so that what WebGPU would only write to a console is thrown instead. `work` must
 * be synchronous: scopes are a stack of the device, which others may use meanwhile.
 */
export async function guarded<T>(gpu: Gpu, doing: string, work: () => T): Promise<T> {
  if (gpu.lost) throw gpu.lost;
  let result = { thrown: undefined } as { value: T } | { thrown: unknown };
  const [internal, memory, validation] = await settled(gpu, doing, async () => {
    const pushed: unknown[] = [];
    try {
      for (const scope of SCOPES) pushed.push(gpu.device.pushErrorScope(scope));
      result = { value: work() };
    } catch (thrown) {
      result = { thrown };
    }
    // All are popped, whatever one of them throws.
    return Promise.all(pushed.map(async () => gpu.device.popErrorScope()));
  });
  if ("thrown" in result) throw await coded(gpu, doing, result.thrown);
  if (memory) throw new RelpropError("GpuOutOfMemory", `the GPU ran out of memory while ${doing}: ${memory.message}`);
  const other = internal ?? validation;
  if (other) throw new RelpropError("GpuValidation", `WebGPU refused ${doing}: ${other.message}; please report this`);
  return result.value;
}

/** Waits for the GPU, or for its loss: promises of a lost device may resolve as if nothing had happened, or never. */
export async function settled<T>(gpu: Gpu, doing: string, work: () => Promise<T>): Promise<T> {
  const done = work()
    .then((value) => ({ value }))
    .catch(async (cause: unknown) => ({ error: await coded(gpu, doing, cause) }));
  const first = (await unlessLost(gpu, done))!;
  if (gpu.lost) throw gpu.lost;
  if ("error" in first) throw first.error;
  return first.value;
}

/** What WebGPU throws, with a code. */
async function coded(gpu: Gpu, doing: string, cause: unknown): Promise<RelpropError> {
  if (cause instanceof RelpropError) return cause;
  // Some runtimes report the loss shortly after the call that it made fail.
  await unlessLost(gpu, new Promise((resolve) => setTimeout(resolve, 100)));
  if (gpu.lost) return gpu.lost;
  const message = `WebGPU failed while ${doing}: ${cause}; please report this`;
  return new RelpropError("GpuValidation", message, {}, cause);
}
