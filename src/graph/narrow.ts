// Weights that are narrower than f32, as tensors.

import { fits, kinds, type Layout, places } from "./layout.ts";
import { type Narrow, type Op, type Shape, size, threads } from "./tensor.ts";

/** What a weight of that shape is if it lies so; undefined if it cannot. By default all of it is read. */
export function narrow(shape: Shape, layout: Layout, keep = 1, more = 0, sign = 1): Narrow | undefined {
  return fits(shape, layout) ? reading(shape, layout, keep, more, sign) : undefined;
}

function reading(shape: Shape, layout: Layout, keep: number, more: number, sign: number): Narrow {
  const { kind, group, offsets } = layout;
  const at = places(shape, layout);
  const width = shape[shape.length - 1];
  return {
    ...{ kind, group, offsets },
    words: at.end,
    args: [width, kinds.indexOf(kind), group, at.groups, at.scales, at.offsets, at.table, keep, more, sign],
    decode: Decode,
    clamp: (...part) => reading(shape, layout, ...part),
  };
}

const Decode: Op = {
  name: "decode",
  narrow: 0,
  shape: ([{ shape }]) => shape,
  call: (y) => ({ kernel: "decode", args: [size(y), ...y.inputs[0].narrow!.args], grid: threads(size(y)) }),
};
