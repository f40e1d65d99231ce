// The activations of BERT checkpoints in float64. Each has f; its derivative f′; its gate f(x)/x with the limit f′(0) at 0
// (the identity rule, AttnLRP Eq. 9, sends g · gate); and kept = f − x f′, what the gradient rule keeps (ledger.md).

import { Phi, phi } from "./normal.ts";

export interface Activation {
  f(x: number): number;
  derivative(x: number): number;
  gate(x: number): number;
  kept(x: number): number;
}

const ROOT = Math.sqrt(2 / Math.PI);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const sech2 = (x: number) => 1 / Math.cosh(x) ** 2;

/** x Φ(x) */
export const gelu: Activation = {
  f: (x) => x * Phi(x),
  derivative: (x) => Phi(x) + x * phi(x),
  gate: Phi,
  kept: (x) => -x * x * phi(x),
};

/** ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³); the gate ½ (1 + tanh u) is σ(2u), which does not cancel. */
const inner = (x: number) => ROOT * (x + 0.044715 * x ** 3);
const slope = (x: number) => ROOT * (1 + 0.134145 * x * x);
export const geluTanh: Activation = {
  f: (x) => x * sigmoid(2 * inner(x)),
  derivative: (x) => sigmoid(2 * inner(x)) + 0.5 * x * sech2(inner(x)) * slope(x),
  gate: (x) => sigmoid(2 * inner(x)),
  kept: (x) => -0.5 * x * x * sech2(inner(x)) * slope(x),
};

export const relu: Activation = {
  f: (x) => Math.max(x, 0),
  derivative: (x) => (x > 0 ? 1 : 0),
  gate: (x) => (x > 0 ? 1 : 0),
  kept: () => 0,
};

/** x σ(x) */
export const silu: Activation = {
  f: (x) => x * sigmoid(x),
  derivative: (x) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
  gate: sigmoid,
  kept: (x) => -x * x * sigmoid(x) * sigmoid(-x),
};

export const tanh: Activation = {
  f: Math.tanh,
  derivative: sech2,
  gate: (x) => (x === 0 ? 1 : Math.tanh(x) / x),
  kept: (x) => Math.tanh(x) - x * sech2(x),
};

/** By the names of `hidden_act` in a checkpoint's config.json. */
export const activations: Record<string, Activation> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
  tanh,
};
