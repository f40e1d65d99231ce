import { RelpropError } from "../../errors.ts";
import { isWork, type Plan } from "../../graph/plan.ts";
import { type Backend, type Data, expect, type Program, type States } from "../backend.ts";
import { type Profile, record } from "../profile.ts";
import { isSoftware } from "./adapter.ts";
import { COPY_DST, create, MAP_READ, type Pool, pool as sharedPool, storage, UNIFORM } from "./buffers.ts";
import { type Gpu, guarded, monitorDevice, settled } from "./error_scopes.ts";
import { findKernels, type Kernels, kernelsOf } from "./kernels.ts";
import type { GpuStates } from "./states.ts";
import { stopwatch } from "./stopwatch.ts";

export interface WebgpuOptions {
  /** Times every kernel; the device must have `timestamp-query`. */
  profile?: boolean;
  /** Whether kernels stage operands in workgroup memory; by default unless the adapter is software. */
  staged?: boolean;
}

/** Runs plans on the GPU, one command buffer a run. The device is destroyed with the backend only if `owned`. */
export function webgpu(device: GPUDevice, owned: boolean, options: WebgpuOptions = {}): Backend {
  const { staged = !isSoftware(device.adapterInfo) } = options;
  if (options.profile && !device.features.has("timestamp-query")) {
    throw new RelpropError("GpuUnavailable", "this GPU has no timestamp-query, which a profile needs");
  }
  const gpu = monitorDevice(device);
  const kernels = kernelsOf(device, staged);
  const weights = new Map<string, GPUBuffer>();
  const pool = sharedPool(device);
  const states = new Set<States>();
  const profile = options.profile ? new Map() : undefined;
  const place: Place = { gpu, staged, kernels, weights, pool, living: new Set(), profile };

  return {
    name: "webgpu",
    get lost() {
      return gpu.lost;
    },
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
    warm(plan) {
      compile(place, plan).catch(() => {}); // prepare() compiles again and throws the error
    },
    prepare: (plan) => prepare(place, plan),
    createStates: async () => (await import("./states.ts")).createStates(device, states),
    profile,
    dispose() {
      for (const one of states) one.dispose();
      for (const buffer of weights.values()) buffer.destroy();
      weights.clear();
      pool.free();
      if (owned) device.destroy();
    },
  };
}

interface Place {
  gpu: Gpu;
  staged: boolean;
  kernels: Kernels;
  weights: Map<string, GPUBuffer>;
  pool: Pool;
  /** A mark of every program that may run. */
  living: Set<unknown>;
  profile?: Profile;
}

/** The pipeline of each of a plan's steps. Those that steps share are built once, all of them at the same time. */
async function compile({ gpu, staged, kernels }: Place, plan: Plan): Promise<GPUComputePipeline[]> {
  if (plan.steps.some(({ kernel }) => !kernels.has(kernel))) {
    const { rare } = await import("../../generated/rare.ts");
    for (const [name, kernel] of findKernels(gpu.device, staged, rare)) {
      if (!kernels.has(name)) kernels.set(name, kernel);
    }
  }
  const pipelines = plan.steps.map(({ kernel: name, constants }) => {
    const kernel = kernels.get(name);
    if (!kernel) throw new Error(`no shader has an entry point ${name}`);
    return kernel.pipeline(constants);
  });
  return Promise.all(pipelines);
}

async function prepare(place: Place, plan: Plan): Promise<Program> {
  const { gpu, kernels, weights, pool, living, profile } = place;
  const { device } = gpu;
  checkGrids(device, plan);
  const pipelines = await settled(gpu, "compiling shaders", () => compile(place, plan));

  const owned: GPUBuffer[] = [];
  const own = (buffer: GPUBuffer) => {
    owned.push(buffer);
    return buffer;
  };
  const sizes = plan.buffers.filter(isWork).map(({ bytes }) => bytes);
  const stateful = plan.buffers.some(({ state }) => state !== undefined);
  const release = () => {
    for (const buffer of owned.splice(0)) buffer.destroy();
  };
  const dispose = () => {
    release();
    living.delete(sizes);
    if (!living.size) pool.free();
  };

  // Arguments never change within a plan, so they are written once: a slot a step.
  const slot = device.limits.minUniformBufferOffsetAlignment;
  const writeArguments = () => {
    const uniforms = own(create(device, slot * plan.steps.length, UNIFORM | COPY_DST, "a plan's arguments"));
    const slots = new ArrayBuffer(uniforms.size);
    plan.steps.forEach(({ kernel, args }, i) => {
      kernels.get(kernel)!.write(args, new DataView(slots, slot * i, slot));
    });
    device.queue.writeBuffer(uniforms, 0, slots);
    return uniforms;
  };

  /** Puts buffers in each step's place, as the pool and the states have them now. */
  const bind = (uniforms: GPUBuffer, layouts: readonly GPUBindGroupLayout[], states?: GpuStates) => {
    const work = pool.take(sizes);
    let next = 0;
    const buffers = plan.buffers.map(({ weight, state }) => {
      if (state !== undefined) return states!.buffer(state);
      const found = weight === undefined ? work[next++] : weights.get(weight);
      if (!found) throw new RelpropError("MissingTensor", `no weight ${weight} was uploaded`);
      return found;
    });
    const steps = plan.steps.map(({ kernel, grid, buffers: used }, i) => {
      const [out, ...inputs] = used.map((b) => ({ buffer: buffers[b] }));
      const args = { buffer: uniforms, offset: slot * i, size: kernels.get(kernel)!.bytes };
      const entries = [out, args, ...inputs].map((resource, binding) => ({ binding, resource }));
      const layout = layouts[i];
      return { pipeline: pipelines[i], bindings: device.createBindGroup({ layout, entries }), grid };
    });
    return { buffers, steps, since: pool.freed, states, grown: states?.grown };
  };

  // All outputs come back through one buffer: one map a run.
  let bytes = 0;
  const outputs = Object.entries(plan.outputs).map(([name, { buffer, size }]) => {
    const offset = bytes;
    bytes += 4 * size;
    return { name, buffer, size, offset };
  });

  const build = () => {
    living.add(sizes);
    const uniforms = writeArguments();
    const each = new Map(pipelines.map((pipeline) => [pipeline, pipeline.getBindGroupLayout(0)]));
    const layouts = pipelines.map((pipeline) => each.get(pipeline)!);
    const back = own(create(device, bytes, MAP_READ | COPY_DST, "what is read back"));
    const watch = profile && stopwatch(device, plan.steps.length, own);
    const rebound = (states?: GpuStates) => bind(uniforms, layouts, states);
    pool.take(sizes);
    const bound = stateful ? undefined : rebound();
    return { back, rebound, bound: bound as ReturnType<typeof bind> | undefined, watch };
  };
  const built = () =>
    guarded(gpu, "preparing a plan", build).catch((error) => {
      dispose();
      pool.free(); // what could not be had is in it
      throw error;
    });
  type Built = Awaited<ReturnType<typeof built>>;
  let ready: Built | undefined = await built();

  const submit = (now: Built, inputs: Data, states?: GpuStates) => {
    const { back, watch, bound: old } = now;
    const valid = old?.since === pool.freed && old.states === states && old.grown === states?.grown;
    now.bound = valid ? old : now.rebound(states);
    const { buffers, steps } = now.bound;
    for (const [name, { buffer, size }] of Object.entries(plan.inputs)) {
      device.queue.writeBuffer(buffers[buffer], 0, expect(inputs, name, size) as BufferSource);
    }
    const encoder = device.createCommandEncoder();
    const pass = watch ? undefined : encoder.beginComputePass();
    steps.forEach(({ pipeline, bindings, grid }, i) => {
      const current = pass ?? encoder.beginComputePass(watch!.pass(i));
      current.setPipeline(pipeline);
      current.setBindGroup(0, bindings);
      current.dispatchWorkgroups(...grid);
      if (!pass) current.end();
    });
    pass?.end();
    watch?.stop(encoder);
    for (const { buffer, size, offset } of outputs) {
      encoder.copyBufferToBuffer(buffers[buffer], 0, back, offset, 4 * size);
    }
    device.queue.submit([encoder.finish()]);
  };

  const computed = async (now: Built, inputs: Data, states?: GpuStates) => {
    const { back, watch } = now;
    if (states && !states.fits(plan)) await guarded(gpu, "making room for states", () => states.fit(plan));
    await guarded(gpu, "running a plan", () => submit(now, inputs, states));
    const all = await settled(gpu, "reading results", async () => {
      await back.mapAsync(MAP_READ);
      const all = new Float32Array(back.getMappedRange().slice(0));
      back.unmap();
      return all;
    });
    if (watch) {
      const times = await settled(gpu, "reading times", () => watch.read());
      plan.steps.forEach((step, i) => {
        record(profile!, step, times[i]);
      });
    }
    return all;
  };

  return {
    bytes: owned.reduce((n, { size }) => n + size, 0),
    dispose,
    async run(inputs, _signal, states) {
      if (!ready) release();
      ready ??= await built();
      const all = await computed(ready, inputs, states as GpuStates | undefined).catch((error) => {
        if (owned.length) ready = undefined; // a buffer may be mapped still: the next run has others
        throw error;
      });
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
