import { apply, check, cols, type Op, rows, type Tensor } from "../graph/tensor.ts";
import { denseRules } from "./dense_rules.ts";
import { segmentSum } from "./segments.ts";

/** Which rows of each expert's matrix: `out` from `begin` on. */
export interface Rows {
  begin: number;
  out: number;
}

/**
 * x · wᵀ by the matrix of each row's expert: of w [experts, stack, d] the one that `choice` [batch, t, k] names, and of that
 * `these` rows. x is [batch, t, d], every token for each of its k experts, or [batch, t·k, d]; the result [batch, t·k, out].
 * Nothing is computed for experts that a token has not chosen.
 */
export const expertLinear = (x: Tensor, w: Tensor, choice: Tensor, these: Rows = all(w)): Tensor =>
  apply(ExpertLinear, [x, w, choice, grouped(choice, w, 1)], { ...these });

const all = ({ shape: [, out] }: Tensor): Rows => ({ begin: 0, out });

const TILE = 32; // rows of one expert that a workgroup makes, as in shaders/experts.wgsl
const MOST = 1024; // experts, as in shaders/group_rows.wgsl

/** How many times as many choices as rows of x there are. */
const each = ([x, , choice]: readonly Tensor[]): number => (rows(choice) * cols(choice)) / rows(x);

const ExpertLinear: Op = {
  name: "linear",
  narrow: 1,
  shape: (inputs, { begin, out }) => {
    const [x, w, choice] = inputs;
    const [experts, stack, depth] = w.shape;
    const fits = w.shape.length === 3 && cols(x) === depth && begin + out <= stack && choice.shape.length === 3;
    check(fits && [1, cols(choice)].includes(each(inputs)), "experts' linear", inputs);
    check(experts <= MOST, `the linear of at most ${MOST} experts`, inputs);
    return [choice.shape[0], choice.shape[1] * cols(choice), out];
  },
  call: (y) => call("linear_experts", y, y.inputs, y.attrs.out, each(y.inputs), y.attrs.out),
  ...denseRules({
    parts: ({ inputs: [x, w] }) => ({ x, w }),
    again: ({ inputs, attrs: { begin, out } }, x, w) => expertLinear(x, w, inputs[2], { begin, out }),
    back: toInput,
  }),
};

function toInput(y: Tensor, g: Tensor, w: Tensor): Tensor {
  const { inputs, attrs } = y;
  const [, , choice, order] = inputs;
  const targets = rows(g) / rows(y);
  const grad = apply(ExpertLinearGrad, [g, w, choice, targets === 1 ? order : grouped(choice, w, targets)], attrs);
  const n = each(inputs);
  return n === 1 ? grad : segmentSum(grad, n);
}

const ExpertLinearGrad: Op = {
  name: "linear_experts_grad",
  narrow: 1,
  shape: ([g, w]) => [...g.shape.slice(0, -1), w.shape[2]],
  call: (y) => call("linear_experts_grad", y, y.inputs, y.inputs[1].shape[2], 1, y.attrs.out),
};

/** `wide` columns are computed of each row. */
function call(
  kernel: string,
  y: Tensor,
  [, w, choice, order]: readonly Tensor[],
  wide: number,
  each: number,
  out: number,
): ReturnType<Op["call"]> {
  const [, stack, depth] = w.shape;
  const [slots, forward] = [cols(order), rows(choice) * cols(choice)];
  return {
    kernel: w.narrow ? kernel.replace("experts", "experts_narrow") : kernel,
    args: [rows(y), out, depth, each, y.attrs.begin, stack, slots, forward, ...(w.narrow?.args ?? [])],
    grid: [Math.ceil(wide / TILE), slots / TILE, 1],
    flops: 2 * rows(y) * out * depth,
  };
}

/** What layers of the same experts share, by the choice. */
const known = new WeakMap<Tensor, Map<string, Tensor>>();

/** The rows of several `targets` by expert, in whole tiles. */
function grouped(choice: Tensor, { shape: [experts] }: Tensor, targets: number): Tensor {
  const mine = known.get(choice) ?? new Map<string, Tensor>();
  known.set(choice, mine);
  const key = `${experts} ${targets}`;
  const found = mine.get(key) ?? apply(GroupRows, [choice], { experts, targets });
  mine.set(key, found);
  return found;
}

const GroupRows: Op = {
  name: "group_rows",
  shape: ([choice], { experts, targets }) => {
    const n = targets * rows(choice) * cols(choice);
    return [TILE * (Math.floor(n / TILE) + Math.min(experts, n))];
  },
  call: (y) => {
    const [choice] = y.inputs;
    const forward = rows(choice) * cols(choice);
    return {
      kernel: "group_rows",
      args: [y.attrs.targets * forward, forward, y.attrs.experts, cols(y)],
      grid: [1, 1, 1],
    };
  },
};
