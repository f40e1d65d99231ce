// A mixture of experts (Shazeer et al., 2017): which experts a router chooses for each token, and the sum of what those make.

import {
  apply,
  check,
  cols,
  halfWorkgroups,
  type Op,
  type Rule,
  rows,
  size,
  type Tensor,
  threads,
} from "../graph/tensor.ts";
import { shares } from "./attention.ts";
import { dot } from "./dot.ts";
import { scaleRows } from "./scale_rows.ts";
import { repeat } from "./segments.ts";
import { scaledClamp } from "./signs.ts";

/** The columns of the k largest numbers of each row, the largest first: [batch, t, n] → [batch, t, k]. No relevance passes it. */
export const topK = (x: Tensor, k: number): Tensor => apply(TopK, [x], { k });

/** Each row's numbers in the columns of a `choice` [batch, t, k]: [batch, t, n] → [batch, t, k]. */
export const take = (x: Tensor, choice: Tensor): Tensor => apply(Take, [x, choice]);

/** The sum of what k experts make of each token, x [batch, t·k, d], by `weights` [batch, t, k]: [batch, t, d]. */
export const mixture = (x: Tensor, weights: Tensor): Tensor => apply(Mixture, [x, weights]);

const TopK: Op = {
  name: "top_k",
  shape: (inputs, { k }) => {
    const [x] = inputs;
    check(k >= 1 && k <= cols(x), `the choice of ${k} experts`, inputs);
    return [...x.shape.slice(0, -1), k];
  },
  call: (y) => call("top_k", y, y.inputs[0], y, rows(y)),
};

const Take: Op = {
  name: "take",
  shape: (inputs) => {
    const [x, choice] = inputs;
    check(rows(x) === rows(choice), "take", inputs);
    return choice.shape;
  },
  call: (y) => call("take", y.inputs[0], y.inputs[0], y.inputs[1], size(y)),
  rules: { gradient: (g, { inputs: [x, choice] }) => ({ gradients: [apply(TakeGrad, [g, choice], { n: cols(x) })] }) },
};

const TakeGrad: Op = {
  name: "take_grad",
  shape: ([g], { n }) => [...g.shape.slice(0, -1), n],
  call: (y) => call("take_grad", y, y, y.inputs[1], size(y)),
};

/** `tall` has the rows, `wide` the columns, and a choice k of those; the kernel has so many threads. */
const call = (kernel: string, tall: Tensor, wide: Tensor, choice: Tensor, n: number): ReturnType<Op["call"]> => ({
  kernel,
  args: [rows(tall), cols(wide), cols(choice), rows(choice)],
  grid: threads(n),
});

/** As in ops/attention.ts: each factor that carries relevance gets a share of the gradient, a lone one all of it. */
const product =
  (share: number): Rule =>
  (g, y, { carries: [onX, onWeights] }) => {
    const own = onWeights && onX ? share : 1;
    return {
      gradients: [onX ? toExperts(g, y, own) : undefined, onWeights ? toWeights(g, y, own) : undefined],
      kept: own === 1 / 2 || !(onWeights && onX) ? [] : [{ entry: "products", rows: dot(g, y), times: 1 - 2 * own }],
    };
  };

/** Of each token's gradient the part along what each expert has made. */
function toWeights(g: Tensor, { inputs: [x, weights] }: Tensor, share: number): Tensor {
  const along = apply(Along, [repeat(g, cols(weights)), x], { k: cols(weights) });
  return share === 1 ? along : scaledClamp(along, share, 0, 1);
}

/** As much of each token's gradient as each expert's weight lets through. */
const toExperts = (g: Tensor, { inputs: [, weights] }: Tensor, share: number): Tensor =>
  scaleRows(repeat(g, cols(weights)), weights, cols(g), share);

const Along: Op = {
  name: "along",
  shape: ([g], { k }) => [g.shape[0], g.shape[1] / k, k],
  call: ({ inputs: [g, x] }) => ({
    kernel: "dot_rows",
    args: [rows(g), cols(g), rows(x)],
    grid: halfWorkgroups(rows(g)),
  }),
};

const Mixture: Op = {
  name: "mixture",
  shape: (inputs) => {
    const [x, weights] = inputs;
    check(size(weights) === rows(x), "mixture", inputs);
    return [...weights.shape.slice(0, -1), cols(x)];
  },
  call: (y) => {
    const n = rows(y);
    return { kernel: "weighted_sum", args: [n, cols(y.inputs[1]), cols(y), n], grid: threads(size(y)) };
  },
  rules: {
    gradient: product(shares.gradient),
    uniform: product(shares.uniform),
    // The weights are constants, all relevance goes to the experts: as with attention's by Ali et al. 2022, AH.
    values: (g, y, { carries: [onX] }) =>
      onX ? { gradients: [toExperts(g, y, 1)] } : { gradients: [], kept: [{ entry: "products", rows: dot(g, y) }] },
  },
};
