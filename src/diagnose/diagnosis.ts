// What a diagnosis is: plain JSON, made by Model.diagnose() and read by charts().

import type { Token } from "../inputs/tokenizers/token.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import type { Ranks } from "./spectrum.ts";

/** A state of the residual stream: what enters a block, or leaves the last one. */
export interface StreamStatistics extends Ranks {
  /** Mean cosine of two tokens' vectors. */
  cosine: number;
  /** Σ_{i≠j} ⟨x_i, x_j⟩ / ((n − 1) Σ ‖x_i‖²) (Noci et al. 2022). */
  alignment: number;
  /** ‖X − 1 x̄ᵀ‖_F / ‖X‖_F: how far from all tokens being the same (Dong et al. 2021). */
  residual: number;
  /** Of families that descend one. */
  energy?: Record<string, number>;
}

/** What goes on in a block, by head and token (Chi et al. 2023 for the variance). */
export interface BlockStatistics {
  /** By head: the entropy of its attention in nats, and its share on `tokens`, `massOf` each query and as means of all. */
  heads: { entropy: number; mass?: number; massOf?: number[] }[];
  /** By token: the variance of what attention adds to the stream, over its numbers. */
  variance: number[];
  /**
   * Of log variance against log position, counted from 1, and its value at 1 (Chi et al. 2023), over positions with a
   * variance above 0; the slope is 0 where there are fewer than two of them, and the intercept where there is none.
   */
  slope: number;
  /** Log variance at position 1, by the same line. */
  intercept: number;
  /** With `weights`: the length of what goes into each neuron, ‖its rows of the matrices before it‖. */
  neurons?: number[];
  /** ‖∂ logit / ∂W‖_F of the projections that attention has. */
  gradients: { query?: number; key?: number; value?: number };
}

/** A matrix of the network, or its difference from another model's: ranks and singular values. */
export interface WeightStatistics extends Ranks {
  /** The tensor's name in the checkpoint. */
  name: string;
  /** Rows and columns. */
  shape: [rows: number, cols: number];
  /** Largest first. */
  singularValues: number[];
}

/** What `Model.diagnose()` returns: statistics of the network's inside on one input, block by block. */
export interface Diagnosis {
  /** The text; of a pair both, on a line of their own each. */
  text: string;
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** The tokens, in the order of all statistics by token. */
  tokens: Token[];
  /** The class of the logit whose gradients are measured. */
  target: ClassScore;
  /** The second class, if one was given: its logit is subtracted. */
  contrast?: ClassScore;
  /** One more than there are blocks. */
  stream: StreamStatistics[];
  /** One for each block. */
  blocks: BlockStatistics[];
  /** With the option `weights`: one for each matrix. */
  weights?: WeightStatistics[];
  /** Sentences about the accuracy of this result or changes of the input; usually empty. */
  warnings: string[];
}
