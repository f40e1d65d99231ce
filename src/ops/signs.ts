// Parts of rules that treat signs differently.

import { apply, clamped, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/** keep · x + more · x⁺, or x⁻ if `sign` is −1. */
export const scaledClamp = (x: Tensor, keep: number, more: number, sign: number): Tensor =>
  x.narrow ? clamped(x, keep, more, sign) : apply(ScaledClamp, [x], { keep, more, sign });

/** x⁺, or x⁻ if `sign` is −1. */
export const signedPart = (x: Tensor, sign: number): Tensor => scaledClamp(x, 0, 1, sign);

/** times · g · z / den where z has `sign`, or, if that is 0, where den is not 0; elsewhere 0. */
export const share = (z: Tensor, den: Tensor, g: Tensor, sign: number, times = 1): Tensor =>
  apply(Share, [z, den, g], { keep: 0, more: times, sign });

/** a where x > 0, else b. */
export const wherePositive = (x: Tensor, a: Tensor, b: Tensor): Tensor =>
  apply(WherePositive, [x, a, b], { keep: 0, more: 0, sign: 0 });

const op = (kernel: string): Op => ({
  name: kernel,
  shape: (inputs) => inputs[inputs.length - 1].shape,
  call: (y) => {
    const { keep, more, sign } = y.attrs;
    return { kernel, args: [size(y), size(y.inputs[0]), keep, more, sign], grid: threads(size(y)) };
  },
});

const ScaledClamp = op("scaled_clamp");
const Share = op("share");
const WherePositive = op("where_positive");
