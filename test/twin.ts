// The twin: a slow, obvious float64 BERT sequence classifier with relevance propagation, written from the papers
// (Bach et al. 2015; Ali et al. 2022; Achtibat et al. 2024) without sight of the kernels. It shares nothing with src/.
//
//   explain({ weights, config }, ids, seed, { rules: methods["cp-lrp"], at: "embeddings" }) → { relevance, ledger, … }

export * from "./twin/activations.ts";
export * from "./twin/attention.ts";
export { type Activations, type Config, forward, type Model, type Tensor } from "./twin/bert.ts";
export * from "./twin/explain.ts";
export * from "./twin/linear.ts";
export * from "./twin/norm.ts";
export * from "./twin/normal.ts";
export * from "./twin/numbers.ts";
export * from "./twin/rules.ts";
