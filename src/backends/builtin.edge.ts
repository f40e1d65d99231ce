// The kernels where nothing may be compiled at run time: edge runtimes compile what is imported, before anything runs.

import relaxed from "./kernels.relaxed.wasm";
import simd from "./kernels.wasm";
import type { Build } from "./module.ts";

export async function builtin(build: Build): Promise<WebAssembly.Module> {
  return build === "simd" ? simd : relaxed;
}
