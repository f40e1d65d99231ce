// Where plans run, as an option of load().

import type { GPU, GPUDevice } from "../options/globals.ts";
import { anything, flag, having, integer, type Options, oneOf } from "../options/kinds.ts";
import type { WasmSource } from "./wasm/module.ts";

/** The most threads of the WASM backend. */
export const MOST_THREADS = 64;

/** Options of load(): the backend that runs the model. */
export interface BackendOptions {
  /**
   * `auto` (default): WebGPU where the runtime has a real GPU, else WASM. In Node and Bun `webgpu` takes the package of
   * that name, if it is installed; `auto` leaves it alone.
   */
  backend?: "auto" | "webgpu" | "wasm";
  /** WebGPU's entry point, if it is not `navigator.gpu`; kept as long as the process lives. */
  gpu?: GPU;
  /** A device to share; it is not destroyed with the model. Keep what `create` of the package `webgpu` gave you. */
  device?: GPUDevice;
  /** The kernels, for runtimes that forbid compiling: what an import or a fetch of `relprop/kernels.wasm` gives. */
  wasm?: WasmSource | Promise<WasmSource>;
  /** WASM: the same bits in every runtime, by leaving relaxed SIMD unused, which is up to twice as fast (default false). */
  deterministic?: boolean;
  /**
   * WASM: threads that share the work (default 1); `deterministic` results are the same for any number. Where there
   * are none to be had, as in a page that is not cross-origin isolated, one does it all and `fallbackReason` says why.
   */
  threads?: number;
  /** Times every kernel, for `model.profile()`; WebGPU needs `timestamp-query` for it (default false). */
  profile?: boolean;
}

export const backendOptions = {
  backend: oneOf("auto", "webgpu", "wasm"),
  gpu: having("WebGPU's entry point", "requestAdapter"),
  device: having("a GPUDevice", "createBuffer"),
  wasm: anything,
  deterministic: flag,
  threads: integer(1, MOST_THREADS),
  profile: flag,
} satisfies Options<BackendOptions>;
