import { apply, check, cols, halves, type Op, rows, size, type Tensor } from "../graph/tensor.ts";

/** How many columns before a row's own and after it count. */
export interface Span {
  before: number;
  after: number;
}

/**
 * Softmax along the last axis of x [batch, …, t, s] over the first lengths[b] columns, of which row i sees those within
 * `span` of the i-th, or all; the others get exactly 0, and a row that sees none gets zeros.
 */
export const softmax = (x: Tensor, lengths: Tensor, span?: Span): Tensor => apply(Softmax, [x, lengths], { ...span });

export const Softmax: Op = {
  name: "softmax",
  shape: (inputs) => {
    const [x, lengths] = inputs;
    check(x.shape[0] === size(lengths), "softmax", inputs);
    return x.shape;
  },
  call: ({ inputs: [x, lengths], attrs: { before, after } }) => {
    const args = [rows(x), cols(x), rows(x) / size(lengths)];
    const grid = halves(rows(x));
    if (before === undefined) return { kernel: "softmax", args, grid };
    return { kernel: "softmax_span", args: [...args, x.shape[x.shape.length - 2], before, after], grid };
  },
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
  call: ({ inputs: [p, g] }) => ({ kernel, args: [rows(g), cols(g), rows(p)], grid: halves(rows(g)) }),
});

const SoftmaxGrad = backward("softmax_grad", ([, g]) => g.shape);
const SoftmaxKept = backward("softmax_kept", ([, g]) => g.shape.slice(0, -1));
