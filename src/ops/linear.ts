import { RelpropError } from "../errors.ts";
import { apply, type Call, check, cols, type Kept, type Op, rows, size, type Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";
import { add } from "./elementwise.ts";
import { half, scaledClamp, share, wherePositive } from "./signs.ts";
import { stabilize, stabilizer } from "./stabilize.ts";
import { fresh } from "./widen.ts";

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
  rowwise: "dense",
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
    gradient: (g, y, { carries }) =>
      summand(g, y, carries, [linearGrad(g, fresh(y.inputs[1]))], biases(g, y.inputs[2])),
    // Bach et al. 2015, Eq. 58, over x: R = x · Σ w · g z / (z ± ε).
    epsilon: (g, y, { options: { eps = 1e-6 }, carries }) => {
      demand(eps > 0, `epsilon rule needs eps > 0, not ${eps}`);
      const [x, w, b, r] = y.inputs;
      const z = r ? linear(x, w, b) : y;
      const stable = stabilize(z, g, eps);
      const absorbed: Kept = { entry: "epsilon", rows: dot(stable, stabilizer(z, eps)) };
      return summand(g, y, carries, [linearGrad(stable, fresh(w))], [...biases(stable, b), absorbed]);
    },
    // Zennit's generalisation of the γ rule (Montavon et al. 2019) to either sign: R = Σ (z_ij + γ z_ij^±) / (z + γ z^±) · R,
    // ± being the sign of the output, z^± what of it has that sign.
    gamma: (g, y, { options: { gamma = 0.25 }, carries }) => {
      demand(gamma > 0, `gamma rule needs gamma > 0, not ${gamma}`);
      const [, stored, b] = y.inputs;
      const w = fresh(stored);
      const sides = [1, -1].map((sign) => ({
        sign,
        like: scaledClamp(w, 1, gamma, sign),
        unlike: scaledClamp(w, 1, gamma, -sign),
        bias: b && scaledClamp(b, 1, gamma, sign),
        times: 1,
      }));
      return bySign(g, y, carries, sides);
    },
    // Bach et al. 2015, Eq. 60: R = Σ (α z_ij⁺ / z⁺ − β z_ij⁻ / z⁻) · R with α − β = 1; z⁺ is α = 1 (Montavon et al. 2017).
    "alpha-beta": (g, y, { options: { alpha = 2, beta = alpha - 1 }, carries }) => {
      demand(beta >= 0 && Math.abs(alpha - beta - 1) < 1e-6, `alpha-beta rule needs alpha − 1 = beta ≥ 0, not ${beta}`);
      return bySign(g, y, carries, halves(y, alpha, beta));
    },
    "z-plus": (g, y, { carries }) => bySign(g, y, carries, halves(y, 1, 0)),
  },
  options: { epsilon: ["eps"], gamma: ["gamma"], "alpha-beta": ["alpha", "beta"] },
};

function demand(met: boolean, what: string): void {
  if (!met) throw new RelpropError("InvalidOption", `linear's ${what}`);
}

/** One way that relevance takes: `times` of it, by weights for inputs of its sign and for others, and a bias' share. */
interface Side {
  /** Of the outputs whose relevance goes this way; 0 for all of them. */
  sign: number;
  like: Tensor;
  unlike: Tensor;
  bias?: Tensor;
  times: number;
}

const halves = ({ inputs: [, stored, b] }: Tensor, alpha: number, beta: number): Side[] =>
  [alpha, -beta].flatMap((times, i) => {
    const w = fresh(stored);
    const sign = 1 - 2 * i;
    const side = { sign: 0, like: half(w, sign), unlike: half(w, -sign), bias: b && half(b, sign), times };
    return times ? [side] : [];
  });

/** Relevance by weights that depend on the signs of inputs and outputs; what finds no input that may have it is absorbed. */
function bySign(g: Tensor, y: Tensor, carries: boolean[], sides: Side[]) {
  const [x, w, b, r] = y.inputs;
  const z = r ? linear(x, w, b) : y;
  const [above, below] = [half(x, 1), half(x, -1)];
  const kept: Kept[] = [];
  const shares = sides.map(({ sign, like, unlike, bias, times }) => {
    const den = add(linear(below, unlike), linear(above, like, bias));
    const t = share(z, den, g, sign, times);
    kept.push(...biases(t, bias));
    if (!sign)
      kept.push({ entry: "epsilon", rows: dot(g, z), times }, { entry: "epsilon", rows: dot(t, den), times: -1 });
    return t;
  });
  const to = (weights: "like" | "unlike") => {
    return sides.map((side, i) => linearGrad(shares[i], side[weights])).reduce((sum, part) => add(sum, part));
  };
  return summand(g, y, carries, [wherePositive(x, to("like"), to("unlike"))], kept);
}

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
