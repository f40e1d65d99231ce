// Rows in groups of `of` that follow one another: points of a cloud in their neighbourhoods.

import { apply, check, cols, type Op, type Tensor, threads } from "../graph/tensor.ts";

/** The largest number of each group, column by column: [batch, groups·of, d] → [batch, groups, d]. */
export const segmentMax = (x: Tensor, of: number): Tensor => apply(SegmentMax, [x], { of });

/** Each group's numbers at all its rows: [batch, groups, d] → [batch, groups·of, d]. */
export const repeat = (x: Tensor, of: number): Tensor => apply(Repeat, [x], { of });

/** The sum of each group, column by column: [batch, groups·of, d] → [batch, groups, d]. */
export const segmentSum = (x: Tensor, of: number): Tensor => apply(SegmentSum, [x], { of });

const groups = ([batch, n, d]: readonly number[], of: number) => [batch, n / of, d];
const members = ([batch, n, d]: readonly number[], of: number) => [batch, n * of, d];

/** `each` is the tensor that has a row a group, `forward` one of the forward pass, of as many groups or fewer. */
const call = (kernel: string, each: Tensor, forward: Tensor, of: number, perRow: number): ReturnType<Op["call"]> => {
  const [n, m] = [each.shape[0] * each.shape[1], forward.shape[0] * (forward.shape[1] / perRow)];
  return { kernel, args: [n, of, cols(each), m], grid: threads(n * cols(each)) };
};

const SegmentMax: Op = {
  name: "segment_max",
  shape: (inputs, { of }) => {
    check(inputs[0].shape.length === 3 && inputs[0].shape[1] % of === 0, "segment_max", inputs);
    return groups(inputs[0].shape, of);
  },
  call: (y) => call("segment_max", y, y.inputs[0], y.attrs.of, y.attrs.of),
  // All of it to the winner (Montavon et al. 2019), which is the gradient.
  rules: { gradient: (g, { inputs: [x], attrs }) => ({ gradients: [apply(MaxScatter, [x, g], attrs)] }) },
};

const MaxScatter: Op = {
  name: "max_scatter",
  shape: ([, g], { of }) => members(g.shape, of),
  call: ({ inputs: [x, g], attrs: { of } }) => call("max_scatter", g, x, of, of),
};

const Repeat: Op = {
  name: "repeat",
  shape: ([x], { of }) => members(x.shape, of),
  call: ({ inputs: [x], attrs: { of } }) => call("segment_repeat", x, x, of, 1),
  rules: { gradient: (g, { attrs: { of } }) => ({ gradients: [segmentSum(g, of)] }) },
};

const SegmentSum: Op = {
  name: "segment_sum",
  shape: (inputs, { of }) => {
    check(inputs[0].shape.length === 3 && inputs[0].shape[1] % of === 0, "segment_sum", inputs);
    return groups(inputs[0].shape, of);
  },
  call: (y) => call("segment_sum", y, y.inputs[0], y.attrs.of, y.attrs.of),
  rules: { gradient: (g, { attrs: { of } }) => ({ gradients: [repeat(g, of)] }) },
};
