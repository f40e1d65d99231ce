import { apply, cols, halfWorkgroups, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";
import { dot } from "./dot.ts";
import { add } from "./elementwise.ts";
import { scaleRows } from "./scale_rows.ts";

/** x / max(‖x‖, 1e-12) along the last axis, as PyTorch's `normalize`. */
export const normalize = (x: Tensor): Tensor => apply(Normalize, [x, apply(ReciprocalNorm, [x])]);

const ReciprocalNorm: Op = {
  name: "reciprocal_norm",
  shape: ([x]) => x.shape.slice(0, -1),
  call: ({ inputs: [x] }) => ({
    kernel: "reciprocal_norm",
    args: [rows(x), cols(x), rows(x)],
    grid: halfWorkgroups(rows(x)),
  }),
};

// The length is what a norm's deviation is, so that composites name one rule for both.
const Normalize: Op = {
  name: "norm",
  rowwise: "norm",
  shape: ([x]) => x.shape,
  call: (y) => {
    const [x, s] = y.inputs;
    const args = [size(y), cols(x), size(x), size(s), 1];
    return { kernel: "scale_rows", args, grid: threads(size(y)) };
  },
  rules: {
    // The derivative is orthogonal to x: all of the output's relevance stays here.
    gradient: (g, y) => {
      const [, s] = y.inputs;
      const along = dot(g, y);
      const radial = scaleRows(scaleRows(y, along), s, cols(y), -1);
      return { gradients: [add(scaleRows(g, s), radial)], kept: [{ entry: "norms", rows: along }] };
    },
    // Ali et al. 2022, LN rule: the length is a constant.
    identity: (g, { inputs: [, s] }) => ({ gradients: [scaleRows(g, s)] }),
  },
};
