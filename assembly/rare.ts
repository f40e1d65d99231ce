// What explanations of long texts, of some families and by some rules need: kernels that are loaded when one is called.

export * from "./attend";
export * from "./experts";
export * from "./group_rows";
export * from "./scale_rows";
export * from "./linear_narrow";
export * from "./mul";
export * from "./generated/rare";
export * from "./segments";
export { norm_grad, norm_kept } from "./norm";
export * from "./plain_weights";
export * from "./rotary";
export * from "./signs";
export * from "./relative_shift";
export * from "./soft_cap";
export { softmax_grad, softmax_kept, softmax_span } from "./softmax";
export * from "./stabilize";
export * from "./top_k";
export * from "./write_rows";

export { heap } from "./memory";
