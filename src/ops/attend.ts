// Attention whole: scores, softmax and context in one op that never holds [heads, t, s]. Its forward pass leaves three
// numbers a row, from which its rules make the weights again, a block of rows at a time.

import { apply, check, type Kept, type Op, type Rule, type Shape, type Tensor } from "../graph/tensor.ts";
import { Context, Scores } from "./attention.ts";
import { dot } from "./dot.ts";
import { Softmax } from "./softmax.ts";

/** softmax(scale · q · kᵀ) · v in each head, over the first `lengths` [batch] keys of each text: [batch, t, heads·d]. */
export const attend = (q: Tensor, k: Tensor, v: Tensor, lengths: Tensor, heads: number, scale: number): Tensor =>
  apply(Attend, [q, k, v, lengths], { heads, scale });

/** Relevance to the values alone (Ali et al. 2022, AH). */
const values: Rule = (g, y, { carries }) =>
  carries[2]
    ? { to: [undefined, undefined, toValues(g, y)] }
    : { to: [], kept: [{ entry: "products", rows: dot(g, y) }] };

/** Each of a product's factors gets a share of the gradient, a lone one all of it, as in the ops this one stands for. */
const shares = (context: number, scores: number): Rule => {
  return (g, y, { carries: [onQ, onK, onV] }) => {
    if (!onQ && !onK) return { to: [undefined, undefined, toValues(g, y)] };
    const ofContext = onV ? context : 1;
    const ofScores = onQ && onK ? scores : 1;
    const attrs = { ...y.attrs, context: ofContext, scores: ofScores };
    const [q, k, v] = y.inputs;
    const weights = y.beside![0];

    const toQ = apply(AttendQueries, [weights, q, k, v, g], attrs);
    const [sums, taylor] = toQ.beside!;
    const toK = apply(AttendKeys, [sums, weights, q, k, v, g], attrs);

    const kept: Kept[] = [{ entry: "softmax", rows: taylor }];
    if (onV && context !== 1 / 2) kept.push({ entry: "products", rows: dot(g, y), times: 1 - 2 * context });
    if (onQ && onK && scores !== 1 / 2) {
      // ⟨S, g_S⟩ is what softmax was given less what it kept.
      const times = 1 - 2 * scores;
      kept.push({ entry: "products", rows: sums, times }, { entry: "products", rows: taylor, times: -times });
    }
    return { to: [toQ, toK, toK.beside![0]], kept };
  };
};

const Attend: Op = {
  name: "attend",
  parts: [Context, Softmax, Scores],
  shape: (inputs, { heads }) => {
    const [q, k, v, lengths] = inputs;
    const fits = same(q.shape, [k.shape[0], q.shape[1], k.shape[2]]) && same(k.shape, v.shape);
    check(fits && q.shape[2] % heads === 0 && lengths.shape[0] === q.shape[0], "attend", inputs);
    check(k.shape[1] <= MOST && q.shape[1] <= MOST, "attend, for at most 131,072 tokens,", inputs);
    return q.shape;
  },
  // A row's largest score, its sum of exponentials and its number of keys: [batch, heads, 3, t].
  beside: ([q], { heads }) => [[q.shape[0], heads, 3, q.shape[1]]],
  call: (y) => call("attend", y, y.inputs, [y.attrs.scale], y.shape[1]),
  rules: {
    "gradient gradient gradient": shares(1, 1),
    "gradient gradient uniform": shares(1, 1 / 2),
    "uniform gradient gradient": shares(1 / 2, 1),
    "uniform gradient uniform": shares(1 / 2, 1 / 2),
    "values gradient gradient": values,
    "values gradient uniform": values,
  },
};

/** pᵀ · g in each head. */
const toValues = (g: Tensor, { inputs: [q, k], beside, attrs }: Tensor): Tensor =>
  apply(AttendValues, [beside![0], q, k, g], attrs);

const AttendValues: Op = {
  name: "attend_values",
  shape: ([, , k, g]) => [g.shape[0], k.shape[1], k.shape[2]],
  call: (y) => call("attend_values", y, y.inputs.slice(1), [y.attrs.scale], y.shape[1]),
};

/**
 * The queries' gradient; beside it Σ p · g_p of each row in two numbers [k·batch, heads, 2, t], and what softmax keeps of it
 * [k·batch, heads, t].
 */
const AttendQueries: Op = {
  name: "attend_queries",
  shape: ([, q, , , g]) => [g.shape[0], q.shape[1], q.shape[2]],
  beside: ([, q, , , g], { heads }) => [
    [g.shape[0], heads, 2, q.shape[1]],
    [g.shape[0], heads, q.shape[1]],
  ],
  call: (y) => call("attend_queries", y, y.inputs.slice(1), shared(y), y.shape[1]),
};

/** The keys' gradient, and the values' beside it. */
const AttendKeys: Op = {
  name: "attend_keys",
  shape: ([, , , k, , g]) => [g.shape[0], k.shape[1], k.shape[2]],
  beside: ([, , , k, , g]) => [[g.shape[0], k.shape[1], k.shape[2]]],
  call: (y) => call("attend_keys", y, y.inputs.slice(2), shared(y), y.shape[1]),
};

const MOST = 2 ** 17; // tokens, of whose weights one row fits in a block of assembly/memory.ts
const ROWS = 32; // rows and columns of a workgroup's outputs, as in shaders/attend.wgsl
const COLS = 64;

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((n, i) => n === b[i]);

const shared = ({ attrs: { scale, context, scores } }: Tensor): number[] => [scale, context, scores];

/** A layer of the grid is one head of one text, `rows` × d of it. */
function call(kernel: string, y: Tensor, [q, k]: readonly Tensor[], scales: number[], rows: number) {
  const { heads } = y.attrs;
  const d = y.shape[2] / heads;
  const grid: [number, number, number] = [Math.ceil(d / COLS), Math.ceil(rows / ROWS), y.shape[0] * heads];
  return { kernel, args: [y.shape[0], heads, q.shape[1], k.shape[1], d, q.shape[0], ...scales], grid };
}
