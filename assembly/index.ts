export * from "./activation";
export * from "./attend";
export * from "./attention";
export * from "./elementwise";
export * from "./linear";
export * from "./norm";
export * from "./reduce";
export * from "./seed";
export * from "./select";
export { softmax, softmax_grad, softmax_kept } from "./softmax";
export * from "./signs";
export * from "./stabilize";

export { heap } from "./memory";
