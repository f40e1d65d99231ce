import { apply, check, cols, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * Turns each head of x [batch, t, heads·d] by its token's `angles` [t, d], cosines and then sines (Su et al., 2021). A
 * rotation passes relevance on whole.
 */
export const rotary = (x: Tensor, angles: Tensor): Tensor => apply(Rotary, [x, angles], { sign: 1 });

const Rotary: Op = {
  name: "rotary",
  rowwise: "elementwise", // but for pairs of numbers
  shape: (inputs) => {
    const [x, angles] = inputs;
    check(x.shape[1] === angles.shape[0] && cols(x) % cols(angles) === 0 && cols(angles) % 2 === 0, "rotary", inputs);
    return x.shape;
  },
  call: (y) => {
    const [x, angles] = y.inputs;
    const args = [size(y), x.shape[1], cols(x), cols(angles), y.attrs.sign];
    return { kernel: "rotate", args, grid: threads(size(y)) };
  },
  rules: {
    gradient: (g, { inputs: [, angles], attrs: { sign } }) => ({ to: [apply(Rotary, [g, angles], { sign: -sign })] }),
  },
};
