// Activations f(x) = x · gate(x). A kernel `f` on both sides, with `f_identity`, `f_grad` and `f_kept` beside it, makes
// one; f(0) must be 0, else the identity rule has no closed form.

import { apply, type Op, type Tensor } from "../tensor.ts";
import { dot } from "./dot.ts";
import { elements, repeats } from "./elementwise.ts";

const op = (kernel: string, name = kernel, rules?: Op["rules"]): Op => ({
  name,
  rules,
  shape: repeats,
  call: (y) => ({ kernel, ...elements(y, y.inputs[0]) }),
});

function activation(kernel: string): (x: Tensor) => Tensor {
  const Identity = op(`${kernel}_identity`);
  const Grad = op(`${kernel}_grad`);
  const Lost = op(`${kernel}_kept`);
  const Activation = op(kernel, "activation", {
    gradient: (g, { inputs: [x] }) => ({
      to: [apply(Grad, [x, g])],
      kept: [{ entry: "activations", rows: dot(g, apply(Lost, [x])) }],
    }),
    // AttnLRP, Eq. 9: relevance passes unchanged, so the gradient is f(x) / x.
    identity: (g, { inputs: [x] }) => ({ to: [apply(Identity, [x, g])] }),
  });
  return (x) => apply(Activation, [x]);
}

export const tanh: (x: Tensor) => Tensor = activation("act_tanh");

const gelu = activation("gelu");
const geluTanh = activation("gelu_tanh");
const silu = activation("silu");

/** Activations by the name a config's `hidden_act` gives them. */
export const activations = new Map([
  ["gelu", gelu],
  ["gelu_new", geluTanh],
  ["gelu_pytorch_tanh", geluTanh],
  ["gelu_fast", geluTanh],
  ["relu", activation("relu")],
  ["silu", silu],
  ["swish", silu],
  ["tanh", tanh],
]);
