// Attention whole: scores, softmax and context in one op that never holds [heads, t, s]. Its forward pass leaves four
// numbers a row, from which its rules make the weights again, a block of rows at a time.

import { apply, type Call, check, cols, type Kept, type Op, type Rule, type Tensor } from "../graph/tensor.ts";
import { Context, grouped, headsOf, Scores, shares } from "./attention.ts";
import { dot } from "./dot.ts";
import { fullSpan, Softmax, type Span, spanned } from "./softmax.ts";

/**
 * softmax(scale · q · kᵀ) · v in each head, over the first `lengths` [batch] keys of each text that are within a row's `span`:
 * [batch, t, heads·d]. Keys and values [batch, s, kv·d] may have fewer heads, as in ops/attention.ts.
 */
export const attend = (
  q: Tensor,
  k: Tensor,
  v: Tensor,
  lengths: Tensor,
  heads: number,
  scale: number,
  span: Span = fullSpan,
): Tensor => {
  const [more, attrs] = spanned(lengths, span);
  return apply(Attend, [q, k, v, ...more], { heads, kv: headsOf(k, q, heads), scale, ...attrs });
};

/** Relevance to the values alone (Ali et al. 2022, AH). */
const values: Rule = (g, y, { carries }) =>
  carries[2]
    ? { gradients: [undefined, undefined, toValues(g, y)] }
    : { gradients: [], kept: [{ entry: "products", rows: dot(g, y) }] };

/** Each of a product's factors gets a share of the gradient, a lone one all of it, as in the ops this one stands for. */
const products = (context: number, scores: number): Rule => {
  return (g, y, { carries: [onQ, onK, onV] }) => {
    if (!onQ && !onK) return { gradients: [undefined, undefined, toValues(g, y)] };
    const ofContext = onV ? context : 1;
    const ofScores = onQ && onK ? scores : 1;
    const attrs = { ...y.attrs, context: ofContext, scores: ofScores };
    const [q, k, v] = y.inputs;
    const stats = y.auxiliary![0];

    const toQ = apply(AttendQueries, [stats, q, k, v, g], attrs);
    const [sums, taylor] = toQ.auxiliary!;
    const toK = apply(AttendKeys, [sums, stats, q, k, v, g], attrs);

    const kept: Kept[] = [{ entry: "softmax", rows: taylor }];
    if (onV && context !== 1 / 2) kept.push({ entry: "products", rows: dot(g, y), times: 1 - 2 * context });
    if (onQ && onK && scores !== 1 / 2) {
      // ⟨S, g_S⟩ is what softmax was given less what it kept.
      const times = 1 - 2 * scores;
      kept.push({ entry: "products", rows: sums, times }, { entry: "products", rows: taylor, times: -times });
    }
    return { gradients: [toQ, toK, toK.auxiliary![0]], kept };
  };
};

const Attend: Op = {
  name: "attend",
  parts: [Context, Softmax, Scores],
  shape: (inputs, { heads, kv }) => {
    const [q, k, v, lengths] = inputs;
    const fits = k.shape.join() === v.shape.join() && k.shape[0] === q.shape[0] && lengths.shape[0] === q.shape[0];
    check(fits && cols(q) % heads === 0 && grouped(heads, kv), "attend", inputs);
    check(k.shape[1] <= MOST && q.shape[1] <= MOST, "attend, for at most 131,072 tokens,", inputs);
    return q.shape;
  },
  // Of a row of the weights: its largest score, its sum of exponentials, the first key that it sees and where those end.
  auxiliary: ([q], { heads }) => [[q.shape[0], heads, 4, q.shape[1]]],
  call: (y) => {
    const { heads, shifted, before, after, scale } = y.attrs;
    return call("attend", y, y.inputs, [shifted, before, after, scale], heads);
  },
  // Softmax has one rule.
  compose: ([context, , scores]) =>
    context === "values" ? values : products(shares[context as Share], shares[scores as Share]),
};

type Share = keyof typeof shares;

/** pᵀ · g in each head, added up over the heads of a group. */
const toValues = (g: Tensor, { inputs: [q, k], auxiliary, attrs }: Tensor): Tensor =>
  apply(AttendValues, [auxiliary![0], q, k, g], attrs);

const AttendValues: Op = {
  name: "attend_values",
  shape: ([, , k, g]) => [g.shape[0], k.shape[1], k.shape[2]],
  call: (y) => call("attend_values", y, y.inputs.slice(1), [y.attrs.scale], y.attrs.kv),
};

/**
 * The queries' gradient; its auxiliary outputs are Σ p · g_p of each row in two numbers [n·batch, heads, 2, t] for n targets, and what softmax
 * keeps of it [n·batch, heads, t].
 */
const AttendQueries: Op = {
  name: "attend_queries",
  shape: ([, q, , , g]) => [g.shape[0], q.shape[1], q.shape[2]],
  auxiliary: ([, q, , , g], { heads }) => [
    [g.shape[0], heads, 2, q.shape[1]],
    [g.shape[0], heads, q.shape[1]],
  ],
  call: (y) => call("attend_queries", y, y.inputs.slice(1), shared(y), y.attrs.heads),
};

/** The keys' gradient; the values' is its auxiliary output. */
const AttendKeys: Op = {
  name: "attend_keys",
  shape: ([, , , k, , g]) => [g.shape[0], k.shape[1], k.shape[2]],
  auxiliary: ([, , , k, , g]) => [[g.shape[0], k.shape[1], k.shape[2]]],
  call: (y) => call("attend_keys", y, y.inputs.slice(2), shared(y), y.attrs.kv),
};

const MOST = 2 ** 17; // tokens: one row of their weights fits in a block of assembly/memory.ts
const ROWS = 32; // rows and columns of a workgroup's outputs, as in shaders/lib/tiles.wgsl
const COLS = 64;

const shared = ({ attrs: { scale, context, scores } }: Tensor): number[] => [scale, context, scores];

/** A layer of the grid is one of the `layers` heads of one text, all rows × d of it. */
function call(kernel: string, y: Tensor, [q, k]: readonly Tensor[], more: number[], layers: number): Call {
  const { heads, kv } = y.attrs;
  const d = cols(q) / heads;
  const grid: Call["grid"] = [Math.ceil(d / COLS), Math.ceil(y.shape[1] / ROWS), y.shape[0] * layers];
  return { kernel, args: [y.shape[0], heads, kv, q.shape[1], k.shape[1], d, q.shape[0], ...more], grid };
}
