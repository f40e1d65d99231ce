// The activations of transformers' ACT2FN in float64, as activations.py defines them. Each has f; its derivative f′, at kinks
// as PyTorch has it; its gate (f(x) − f(0)) / x with the limit f′(0) at 0 (the identity rule, AttnLRP Eq. 9, sends g · gate and
// keeps f(0)); and kept = f − x f′, what the gradient rule keeps (ledger.md).

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

/** What follows from f and f′ alone, where the differences do not cancel in float64. */
const plain = (f: Activation["f"], derivative: Activation["derivative"]): Activation => ({
  f,
  derivative,
  gate: (x) => (Math.abs(x) < 1e-5 ? derivative(x / 2) : (f(x) - f(0)) / x),
  kept: (x) => f(x) - x * derivative(x),
});

/** torch.clip(gelu(x), −10, 10), whose derivative is 1 · gelu′ at the bounds. */
const gelu10: Activation = {
  f: (x) => Math.min(10, Math.max(-10, gelu.f(x))),
  derivative: (x) => (Math.abs(gelu.f(x)) > 10 ? 0 : gelu.derivative(x)),
  gate: (x) => (gelu.f(x) > 10 ? 10 / x : Phi(x)),
  kept: (x) => (gelu.f(x) > 10 ? 10 : gelu.kept(x)),
};

/** x σ(1.702 x) */
const quick: Activation = {
  f: (x) => x * sigmoid(1.702 * x),
  derivative: (x) => sigmoid(1.702 * x) + 1.702 * x * sigmoid(1.702 * x) * sigmoid(-1.702 * x),
  gate: (x) => sigmoid(1.702 * x),
  kept: (x) => -1.702 * x * x * sigmoid(1.702 * x) * sigmoid(-1.702 * x),
};

/** x tanh(softplus(x)) */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const mish: Activation = {
  f: (x) => x * Math.tanh(softplus(x)),
  derivative: (x) => Math.tanh(softplus(x)) + x * sech2(softplus(x)) * sigmoid(x),
  gate: (x) => Math.tanh(softplus(x)),
  kept: (x) => -x * x * sech2(softplus(x)) * sigmoid(x),
};

/** ½ (1 + erf((x − µ) / (σ √2))) */
const [MU, SIGMA] = [707107e-6, 282095e-6];
const laplace = plain(
  (x) => Phi((x - MU) / SIGMA),
  (x) => phi((x - MU) / SIGMA) / SIGMA,
);

const hardswish = plain(
  (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
  (x) => (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 1 / 2),
);

/** By the names that a checkpoint's config.json gives them. */
export const activations: Record<string, Activation> = {
  gelu,
  gelu_10: gelu10,
  gelu_accurate: geluTanh,
  gelu_fast: geluTanh,
  gelu_new: geluTanh,
  gelu_python: gelu,
  gelu_python_tanh: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  hardswish,
  laplace,
  leaky_relu: {
    ...plain(
      (x) => (x > 0 ? x : x / 100),
      (x) => (x > 0 ? 1 : 1 / 100),
    ),
    kept: () => 0,
  },
  linear: plain(
    (x) => x,
    () => 1,
  ),
  mish,
  quick_gelu: quick,
  relu,
  relu2: plain(
    (x) => Math.max(x, 0) ** 2,
    (x) => 2 * Math.max(x, 0),
  ),
  relu6: plain(
    (x) => Math.min(6, Math.max(x, 0)),
    (x) => (x > 0 && x < 6 ? 1 : 0),
  ),
  sigmoid: {
    ...plain(sigmoid, (x) => sigmoid(x) * sigmoid(-x)),
    gate: (x) => (x === 0 ? 1 / 4 : Math.tanh(x / 2) / (2 * x)),
  },
  silu,
  sqrtsoftplus: plain(
    (x) => Math.sqrt(softplus(x)),
    (x) => (x < -600 ? Math.exp(x / 2) : sigmoid(x) / Math.sqrt(softplus(x))) / 2,
  ),
  swish: silu,
  tanh,
};
