export * from "./activation";
export * from "./attention";
export * from "./elementwise";
export * from "./linear";
export * from "./norm";
export * from "./reduce";
export * from "./seed";
export * from "./select";
export * from "./softmax";
export * from "./stabilize";

/** Where free memory begins; tensors are laid out from here on. */
export const heap: usize = __heap_base;
