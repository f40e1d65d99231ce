// The package for edge functions: what it exports, and a way in for the kernels.

export { provide } from "./backends/builtin.edge.ts";
export * from "./index.ts";
