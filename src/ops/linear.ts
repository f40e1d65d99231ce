import { RelpropError } from "../errors.ts";
import { apply, type Call, check, cols, type Kept, type Op, rows, size, type Tensor } from "../tensor.ts";
import { dot } from "./dot.ts";
import { stabilize, stabilizer } from "./stabilize.ts";

/** x · wᵀ + b, with w as checkpoints store it: [out, in]. */
export const linear = (x: Tensor, w: Tensor, b?: Tensor): Tensor => apply(Linear, b ? [x, w, b] : [x, w]);

const ENOUGH = 256; // workgroups that keep a GPU busy

/** Large tiles read less and small ones are more, which counts where the output is small. */
function call(kernel: string, y: Tensor): Call {
  const [n, m, depth] = [rows(y), cols(y), cols(y.inputs[0])];
  const tiles = (side: number): Call["grid"] => [Math.ceil(m / side), Math.ceil(n / side), 1];
  const [across, down] = tiles(64);
  const tile = across * down >= ENOUGH ? 64 : 32;
  const aligned = depth % 4 === 0 && cols(y.inputs[1]) % 4 === 0;
  return {
    kernel,
    args: [n, m, depth],
    grid: tiles(tile),
    constants: { TILE: tile, ALIGNED: Number(aligned) },
    flops: 2 * n * m * depth,
  };
}

const biases = (g: Tensor, b: Tensor | undefined): Kept[] => (b ? [{ entry: "biases", rows: dot(g, b) }] : []);

/** Of [x, w], [x, w, b] or [x, w, b, r], where r is added to the output. */
const Linear: Op = {
  name: "linear",
  shape: (inputs) => {
    const [x, w, b, r] = inputs;
    const fits = cols(x) === cols(w) && (!b || cols(b) === w.shape[0]);
    check(fits && (!r || size(r) === rows(x) * w.shape[0]), "linear", inputs);
    return [...x.shape.slice(0, -1), w.shape[0]];
  },
  call: (y) => call(["linear", "linear_bias", "linear_bias_add"][y.inputs.length - 2], y),
  plus: ({ inputs }, r) => (inputs.length === 3 ? apply(Linear, [...inputs, r]) : undefined),
  rules: {
    // LRP-0 (Bach et al. 2015, Eq. 56) over x: R = x · Σ w · g.
    gradient: (g, y, { carries }) => summand(g, y, carries, [linearGrad(g, y.inputs[1])], biases(g, y.inputs[2])),
    // Bach et al. 2015, Eq. 58, over x: R = x · Σ w · g z / (z ± ε).
    epsilon: (g, y, { options: { eps = 1e-6 }, carries }) => {
      if (!(eps > 0)) throw new RelpropError("InvalidOption", `linear's epsilon rule needs eps > 0, not ${eps}`);
      const [x, w, b, r] = y.inputs;
      const z = r ? linear(x, w, b) : y;
      const stable = stabilize(z, g, eps);
      const absorbed: Kept = { entry: "epsilon", rows: dot(stable, stabilizer(z, eps)) };
      return summand(g, y, carries, [linearGrad(stable, w)], [...biases(stable, b), absorbed]);
    },
  },
  options: { epsilon: ["eps"] },
};

/** What r gets too; of two summands a constant one sends its share of the output nowhere, as in `add`. */
function summand(g: Tensor, { inputs: [x, w, b, r] }: Tensor, carries: boolean[], to: Tensor[], kept: Kept[]) {
  if (!r) return { to, kept };
  const constant = [r, linear(x, w, b)].filter((_, i) => !carries[i ? 0 : 3]);
  const positions = constant.map((s): Kept => ({ entry: "positions", rows: dot(g, s) }));
  return { to: [...to, undefined, undefined, g], kept: [...(carries[0] ? kept : []), ...positions] };
}

const linearGrad = (g: Tensor, w: Tensor): Tensor => apply(LinearGrad, [g, w]);

/** g · w, or g · w + sum. */
const LinearGrad: Op = {
  name: "linear_grad",
  shape: ([g, w]) => [...g.shape.slice(0, -1), w.shape[1]],
  call: (y) => call(y.inputs.length === 2 ? "linear_grad" : "linear_grad_add", y),
  plus: ({ inputs }, sum) => (inputs.length === 2 ? apply(LinearGrad, [...inputs, sum]) : undefined),
};
