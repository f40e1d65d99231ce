import { apply, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/** Half-precision dtypes that a device may keep as they are, two numbers in 32 bits. */
export const halfPrecision = ["F16", "BF16"];

/** Numbers of such a dtype [⌈n / 2⌉] as f32, exactly: an [rows, cols] of them. */
export const widen = (x: Tensor, [rows, cols]: readonly number[], dtype: string): Tensor =>
  apply(Widen, [x], { rows, cols, kind: halfPrecision.indexOf(dtype) });

/** The same, computed again, so that it need not be kept between the forward and the backward pass. */
export const widenAgain = (w: Tensor): Tensor => (w.op === Widen ? apply(Widen, [...w.inputs], w.attrs) : w);

const Widen: Op = {
  name: "widen",
  shape: (_, { rows, cols }) => [rows, cols],
  call: (y) => ({
    kernel: y.attrs.kind ? "widen_bf16" : "widen_f16",
    args: [size(y)],
    grid: threads(Math.ceil(size(y) / 2)),
  }),
};
