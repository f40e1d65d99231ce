import { RelpropError } from "../errors.ts";
import { apply, check, cols, type Kept, type Op, rows, type Tensor } from "../tensor.ts";
import { dot } from "./dot.ts";
import { stabilize, stabilizer } from "./stabilize.ts";

/** x · wᵀ + b, with w as checkpoints store it: [out, in]. */
export const linear = (x: Tensor, w: Tensor, b?: Tensor): Tensor => apply(Linear, b ? [x, w, b] : [x, w]);

const BLOCK = 32; // rows and columns of a workgroup's outputs, as in shaders/linear.wgsl

const call = (kernel: string, y: Tensor): ReturnType<Op["call"]> => ({
  kernel,
  args: [rows(y), cols(y), cols(y.inputs[0])],
  grid: [Math.ceil(cols(y) / BLOCK), Math.ceil(rows(y) / BLOCK), 1],
});

const biases = (g: Tensor, b: Tensor | undefined): Kept[] => (b ? [{ entry: "biases", rows: dot(g, b) }] : []);

const Linear: Op = {
  name: "linear",
  shape: (inputs) => {
    const [x, w, b] = inputs;
    check(cols(x) === cols(w) && (!b || cols(b) === w.shape[0]), "linear", inputs);
    return [...x.shape.slice(0, -1), w.shape[0]];
  },
  call: (y) => call(y.inputs.length === 3 ? "linear_bias" : "linear", y),
  rules: {
    // LRP-0 (Bach et al. 2015, Eq. 56) over x: R = x · Σ w · g.
    gradient: (g, { inputs: [, w, b] }) => ({ to: [linearGrad(g, w)], kept: biases(g, b) }),
    // Bach et al. 2015, Eq. 58, over x: R = x · Σ w · g z / (z ± ε).
    epsilon: (g, y, { options: { eps = 1e-6 } }) => {
      if (!(eps > 0)) throw new RelpropError("InvalidOption", `linear's epsilon rule needs eps > 0, not ${eps}`);
      const [, w, b] = y.inputs;
      const stable = stabilize(y, g, eps);
      const absorbed: Kept = { entry: "epsilon", rows: dot(stable, stabilizer(y, eps)) };
      return { to: [linearGrad(stable, w)], kept: [...biases(stable, b), absorbed] };
    },
  },
  options: { epsilon: ["eps"] },
};

const linearGrad = (g: Tensor, w: Tensor): Tensor => apply(LinearGrad, [g, w]);

const LinearGrad: Op = {
  name: "linear_grad",
  shape: ([g, w]) => [...g.shape.slice(0, -1), w.shape[1]],
  call: (y) => call("linear_grad", y),
};
