import { apply, check, type Op, type Shape, size, type Tensor, threads } from "../graph/tensor.ts";

/** The same numbers in the same order. */
export const reshape = (x: Tensor, shape: Shape): Tensor => apply(Reshape, [x], numbered(shape));

const numbered = (shape: Shape) => Object.fromEntries(shape.entries());

const Reshape: Op = {
  name: "reshape",
  // The first dimension may grow with the targets that a gradient is of.
  shape: (inputs, attrs): Shape => {
    const [, ...rest] = Object.values(attrs);
    const first = size(inputs[0]) / rest.reduce((n, d) => n * d, 1);
    check(Number.isInteger(first), `reshape to [${Object.values(attrs)}]`, inputs);
    return [first, ...rest];
  },
  // A copy, by the kernel that can also leave out a sign.
  call: (y) => ({ kernel: "scaled_clamp", args: [size(y), size(y), 1, 0, 1], grid: threads(size(y)) }),
  rules: { gradient: (g, { inputs: [x] }) => ({ gradients: [apply(Reshape, [g], numbered(x.shape))] }) },
};
