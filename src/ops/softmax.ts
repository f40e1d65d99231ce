import { apply, check, cols, groups, type Op, rows, size, type Tensor } from "../tensor.ts";

/**
 * Softmax along the last axis of x [batch, …, s] over the first lengths[b] columns; the others get exactly 0, and a
 * text of length 0 gets zeros.
 */
export const softmax = (x: Tensor, lengths: Tensor): Tensor => apply(Softmax, [x, lengths]);

export const Softmax: Op = {
  name: "softmax",
  shape: (inputs) => {
    const [x, lengths] = inputs;
    check(x.shape[0] === size(lengths), "softmax", inputs);
    return x.shape;
  },
  call: ({ inputs: [x, lengths] }) => ({
    kernel: "softmax",
    args: [rows(x), cols(x), rows(x) / size(lengths)],
    grid: groups(rows(x)),
  }),
  rules: {
    // AttnLRP, Prop. 3.1: the Taylor expansion of softmax is its gradient; its bias keeps the rest.
    gradient: (g, p) => ({
      to: [apply(SoftmaxGrad, [p, g])],
      kept: [{ entry: "softmax", rows: apply(SoftmaxKept, [p, g]) }],
    }),
  },
};

const backward = (kernel: string, shape: Op["shape"]): Op => ({
  name: kernel,
  shape,
  call: ({ inputs: [p, g] }) => ({ kernel, args: [rows(g), cols(g), rows(p)], grid: groups(rows(g)) }),
});

const SoftmaxGrad = backward("softmax_grad", ([, g]) => g.shape);
const SoftmaxKept = backward("softmax_kept", ([, g]) => g.shape.slice(0, -1));
