// WebGPU's entry point for benches: the runtime's own, else the package `webgpu`. Dawn ends the process if it is collected.

export async function gpu(backend) {
  if (backend !== "webgpu" || globalThis.navigator?.gpu) return globalThis.navigator?.gpu;
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  globalThis.keptGpu ??= create([]);
  return globalThis.keptGpu;
}
