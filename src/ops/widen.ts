import { apply, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/** Dtypes of 16 bits whose numbers may stay as they are on a device, two in the room of one. */
export const narrow = ["F16", "BF16"];

/** Numbers of such a dtype [⌈n / 2⌉] as f32, exactly: an [rows, cols] of them. */
export const widen = (x: Tensor, [rows, cols]: readonly number[], dtype: string): Tensor =>
  apply(Widen, [x], { rows, cols, kind: narrow.indexOf(dtype) });

/** The same, made anew, so that it need not be kept between a forward pass and the way back. */
export const fresh = (w: Tensor): Tensor => (w.op === Widen ? apply(Widen, [...w.inputs], w.attrs) : w);

const Widen: Op = {
  name: "widen",
  shape: (_, { rows, cols }) => [rows, cols],
  call: (y) => ({
    kernel: y.attrs.kind ? "widen_bf16" : "widen_f16",
    args: [size(y)],
    grid: threads(Math.ceil(size(y) / 2)),
  }),
};
