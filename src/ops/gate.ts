import { apply, check, type Op, type Rule, size, type Tensor, threads } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

/** a · b, number by number: what gated layers are made of, `a` being activated and `b` linear (Shazeer, 2020). */
export const gate = (a: Tensor, b: Tensor): Tensor => times(a, b, 1);

const times = (a: Tensor, b: Tensor, scale: number): Tensor => apply(Gate, [a, b], { scale });

/** As in ops/attention.ts: each factor that carries relevance gets a share of the gradient, a lone one all of it. */
const product =
  (share: number): Rule =>
  (g, y, { carries: [left, right] }) => {
    const [a, b] = y.inputs;
    const own = left && right ? share : 1;
    return {
      gradients: [times(g, b, own), times(g, a, own)],
      kept: own === 1 / 2 || !(left && right) ? [] : [{ entry: "products", rows: dot(g, y), times: 1 - 2 * own }],
    };
  };

const Gate: Op = {
  name: "gate",
  rowwise: "elementwise",
  shape: (inputs) => {
    const [a, b] = inputs;
    check(size(a) % size(b) === 0, "gate", inputs);
    return a.shape;
  },
  call: (y) => {
    const { scale } = y.attrs;
    return { kernel: "mul", args: [size(y), size(y.inputs[1]), scale], grid: threads(size(y)) };
  },
  rules: {
    gradient: product(1),
    // AttnLRP, Prop. 3.3 for elementwise products.
    uniform: product(1 / 2),
    // LXT's CP-LRP: the gate is a constant, as attention weights are, and all relevance goes to what it lets through.
    values: (g, { inputs: [a, b] }, { carries: [, right] }) => ({
      gradients: right ? [undefined, times(g, a, 1)] : [times(g, b, 1)],
    }),
  },
};
