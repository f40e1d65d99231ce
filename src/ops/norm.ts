import {
  type Attrs,
  apply,
  type Call,
  check,
  cols,
  halfWorkgroups,
  type Kept,
  type Op,
  rows,
  size,
  type Tensor,
} from "../graph/tensor.ts";
import { dot, parts } from "./dot.ts";

// Along the last axis, or along parts of it that are as wide as the weight: heads that are normalised one by one.

/** (x − mean) / √(var + eps) · w + b. */
export const layerNorm = (x: Tensor, w: Tensor, b: Tensor, eps: number): Tensor =>
  apply(Norm, [x, w, b], { eps, centred: 1 });

/** x / √(mean x² + eps) · w (Zhang and Sennrich, 2019). */
export const rmsNorm = (x: Tensor, w: Tensor, eps: number): Tensor => apply(Norm, [x, w, w], { eps, centred: 0 });

/** What the bias keeps, of the norm that has one. */
const biases = (g: Tensor, { inputs: [, , b], attrs: { centred } }: Tensor): Kept[] =>
  centred ? [{ entry: "norms", rows: dot(g, b) }] : [];

const Norm: Op = {
  name: "norm",
  rowwise: "norm",
  shape: (inputs) => {
    const [x, w, b] = inputs;
    check(cols(x) % cols(w) === 0 && cols(w) === cols(b), "norm", inputs);
    return x.shape;
  },
  // Of each row, or part of one, the mean in two numbers, 1/√(var + eps) and var/(var + eps). The identity rule needs no more, so that x need
  // not be kept for it.
  auxiliary: ([x, w]) => [[...parts(x, w), 4]],
  call: (y) => call("norm", y, y.inputs[1], size(y) / cols(y.inputs[1]), y.attrs),
  rules: {
    gradient: (g, y) => {
      const { inputs, auxiliary, attrs } = y;
      const needed = [auxiliary![0], inputs[0], inputs[1], g];
      return {
        gradients: [apply(NormGrad, needed, attrs)],
        kept: [...biases(g, y), { entry: "norms", rows: apply(NormKept, needed, attrs) }],
      };
    },
    // Ali et al. 2022, LN rule, and AttnLRP, Prop. 3.4: the deviation, of RMSNorm the root of the mean square, is a
    // constant, the rest is linear.
    identity: (g, y) => ({
      gradients: [apply(NormIdentity, [y.auxiliary![0], y.inputs[1], g], y.attrs)],
      kept: biases(g, y),
    }),
  },
};

/** From a row's moments, what the rule needs besides, and the weight and the gradient, which are last. */
const backward = (kernel: string, shape: (g: Tensor, w: Tensor) => readonly number[]): Op => ({
  name: kernel,
  shape: (inputs) => shape(inputs[inputs.length - 1], inputs[inputs.length - 2]),
  call: (y) => {
    const [w, g] = y.inputs.slice(-2);
    return call(kernel, g, w, rows(y.inputs[0]), y.attrs);
  },
});

const NormGrad = backward("norm_grad", (g) => g.shape);
const NormIdentity = backward("norm_identity", (g) => g.shape);
const NormKept = backward("norm_kept", parts);

/** A gradient may have several times the rows of the forward pass. */
function call(kernel: string, wide: Tensor, w: Tensor, forward: number, { eps, centred }: Attrs): Call {
  const n = size(wide) / cols(w);
  return { kernel, args: [n, cols(w), forward, eps, centred], grid: halfWorkgroups(n) };
}
