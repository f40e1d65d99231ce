export * from "./activation";
export * from "./attend";
export * from "./attention";
export * from "./elementwise";
export * from "./gate";
export * from "./linear";
export * from "./norm";
export * from "./reduce";
export * from "./rotary";
export * from "./seed";
export * from "./select";
export { softmax, softmax_grad, softmax_kept, softmax_span } from "./softmax";
export * from "./signs";
export * from "./skew";
export * from "./stabilize";

export { heap } from "./memory";
