// WebGPU under Node: the package `webgpu` (Dawn), whose entry point must outlive every device.
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
globalThis.gpu = create([]);
export const gpu = globalThis.gpu;
