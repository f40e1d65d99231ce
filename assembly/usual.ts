// What every explanation needs: the kernels that the package carries in its first files.

export * from "./attention";
export * from "./elementwise";
export * from "./generated/usual";
export * from "./linear";
export { norm, norm_identity } from "./norm";
export * from "./reduce";
export * from "./seed";
export * from "./select";
export { softmax } from "./softmax";

export { heap } from "./memory";
