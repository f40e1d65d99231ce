// The package in one file, for pages and edge functions: what it exports, and a way in for kernels.

export { provide } from "./backends/wasm/builtin.ts";
export * from "./index.ts";
