import { apply, check, cols, halfWorkgroups, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * Σ a · b along the last axis, or along each part of it that is as wide as `b`: reads relevance off gradients and
 * activations, and what a bias keeps. `b` may have fewer rows than `a` (one text's position vectors, a bias) and is then read
 * again from its start.
 */
export const dot = (a: Tensor, b: Tensor): Tensor => apply(Dot, [a, b]);

const Dot: Op = {
  name: "dot",
  shape: (inputs) => {
    const [a, b] = inputs;
    check(cols(a) % cols(b) === 0 && size(a) % size(b) === 0, "dot", inputs);
    return parts(a, b);
  },
  call: (y) => {
    const [, b] = y.inputs;
    return { kernel: "dot_rows", args: [size(y), cols(b), rows(b)], grid: halfWorkgroups(size(y)) };
  },
};

/** The shape of numbers of which each part of x's rows that is as wide as `w` has one. */
export const parts = (x: Tensor, w: Tensor): number[] => {
  const rest = x.shape.slice(0, -1);
  return cols(x) === cols(w) ? rest : [...rest, cols(x) / cols(w)];
};

/** Σ a along the last axis. */
export const sum = (a: Tensor): Tensor => apply(Sum, [a]);

const Sum: Op = {
  name: "sum",
  shape: ([a]) => a.shape.slice(0, -1),
  call: ({ inputs: [a] }) => ({ kernel: "segment_sum", args: [rows(a), cols(a), 1, rows(a)], grid: threads(rows(a)) }),
};
