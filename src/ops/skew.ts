import { apply, check, cols, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * Scores by distance [batch, heads, t, 2t − 1] as scores by pair [batch, heads, t, t]: of tokens i and j column
 * i − j + t − 1 of row i, or of row j if the rows are `keys`.
 */
export const skew = (x: Tensor, keys: boolean): Tensor => apply(Skew, [x], { keys: Number(keys) });

const Skew: Op = {
  name: "skew",
  shape: (inputs) => {
    const [x] = inputs;
    const t = x.shape[2];
    check(cols(x) === 2 * t - 1, "skew", inputs);
    return [...x.shape.slice(0, 2), t, t];
  },
  call: (y) => call("skew", y),
  rules: { gradient: (g, { attrs }) => ({ to: [apply(Unskew, [g], attrs)] }) },
};

const Unskew: Op = {
  name: "unskew",
  shape: ([g]) => [...g.shape.slice(0, 3), 2 * cols(g) - 1],
  call: (y) => call("unskew", y),
};

const call = (kernel: string, y: Tensor): ReturnType<Op["call"]> => ({
  kernel,
  args: [size(y), y.shape[2], y.attrs.keys],
  grid: threads(size(y)),
});
