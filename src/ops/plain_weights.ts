import { apply, check, cols, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";
import { fullSpan, spanned } from "./softmax.ts";

/**
 * Weights of attention without softmax (linear attention): scores x [batch, …, t, s] over the number of keys that a row
 * sees, the first `lengths` [batch] of each text within `span`; the others get exactly 0.
 */
export const plainWeights = (x: Tensor, lengths: Tensor, span = fullSpan): Tensor => {
  const [more, attrs] = spanned(lengths, span);
  return apply(PlainWeights, [x, ...more], attrs);
};

const PlainWeights: Op = {
  name: "plain_weights",
  shape: (inputs) => {
    const [x, lengths] = inputs;
    check(x.shape[0] % size(lengths) === 0, "plain_weights", inputs);
    return x.shape;
  },
  call: ({ inputs: [x, lengths], attrs: { shifted, before, after } }) => ({
    kernel: "plain_weights",
    args: [rows(x), cols(x), rows(x) / x.shape[0], size(lengths), x.shape[x.shape.length - 2], shifted, before, after],
    grid: threads(size(x)),
  }),
  // Its own transpose.
  rules: {
    gradient: (g, { inputs: [, ...more], attrs }) => ({ gradients: [apply(PlainWeights, [g, ...more], attrs)] }),
  },
};
