import { apply, check, cols, halves, type Op, rows, type Tensor, threads } from "../graph/tensor.ts";

/**
 * Σ a · b along the last axis: reads relevance off gradients and activations, and what a bias keeps. `b` may have
 * fewer rows than `a` (one text's position vectors, a bias) and is then read again from its start.
 */
export const dot = (a: Tensor, b: Tensor): Tensor => apply(Dot, [a, b]);

const Dot: Op = {
  name: "dot",
  shape: (inputs) => {
    const [a, b] = inputs;
    check(cols(a) === cols(b) && rows(a) % rows(b) === 0, "dot", inputs);
    return a.shape.slice(0, -1);
  },
  call: ({ inputs: [a, b] }) => ({ kernel: "dot_rows", args: [rows(a), cols(a), rows(b)], grid: halves(rows(a)) }),
};

/** Σ a along the last axis. */
export const sum = (a: Tensor): Tensor => apply(Sum, [a]);

const Sum: Op = {
  name: "sum",
  shape: ([a]) => a.shape.slice(0, -1),
  call: ({ inputs: [a] }) => ({ kernel: "segment_sum", args: [rows(a), cols(a), 1, rows(a)], grid: threads(rows(a)) }),
};
