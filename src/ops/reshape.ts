import { apply, check, type Op, type Shape, size, type Tensor, threads } from "../tensor.ts";

/** The same numbers in the same order, in the shape [batch, rows, cols]. */
export const reshape = (x: Tensor, rows: number, cols: number): Tensor => apply(Reshape, [x], { rows, cols });

const Reshape: Op = {
  name: "reshape",
  shape: (inputs, { rows, cols }): Shape => {
    const shape = [inputs[0].shape[0], rows, cols];
    check(size(inputs[0]) === shape[0] * rows * cols, `reshape to [${shape}]`, inputs);
    return shape;
  },
  // A copy, by the kernel that can also leave out a sign.
  call: (y) => ({ kernel: "lean", args: [size(y), size(y), 1, 0, 1], grid: threads(size(y)) }),
  rules: {
    gradient: (g, { inputs: [x] }) => ({ to: [apply(Reshape, [g], { rows: x.shape[1], cols: x.shape[2] })] }),
  },
};
