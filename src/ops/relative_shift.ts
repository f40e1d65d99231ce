import { apply, check, cols, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * Scores by distance [batch, heads, t, 2t − 1] as scores by pair [batch, heads, t, t]: of tokens i and j column
 * i − j + t − 1 of row i, or of row j if the rows are `keys`.
 */
export const relativeShift = (x: Tensor, keys: boolean): Tensor => apply(RelativeShift, [x], { keys: Number(keys) });

const RelativeShift: Op = {
  name: "relative_shift",
  shape: (inputs) => {
    const [x] = inputs;
    const t = x.shape[2];
    check(cols(x) === 2 * t - 1, "relative_shift", inputs);
    return [...x.shape.slice(0, 2), t, t];
  },
  call: (y) => call("relative_shift", y),
  rules: { gradient: (g, { attrs }) => ({ gradients: [apply(RelativeUnshift, [g], attrs)] }) },
};

const RelativeUnshift: Op = {
  name: "relative_unshift",
  shape: ([g]) => [...g.shape.slice(0, 3), 2 * cols(g) - 1],
  call: (y) => call("relative_unshift", y),
};

const call = (kernel: string, y: Tensor): ReturnType<Op["call"]> => ({
  kernel,
  args: [size(y), y.shape[2], y.attrs.keys],
  grid: threads(size(y)),
});
