import { RelpropError } from "../errors.ts";
import { type Plan, workBytes } from "../plan.ts";
import type { Backend, Data, Program } from "./backend.ts";
import { compile, type WasmSource } from "./module.ts";
import { type Profile, record } from "./profile.ts";

type Kernel = (...numbers: number[]) => void;

const PAGE = 65536;

export interface WasmOptions {
  /** WASM: the same bits in every runtime, by leaving relaxed SIMD unused, which is up to twice as fast. */
  deterministic?: boolean;
  /** Times every kernel, for `model.profile()`; WebGPU needs `timestamp-query` for it. */
  profile?: boolean;
}

/** Runs plans on the CPU, with the kernels of assembly/. Throws `WasmUnavailable` where the runtime forbids them. */
export async function wasm(given?: WasmSource | Promise<WasmSource>, options: WasmOptions = {}): Promise<Backend> {
  const module = await compile(given, options.deterministic);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE });
  const exports = await instantiate(module, memory);
  const heap: unknown = (exports.heap as WebAssembly.Global | undefined)?.value;
  if (typeof heap !== "number") throw new RelpropError("WasmUnavailable", "the given module is not relprop's kernels");

  // Weights lie from the heap up; above them the work buffers of whichever program runs.
  const weights = new Map<string, number>();
  let end = align(heap);
  const profile: Profile | undefined = options.profile ? new Map() : undefined;

  const reserve = (top: number) => {
    const missing = top - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      const have = Math.round(memory.buffer.byteLength / 2 ** 20);
      const want = Math.round(top / 2 ** 20);
      throw new RelpropError(
        "OutOfMemory",
        `WASM memory cannot grow from ${have} to ${want} MiB`,
        { bytes: top },
        cause,
      );
    }
  };
  const view = (pointer: number, size: number) => new Float32Array(memory.buffer, pointer, size);

  const prepare = (plan: Plan): Program => {
    const missing = plan.buffers.find((b) => b.weight !== undefined && !weights.has(b.weight));
    if (missing) throw new Error(`no weight ${missing.weight} was uploaded`);

    // Offsets from `end`, which moves when a weight is uploaded later.
    let bytes = 0;
    const offsets = plan.buffers.map((b) => {
      const offset = bytes;
      if (b.weight === undefined) bytes = align(bytes + b.bytes);
      return offset;
    });
    reserve(end + bytes);
    const pointer = (buffer: number) => weights.get(plan.buffers[buffer].weight ?? "") ?? end + offsets[buffer];

    return {
      bytes: workBytes(plan),
      dispose: () => {},
      async run(inputs) {
        reserve(end + bytes);
        for (const [name, { buffer, size }] of Object.entries(plan.inputs)) {
          view(pointer(buffer), size).set(expect(inputs, name, size));
        }
        try {
          for (const step of plan.steps) {
            const start = profile && performance.now();
            (exports[step.kernel] as Kernel)(...step.buffers.map(pointer), ...step.args);
            if (profile) record(profile, step, performance.now() - start!);
          }
        } catch (cause) {
          throw new RelpropError("WasmTrap", "a kernel stopped with a trap; please report this", {}, cause);
        }
        const results: Data = {};
        for (const [name, { buffer, size }] of Object.entries(plan.outputs)) {
          results[name] = view(pointer(buffer), size).slice();
        }
        return results;
      },
    };
  };

  return {
    name: "wasm",
    rows: 512,
    async allocate(sizes) {
      let next = end;
      const places = [...sizes].map(([name, size]) => {
        const place = [name, next] as const;
        next = align(next + 4 * size);
        return place;
      });
      reserve(next);
      for (const [name, pointer] of places) weights.set(name, pointer);
      end = next;
    },
    async write(name, at, n, fill) {
      fill(view(weights.get(name)! + 4 * at, n));
    },
    prepare: async (plan) => prepare(plan),
    profile,
    dispose: () => weights.clear(),
  };
}

/** A run's input, which must fill its buffer. */
export function expect(inputs: Data, name: string, size: number): Float32Array {
  const data = inputs[name];
  if (data?.length !== size) throw new Error(`input ${name} has ${data?.length} elements, the plan wants ${size}`);
  return data;
}

// By division: bit operations are signed and break beyond 2 GiB.
const align = (pointer: number) => Math.ceil(pointer / 16) * 16;

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<WebAssembly.Exports> {
  try {
    return (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  } catch (cause) {
    throw new RelpropError("WasmUnavailable", `the kernels do not start: ${cause}`, {}, cause);
  }
}
