// Activations of one number each. `name` has its closed forms in shaders/activations/ and assembly/activations/, of which
// the build makes four kernels.

import { apply, type Op, type Tensor } from "../graph/tensor.ts";
import { dot, sum } from "./dot.ts";
import { elements, repeats } from "./elementwise.ts";

const op = (kernel: string, name = kernel, rules?: Op["rules"]): Op => ({
  name,
  rules,
  rowwise: "elementwise",
  shape: repeats,
  call: (y) => ({ kernel, ...elements(y, y.inputs[0]) }),
});

/** Where f(0) is not 0, the identity rule keeps it, as it would a bias. */
function activation(name: string, atZero = 0): (x: Tensor) => Tensor {
  const Identity = op(`${name}_identity`);
  const Grad = op(`${name}_grad`);
  const Lost = op(`${name}_kept`);
  const Activation = op(`${name}_value`, "activation", {
    gradient: (g, { inputs: [x] }) => ({
      gradients: [apply(Grad, [x, g])],
      kept: [{ entry: "activations", rows: dot(g, apply(Lost, [x])) }],
    }),
    // AttnLRP, Eq. 9: relevance passes unchanged, so the gradient is f(x) / x; of f(x) − f(0) where f(0) is not 0.
    identity: (g, { inputs: [x] }) => ({
      gradients: [apply(Identity, [x, g])],
      kept: atZero ? [{ entry: "activations", rows: sum(g), times: atZero }] : [],
    }),
  });
  return (x) => apply(Activation, [x]);
}

export const tanh: (x: Tensor) => Tensor = activation("tanh");

const gelu = activation("gelu");
const geluTanh = activation("gelu_tanh");
const silu = activation("silu");

/** Activations by the name a config gives them: all of transformers' ACT2FN, 4.57 and 5.24, but those that are learned. */
export const activations = new Map<string, (x: Tensor) => Tensor>([
  ["gelu", gelu],
  ["gelu_10", activation("gelu_10")],
  ["gelu_accurate", geluTanh],
  ["gelu_fast", geluTanh],
  ["gelu_new", geluTanh],
  ["gelu_python", gelu],
  ["gelu_python_tanh", geluTanh],
  ["gelu_pytorch_tanh", geluTanh],
  ["hardswish", activation("hardswish")],
  ["laplace", activation("laplace", 0.0060944596)],
  ["leaky_relu", activation("leaky_relu")],
  ["linear", (x) => x],
  ["mish", activation("mish")],
  ["quick_gelu", activation("quick_gelu")],
  ["relu", activation("relu")],
  ["relu2", activation("relu2")],
  ["relu6", activation("relu6")],
  ["sigmoid", activation("sigmoid", 1 / 2)],
  ["silu", silu],
  ["sqrtsoftplus", activation("sqrtsoftplus", Math.sqrt(Math.LN2))],
  ["swish", silu],
  ["tanh", tanh],
]);
