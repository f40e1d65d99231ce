import { apply, check, cols, halfWorkgroups, type Op, type Rule, size, type Tensor } from "../graph/tensor.ts";
import { Scores } from "./attention.ts";
import { dot } from "./dot.ts";
import { scaleRows } from "./scale_rows.ts";

/** Σ x² in each head: [batch, t, heads·d] → [batch, t, heads]. */
export const squares = (x: Tensor, heads: number): Tensor => apply(Squares, [x, x], { heads });

/** A square is a product of two equal factors: each gets `share` of the gradient, as in ops/attention.ts. */
const product =
  (share: number): Rule =>
  (g, y) => {
    const [x] = y.inputs;
    const kept = share === 1 / 2 ? [] : [{ entry: "products" as const, rows: dot(g, y), times: 1 - 2 * share }];
    return { gradients: [scaleRows(x, g, size(x) / size(y), 2 * share)], kept };
  };

const Squares: Op = {
  name: "squares",
  parts: [Scores],
  shape: (inputs, { heads }) => {
    const [x] = inputs;
    check(cols(x) % heads === 0, "squares", inputs);
    return [...x.shape.slice(0, -1), heads];
  },
  call: (y) => {
    const n = size(y);
    return { kernel: "dot_rows", args: [n, size(y.inputs[0]) / n, n], grid: halfWorkgroups(n) };
  },
  rules: { gradient: product(1), uniform: product(1 / 2) },
};
