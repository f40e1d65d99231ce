import { apply, check, cols, halves, type Kept, type Op, rows, type Tensor } from "../tensor.ts";
import { dot } from "./dot.ts";

/** (x − mean) / √(var + eps) · w + b along the last axis. */
export const layerNorm = (x: Tensor, w: Tensor, b: Tensor, eps: number): Tensor => apply(LayerNorm, [x, w, b], { eps });

const rowwise = (kernel: string, shape: Op["shape"], rules?: Op["rules"]): Op => ({
  name: kernel,
  rules,
  shape: (inputs, attrs) => {
    const [x, w, other] = inputs;
    check(cols(x) === cols(w) && cols(x) === cols(other), "layer_norm", inputs);
    return shape(inputs, attrs);
  },
  call: (y) => {
    const [x] = y.inputs;
    const n = Math.max(rows(x), rows(y.inputs[2])); // a gradient may have several times the forward's rows
    return { kernel, args: [n, cols(x), rows(x), y.attrs.eps], grid: halves(n) };
  },
});

const biases = (g: Tensor, b: Tensor): Kept => ({ entry: "norms", rows: dot(g, b) });

const LayerNorm = rowwise("layer_norm", ([x]) => x.shape, {
  gradient: (g, { inputs: [x, w, b], attrs }) => ({
    to: [apply(LayerNormGrad, [x, w, g], attrs)],
    kept: [biases(g, b), { entry: "norms", rows: apply(LayerNormKept, [x, w, g], attrs) }],
  }),
  // Ali et al. 2022, LN rule, and AttnLRP, Prop. 3.4: the deviation is a constant, the rest is linear.
  identity: (g, { inputs: [x, w, b], attrs }) => ({
    to: [apply(LayerNormIdentity, [x, w, g], attrs)],
    kept: [biases(g, b)],
  }),
});

const LayerNormGrad = rowwise("layer_norm_grad", ([, , g]) => g.shape);
const LayerNormIdentity = rowwise("layer_norm_identity", ([, , g]) => g.shape);
const LayerNormKept = rowwise("layer_norm_kept", ([, , g]) => g.shape.slice(0, -1));
