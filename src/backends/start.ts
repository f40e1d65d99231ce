import { RelpropError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import type { BackendOptions } from "./options.ts";
import { findGpu, isSoftware, keep } from "./webgpu/adapter.ts";

// A backend is loaded when it is chosen: a page gets the shaders or the kernels, not both.

/** Starts a backend; `reason` says why `auto` did not take the GPU. */
export async function start(options: BackendOptions): Promise<{ backend: Backend; reason?: string }> {
  const wanted = options.backend ?? "auto";
  if (wanted === "wasm") return onWasm(options);
  try {
    return { backend: await gpuBackend(options, wanted === "webgpu") };
  } catch (error) {
    if (wanted === "webgpu" || !(error instanceof RelpropError)) throw error;
    return onWasm(options, error.message);
  }
}

async function onWasm(options: BackendOptions, noGpu?: string): Promise<{ backend: Backend; reason?: string }> {
  const { wasm } = await import("./wasm/wasm.ts");
  const backend = await wasm(options.wasm, options);
  const reasons = [noGpu, backend.reason].filter((reason) => reason !== undefined);
  return { backend, reason: reasons.length ? reasons.join("; ") : undefined };
}

async function gpuBackend({ gpu: given, device, profile }: BackendOptions, asked: boolean) {
  const webgpu = async (device: GPUDevice, owned: boolean) =>
    (await import("./webgpu/webgpu.ts")).webgpu(device, owned, { profile });
  const unavailable = (message: string, cause?: unknown) => new RelpropError("GpuUnavailable", message, {}, cause);
  const gpu = device ? undefined : given ? keep(given) : await findGpu(asked);
  try {
    if (!gpu) return await webgpu(device!, false);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw unavailable("WebGPU found no GPU on this machine");
    if (!asked && isSoftware(adapter.info))
      throw unavailable("WebGPU has only a software adapter, which is slower than WASM");
    // Ask for what the adapter has: the defaults stop at 128 MiB a binding, and larger ones read as zeros.
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize };
    const timed = profile && adapter.features.has("timestamp-query");
    const requiredFeatures: GPUFeatureName[] = timed ? ["timestamp-query"] : [];
    const own = await adapter.requestDevice({ requiredLimits, requiredFeatures, label: "relprop" });
    return await webgpu(own, true);
  } catch (cause) {
    throw cause instanceof RelpropError ? cause : unavailable(`WebGPU returned no device: ${cause}`, cause);
  }
}
