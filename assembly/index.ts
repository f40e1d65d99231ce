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

export { heap } from "./memory";
