import { apply, check, cols, halfWorkgroups, type Op, rows, size, type Tensor } from "../graph/tensor.ts";

/** How many columns before a row's own and after it count. */
export interface Span {
  before: number;
  after: number;
  /** The place of each text's first row [batch]: row i's own column is that many after the i-th (default 0). */
  offsets?: Tensor;
}

/** What an op with a span is applied to behind its other inputs, and its attributes. */
export const spanned = (lengths: Tensor, { before, after, offsets }: Span): [Tensor[], Record<string, number>] => {
  const fits = !offsets || size(offsets) === size(lengths);
  check(fits, "a span's offsets", [offsets ?? lengths, lengths]);
  return [[lengths, offsets ?? lengths], { shifted: Number(offsets !== undefined), before, after }];
};

/** Every token sees every other. */
export const fullSpan: Span = { before: 2 ** 30, after: 2 ** 30 };

/**
 * Softmax along the last axis of x [batch, …, t, s] over the first lengths[b] columns, or one length for all, of which row i
 * sees those within `span` of the i-th, or all; the others get exactly 0, and a row that sees none gets zeros.
 */
export const softmax = (x: Tensor, lengths: Tensor, span?: Span): Tensor => {
  const [more, attrs] = span ? spanned(lengths, span) : [[lengths], {}];
  return apply(Softmax, [x, ...more], attrs);
};

export const Softmax: Op = {
  name: "softmax",
  shape: (inputs) => {
    const [x, lengths] = inputs;
    check(size(lengths) === 1 || x.shape[0] === size(lengths), "softmax", inputs);
    return x.shape;
  },
  call: ({ inputs: [x, lengths], attrs: { shifted, before, after } }) => {
    const args = [rows(x), cols(x), rows(x) / size(lengths)];
    const grid = halfWorkgroups(rows(x));
    if (before === undefined) return { kernel: "softmax", args, grid };
    return { kernel: "softmax_span", args: [...args, x.shape[x.shape.length - 2], shifted, before, after], grid };
  },
  rules: {
    // AttnLRP, Prop. 3.1: the Taylor expansion of softmax is its gradient; its bias keeps the rest.
    gradient: (g, p) => ({
      gradients: [apply(SoftmaxGrad, [p, g])],
      kept: [{ entry: "softmax", rows: apply(SoftmaxKept, [p, g]) }],
    }),
  },
};

const backward = (kernel: string, shape: Op["shape"]): Op => ({
  name: kernel,
  shape,
  call: ({ inputs: [p, g] }) => ({ kernel, args: [rows(g), cols(g), rows(p)], grid: halfWorkgroups(rows(g)) }),
});

const SoftmaxGrad = backward("softmax_grad", ([, g]) => g.shape);
const SoftmaxKept = backward("softmax_kept", ([, g]) => g.shape.slice(0, -1));
