// The kernels where nothing may be compiled at run time: edge runtimes compile what is imported, before anything runs.

import type { Build } from "./module.ts";

const modules = new Map<Build, WebAssembly.Module>();

/** The entries for edge functions import the kernels, each in its runtime's way, and hand them over. */
export function provide(compiled: Record<Build, WebAssembly.Module>): void {
  modules.set("simd", compiled.simd).set("relaxed", compiled.relaxed);
}

export const builtin = async (build: Build): Promise<WebAssembly.Module> => modules.get(build)!;

/** Those modules have all kernels. */
export const rest = async (_: Build): Promise<undefined> => {};
