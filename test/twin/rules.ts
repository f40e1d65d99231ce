// The rules a walk can follow, the six methods named after sets of them, and the entries of its ledger (ledger.md).

import type { LinearRule } from "./linear.ts";
import type { NormRule } from "./norm.ts";

export interface Rules {
  /** context = p v. values: Ali et al. 2022, the AH rule (p constant); uniform: AttnLRP Prop. 3.3 (half to each). */
  context: "gradient" | "values" | "uniform";
  /** scores = q kᵀ/√d; not reached under context "values". */
  scores: "gradient" | "uniform";
  norm: NormRule;
  activation: "gradient" | "identity";
  linear: LinearRule;
}

export type Method = "gradient-x-input" | "lrp-ah" | "lrp-ln" | "lrp-ah-ln" | "cp-lrp" | "attn-lrp";
export type Point = "embeddings" | "embedding-sum" | "words";

export const points: Point[] = ["embeddings", "embedding-sum", "words"];

const plain: Rules = {
  context: "gradient",
  scores: "gradient",
  norm: "gradient",
  activation: "gradient",
  linear: "gradient",
};

export const methods: Record<Method, Rules> = {
  "gradient-x-input": plain,
  "lrp-ah": { ...plain, context: "values" },
  "lrp-ln": { ...plain, norm: "identity" },
  "lrp-ah-ln": { ...plain, context: "values", norm: "identity" },
  "cp-lrp": { ...plain, context: "values", norm: "identity", activation: "identity" },
  "attn-lrp": { ...plain, context: "uniform", scores: "uniform", norm: "identity", activation: "identity" },
};

/** logit = tokens + biases + norms + constants + softmax + products + activations + epsilon + residual */
export interface Ledger {
  logit: number;
  tokens: number;
  biases: number;
  norms: number;
  constants: number;
  softmax: number;
  products: number;
  activations: number;
  epsilon: number;
  residual: number;
}

export type Kept = Partial<Omit<Ledger, "logit" | "tokens" | "residual">>;
