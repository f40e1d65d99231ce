import { apply, type Call, check, cols, type Op, rows, size, type Tensor } from "../graph/tensor.ts";
import { denseRules } from "./dense_rules.ts";

/** x · wᵀ + b, with w as checkpoints store it: [out, in]. */
export const linear = (x: Tensor, w: Tensor, b?: Tensor): Tensor => apply(Linear, b ? [x, w, b] : [x, w]);

const ENOUGH = 256; // workgroups that keep a GPU busy

/** Large tiles read less and small ones are more, which counts where the output is small. */
function call(of: (file: string) => string, y: Tensor): Call {
  const [, w] = y.inputs;
  const [n, m, depth] = [rows(y), cols(y), cols(y.inputs[0])];
  const tiles = (side: number): Call["grid"] => [Math.ceil(m / side), Math.ceil(n / side), 1];
  const [across, down] = tiles(64);
  const tile = across * down >= ENOUGH ? 64 : 32;
  const aligned = depth % 4 === 0 && cols(w) % 4 === 0;
  return {
    kernel: of(w.narrow ? "linear_narrow" : "linear"),
    args: [n, m, depth, ...(w.narrow?.args ?? [])],
    grid: tiles(tile),
    constants: { TILE: tile, ALIGNED: Number(aligned) },
    flops: 2 * n * m * depth,
  };
}

/** Of [x, w], [x, w, b] or [x, w, b, r], where r is added to the output. */
const Linear: Op = {
  name: "linear",
  rowwise: "dense",
  narrow: 1,
  shape: (inputs) => {
    const [x, w, b, r] = inputs;
    const fits = cols(x) === cols(w) && (!b || cols(b) === w.shape[0]);
    check(fits && (!r || size(r) === rows(x) * w.shape[0]), "linear", inputs);
    return [...x.shape.slice(0, -1), w.shape[0]];
  },
  call: (y) => call((name) => name + ["", "_bias", "_bias_add"][y.inputs.length - 2], y),
  plus: ({ inputs }, r) => (inputs.length === 3 ? apply(Linear, [...inputs, r]) : undefined),
  ...denseRules({
    parts: ({ inputs: [x, w, b, r] }) => ({ x, w, b, r }),
    again: (_, x, w, b) => linear(x, w, b),
    back: (_, g, w) => linearGrad(g, w),
  }),
};

const linearGrad = (g: Tensor, w: Tensor): Tensor => apply(LinearGrad, [g, w]);

/** g · w, or g · w + sum. */
const LinearGrad: Op = {
  name: "linear_grad",
  shape: ([g, w]) => [...g.shape.slice(0, -1), w.shape[1]],
  narrow: 1,
  call: (y) => call((name) => name + (y.inputs.length === 2 ? "_grad" : "_grad_add"), y),
  plus: ({ inputs }, sum) => (inputs.length === 2 ? apply(LinearGrad, [...inputs, sum]) : undefined),
};
