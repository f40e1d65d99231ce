import { apply, type Op, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";
import { elements, repeats } from "./elementwise.ts";

/**
 * cap · tanh(x / cap), number by number: bounds attention scores and logits (Gemma Team, 2024). Composites call it an
 * activation, of which it has the rules.
 */
export const softCap = (x: Tensor, cap: number): Tensor => apply(SoftCap, [x], { cap });

const op = (kernel: string, name = kernel, rules?: Op["rules"]): Op => ({
  name,
  rules,
  rowwise: "elementwise",
  shape: repeats,
  call: (y) => {
    const { args, grid } = elements(y, y.inputs[0]);
    return { kernel, args: [...args, y.attrs.cap], grid };
  },
});

const Identity = op("soft_cap_identity");
const Grad = op("soft_cap_grad");
const Lost = op("soft_cap_kept");

const SoftCap = op("soft_cap", "activation", {
  gradient: (g, { inputs: [x], attrs }) => ({
    gradients: [apply(Grad, [x, g], attrs)],
    kept: [{ entry: "activations", rows: dot(g, apply(Lost, [x], attrs)) }],
  }),
  // AttnLRP, Eq. 9: relevance passes unchanged, by f(x) / x in closed form.
  identity: (g, { inputs: [x], attrs }) => ({ gradients: [apply(Identity, [x, g], attrs)] }),
});
