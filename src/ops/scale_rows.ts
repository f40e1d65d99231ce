import { apply, check, cols, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/** scale · x · s, each number of s for `width` numbers of x; the shorter one is read again from its start. */
export const scaleRows = (x: Tensor, s: Tensor, width = cols(x), scale = 1): Tensor =>
  apply(ScaleRows, [x, s], { width, scale });

const ScaleRows: Op = {
  name: "scale_rows",
  shape: (inputs, { width }) => {
    const [x, s] = inputs;
    const [wide, tall] = [size(x), size(s) * width];
    check(Math.max(wide, tall) % Math.min(wide, tall) === 0, "scale_rows", inputs);
    return [(x.shape[0] * Math.max(wide, tall)) / wide, ...x.shape.slice(1)];
  },
  call: (y) => {
    const [x, s] = y.inputs;
    const { width, scale } = y.attrs;
    return { kernel: "scale_rows", args: [size(y), width, size(x), size(s), scale], grid: threads(size(y)) };
  },
  rules: {
    // s is data.
    gradient: (g, { inputs: [, s], attrs: { width, scale } }) => ({ gradients: [scaleRows(g, s, width, scale)] }),
  },
};
