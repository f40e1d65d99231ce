// WebGPU's entry point: the runtime's own, or in Node and Bun the package `webgpu` (Dawn), an optional peer.

import { RelpropError } from "../../errors.ts";

declare global {
  // Dawn ends the process if its entry point is collected while a device lives, so what was used once stays.
  var __relpropGpu: Set<GPU> | undefined;
}

/** Keeps an entry point as long as the process lives. */
export function keep(gpu: GPU): GPU {
  globalThis.__relpropGpu ??= new Set();
  globalThis.__relpropGpu.add(gpu);
  return gpu;
}

/**
 * The runtime's own entry point, else the package's if `load` allows it: loading Dawn takes tens of milliseconds and
 * writes to stderr where there is no driver, so nobody gets it unasked.
 */
export async function findGpu(load: boolean): Promise<GPU> {
  if (globalThis.navigator?.gpu) return globalThis.navigator.gpu;
  const inNode = Boolean(globalThis.process?.versions?.node); // Bun and Deno have it too
  if (!inNode) throw unavailable("this runtime has no WebGPU; the wasm backend runs everywhere");
  if (!load) throw unavailable('this runtime has no WebGPU of its own; backend: "webgpu" uses the package `webgpu`');
  starting ??= dawn();
  return starting;
}

let starting: Promise<GPU> | undefined;

async function dawn(): Promise<GPU> {
  try {
    const { create, globals } = await imported("webgpu");
    Object.assign(globalThis, globals);
    return keep(create([]));
  } catch (cause) {
    starting = undefined; // it may be installed meanwhile
    const how = "`npm install webgpu`, or pass `gpu` or `device`";
    throw unavailable(`this runtime has no WebGPU of its own and the package \`webgpu\` does not load: ${how}`, cause);
  }
}

interface Dawn {
  create(options: string[]): GPU;
  globals: object;
}

// The name is a parameter so that no bundler follows the import.
const imported = (name: string): Promise<Dawn> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

const unavailable = (message: string, cause?: unknown) => new RelpropError("GpuUnavailable", message, {}, cause);

/** A processor that plays a GPU. */
export function isSoftware(info: GPUAdapterInfo | undefined): boolean {
  const { isFallbackAdapter, description = "", architecture = "" } = info ?? {}; // older browsers have none
  return isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(`${description} ${architecture}`);
}
