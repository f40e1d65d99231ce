import { apply, type Call, check, cols, halves, type Kept, type Op, rows, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

/** (x − mean) / √(var + eps) · w + b along the last axis. */
export const layerNorm = (x: Tensor, w: Tensor, b: Tensor, eps: number): Tensor => apply(LayerNorm, [x, w, b], { eps });

const biases = (g: Tensor, b: Tensor): Kept => ({ entry: "norms", rows: dot(g, b) });

const LayerNorm: Op = {
  name: "layer_norm",
  shape: (inputs) => {
    const [x, w, b] = inputs;
    check(cols(x) === cols(w) && cols(x) === cols(b), "layer_norm", inputs);
    return x.shape;
  },
  // Each row's mean in two numbers, 1/√(var + eps) and var/(var + eps). The identity rule needs no more, so that x need
  // not be kept for it.
  beside: ([x]) => [[...x.shape.slice(0, -1), 4]],
  call: (y) => call("layer_norm", y, y),
  rules: {
    gradient: (g, { inputs: [x, w, b], beside, attrs }) => ({
      to: [apply(LayerNormGrad, [beside![0], x, w, g], attrs)],
      kept: [biases(g, b), { entry: "norms", rows: apply(LayerNormKept, [beside![0], x, w, g], attrs) }],
    }),
    // Ali et al. 2022, LN rule, and AttnLRP, Prop. 3.4: the deviation is a constant, the rest is linear.
    identity: (g, { inputs: [, w, b], beside, attrs }) => ({
      to: [apply(LayerNormIdentity, [beside![0], w, g], attrs)],
      kept: [biases(g, b)],
    }),
  },
};

/** From a row's moments, what the rule needs besides, and the gradient, which is last. */
const backward = (kernel: string, shape: (g: Tensor) => readonly number[]): Op => ({
  name: kernel,
  shape: (inputs) => shape(inputs[inputs.length - 1]),
  call: (y) => call(kernel, y.inputs[y.inputs.length - 1], y),
});

const LayerNormGrad = backward("layer_norm_grad", (g) => g.shape);
const LayerNormIdentity = backward("layer_norm_identity", (g) => g.shape);
const LayerNormKept = backward("layer_norm_kept", (g) => g.shape.slice(0, -1));

/** A gradient may have several times the rows of the forward pass, which are those of the first input. */
const call = (kernel: string, wide: Tensor, { inputs: [first], attrs }: Tensor): Call => ({
  kernel,
  args: [rows(wide), cols(wide), rows(first), attrs.eps],
  grid: halves(rows(wide)),
});
