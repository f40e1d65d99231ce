import { apply, type Call, check, cols, halves, type Kept, type Op, rows, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

/** (x − mean) / √(var + eps) · w + b along the last axis. */
export const layerNorm = (x: Tensor, w: Tensor, b: Tensor, eps: number): Tensor =>
  apply(Norm, [x, w, b], { eps, centred: 1 });

/** x / √(mean x² + eps) · w along the last axis (Zhang and Sennrich, 2019). */
export const rmsNorm = (x: Tensor, w: Tensor, eps: number): Tensor => apply(Norm, [x, w, w], { eps, centred: 0 });

/** What the bias keeps, of the norm that has one. */
const biases = (g: Tensor, { inputs: [, , b], attrs: { centred } }: Tensor): Kept[] =>
  centred ? [{ entry: "norms", rows: dot(g, b) }] : [];

const Norm: Op = {
  name: "norm",
  rowwise: "norm",
  shape: (inputs) => {
    const [x, w, b] = inputs;
    check(cols(x) === cols(w) && cols(x) === cols(b), "norm", inputs);
    return x.shape;
  },
  // Each row's mean in two numbers, 1/√(var + eps) and var/(var + eps). The identity rule needs no more, so that x need
  // not be kept for it.
  beside: ([x]) => [[...x.shape.slice(0, -1), 4]],
  call: (y) => call("norm", y, y),
  rules: {
    gradient: (g, y) => {
      const { inputs, beside, attrs } = y;
      const needed = [beside![0], inputs[0], inputs[1], g];
      return {
        to: [apply(NormGrad, needed, attrs)],
        kept: [...biases(g, y), { entry: "norms", rows: apply(NormKept, needed, attrs) }],
      };
    },
    // Ali et al. 2022, LN rule, and AttnLRP, Prop. 3.4: the deviation, of RMSNorm the root of the mean square, is a
    // constant, the rest is linear.
    identity: (g, y) => ({
      to: [apply(NormIdentity, [y.beside![0], y.inputs[1], g], y.attrs)],
      kept: biases(g, y),
    }),
  },
};

/** From a row's moments, what the rule needs besides, and the gradient, which is last. */
const backward = (kernel: string, shape: (g: Tensor) => readonly number[]): Op => ({
  name: kernel,
  shape: (inputs) => shape(inputs[inputs.length - 1]),
  call: (y) => call(kernel, y.inputs[y.inputs.length - 1], y),
});

const NormGrad = backward("norm_grad", (g) => g.shape);
const NormIdentity = backward("norm_identity", (g) => g.shape);
const NormKept = backward("norm_kept", (g) => g.shape.slice(0, -1));

/** A gradient may have several times the rows of the forward pass, which are those of the first input. */
const call = (kernel: string, wide: Tensor, { inputs: [first], attrs }: Tensor): Call => ({
  kernel,
  args: [rows(wide), cols(wide), rows(first), attrs.eps, attrs.centred],
  grid: halves(rows(wide)),
});
