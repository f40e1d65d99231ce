import { RelpropError } from "../errors.ts";
import { type Plan, workBytes } from "../plan.ts";
import type { Backend, Data, Program } from "./backend.ts";
import { findKernels, type Kernels } from "./kernels.ts";
import { expect } from "./wasm.ts";

// The usage bits of the WebGPU specification: not every runtime has them as globals.
const MAP_READ = 1;
const COPY_SRC = 4;
const COPY_DST = 8;
const UNIFORM = 64;
const STORAGE = 128;

/** Runs plans on the GPU, one command buffer a run. The device is destroyed with the backend only if `owned`. */
export function webgpu(device: GPUDevice, owned: boolean): Backend {
  const kernels = findKernels(device);
  const weights = new Map<string, GPUBuffer>();
  // After a loss WebGPU goes on answering with success, so nothing but this flag tells.
  const state: { lost?: RelpropError } = {};
  const lost = device.lost.then((info) => {
    state.lost = new RelpropError(
      "DeviceLost",
      `the GPU was lost: ${info.message || info.reason}; load the model again`,
    );
    return state.lost;
  });
  const gpu: Gpu = { device, kernels, weights, state, lost };

  return {
    name: "webgpu",
    rows: 2048,
    allocate: (sizes) =>
      guarded(gpu, "making room for weights", () => {
        for (const [name, size] of sizes) weights.set(name, storage(device, 4 * size, name));
      }),
    write(name, at, n, fill) {
      const values = new Float32Array(n);
      fill(values);
      return guarded(gpu, `uploading ${name}`, () => device.queue.writeBuffer(weights.get(name)!, 4 * at, values));
    },
    prepare: (plan) => prepare(gpu, plan),
    dispose() {
      for (const buffer of weights.values()) buffer.destroy();
      weights.clear();
      if (owned) device.destroy();
    },
  };
}

interface Gpu {
  device: GPUDevice;
  kernels: Kernels;
  weights: Map<string, GPUBuffer>;
  state: { lost?: RelpropError };
  lost: Promise<RelpropError>;
}

/** A buffer; too large a one would fail silently and read as zeros. */
function create(device: GPUDevice, bytes: number, usage: number, what: string): GPUBuffer {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const limit = usage & STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
  if (bytes > limit) {
    const message = `${what} needs ${bytes} bytes in one buffer, this GPU allows ${limit}; use the wasm backend`;
    throw new RelpropError("GpuLimits", message, { bytes, limit });
  }
  return device.createBuffer({ size: Math.max(4, bytes), usage });
}

const storage = (device: GPUDevice, bytes: number, what: string) =>
  create(device, bytes, STORAGE | COPY_SRC | COPY_DST, what);

const SCOPES = ["validation", "out-of-memory", "internal"] as const;

/**
 * Calls `work` within error scopes, so that what WebGPU would only write to a console is thrown instead. `work` must
 * be synchronous: scopes are a stack of the device, which others may use meanwhile.
 */
async function guarded<T>(gpu: Gpu, doing: string, work: () => T): Promise<T> {
  if (gpu.state.lost) throw gpu.state.lost;
  for (const scope of SCOPES) gpu.device.pushErrorScope(scope);
  let result: { value: T } | { thrown: unknown };
  try {
    result = { value: work() };
  } catch (thrown) {
    result = { thrown };
  }
  const scopes = SCOPES.map(() => gpu.device.popErrorScope());
  const [internal, memory, validation] = await settled(gpu, doing, Promise.all(scopes));
  if ("thrown" in result) throw result.thrown;
  if (memory) throw new RelpropError("GpuOutOfMemory", `the GPU ran out of memory while ${doing}: ${memory.message}`);
  const other = internal ?? validation;
  if (other) throw new RelpropError("GpuValidation", `WebGPU refused ${doing}: ${other.message}; please report this`);
  return result.value;
}

/** Waits for the GPU, or for its loss: promises of a lost device may resolve as if nothing had happened, or never. */
async function settled<T>(gpu: Gpu, doing: string, work: Promise<T>): Promise<T> {
  const done = work
    .then((value) => ({ value }))
    .catch(async (cause: unknown) => {
      // Some runtimes tell of the loss a moment after what failed by it.
      await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      const message = `WebGPU failed while ${doing}: ${cause}; please report this`;
      return { error: new RelpropError("GpuValidation", message, {}, cause) };
    });
  const first = await Promise.race([done, gpu.lost.then((error) => ({ error }))]);
  if (gpu.state.lost) throw gpu.state.lost;
  if ("error" in first) throw first.error;
  return first.value;
}

async function prepare(gpu: Gpu, plan: Plan): Promise<Program> {
  const { device, kernels, weights } = gpu;
  checkGrids(device, plan);

  const names = [...new Set(plan.steps.map(({ kernel }) => kernel))];
  const built = names.map(async (name) => {
    const kernel = kernels.get(name);
    if (!kernel) throw new Error(`no shader has an entry point ${name}`);
    const pipeline = await kernel.pipeline();
    return [name, { kernel, pipeline, layout: pipeline.getBindGroupLayout(0) }] as const;
  });
  const pipelines = new Map(await settled(gpu, "compiling shaders", Promise.all(built)));

  const owned: GPUBuffer[] = [];
  const own = (buffer: GPUBuffer) => {
    owned.push(buffer);
    return buffer;
  };
  const dispose = () => {
    for (const buffer of owned.splice(0)) buffer.destroy();
  };

  const build = () => {
    const buffers = plan.buffers.map(({ weight, bytes }) => {
      if (weight === undefined) return own(storage(device, bytes, "a work buffer"));
      const found = weights.get(weight);
      if (!found) throw new Error(`no weight ${weight} was uploaded`);
      return found;
    });

    // Arguments never change within a plan, so they are written once: a slot a step.
    const slot = device.limits.minUniformBufferOffsetAlignment;
    const uniforms = own(create(device, slot * plan.steps.length, UNIFORM | COPY_DST, "a plan's arguments"));
    const slots = new ArrayBuffer(uniforms.size);
    const steps = plan.steps.map(({ kernel: name, args, grid, buffers: used }, i) => {
      const { kernel, pipeline, layout } = pipelines.get(name)!;
      kernel.write(args, new DataView(slots, slot * i, slot));
      const [out, ...inputs] = used.map((b) => ({ buffer: buffers[b] }));
      const resources = [out, { buffer: uniforms, offset: slot * i, size: kernel.bytes }, ...inputs];
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      return { pipeline, bindings: device.createBindGroup({ layout, entries }), grid };
    });
    device.queue.writeBuffer(uniforms, 0, slots);

    // All outputs come back through one buffer: one map a run.
    let bytes = 0;
    const outputs = Object.entries(plan.outputs).map(([name, { buffer, size }]) => {
      const offset = bytes;
      bytes += 4 * size;
      return { name, buffer: buffers[buffer], size, offset };
    });
    const back = own(create(device, bytes, MAP_READ | COPY_DST, "what is read back"));
    return { buffers, steps, outputs, back };
  };

  const { buffers, steps, outputs, back } = await guarded(gpu, "preparing a plan", build).catch((error) => {
    dispose();
    throw error;
  });

  const submit = (inputs: Data) => {
    for (const [name, { buffer, size }] of Object.entries(plan.inputs)) {
      device.queue.writeBuffer(buffers[buffer], 0, expect(inputs, name, size) as BufferSource);
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, bindings, grid } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(...grid);
    }
    pass.end();
    for (const { buffer, size, offset } of outputs) encoder.copyBufferToBuffer(buffer, 0, back, offset, 4 * size);
    device.queue.submit([encoder.finish()]);
  };

  return {
    bytes: workBytes(plan),
    dispose,
    async run(inputs) {
      await guarded(gpu, "running a plan", () => submit(inputs));
      await settled(gpu, "reading results", back.mapAsync(MAP_READ));
      const all = new Float32Array(back.getMappedRange().slice(0));
      back.unmap();
      const slices = outputs.map(({ name, size, offset }) => [name, all.subarray(offset / 4, offset / 4 + size)]);
      return Object.fromEntries(slices);
    },
  };
}

/** A dispatch over the limit would be dropped, and its output stay what it was. */
function checkGrids(device: GPUDevice, plan: Plan): void {
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  const over = plan.steps.find(({ grid }) => Math.max(...grid) > limit);
  if (!over) return;
  const message = `${over.kernel} needs ${over.grid.join(" × ")} workgroups, this GPU allows ${limit} a dimension`;
  throw new RelpropError("GpuLimits", `${message}; use smaller batches`, { grid: over.grid, limit });
}
