import { apply, type Op, size, type Tensor, threads } from "../graph/tensor.ts";

/** Row `index` of each text: [batch, t, d] → [batch, 1, d]. */
export const selectRow = (x: Tensor, index: number): Tensor => apply(SelectRow, [x], { index });

const SelectRow: Op = {
  name: "select_row",
  selects: true,
  shape: ([x]) => [x.shape[0], 1, x.shape[2]],
  call: (y) => call("select_row", y, y.inputs[0]),
  rules: {
    gradient: (g, { inputs: [x], attrs: { index } }) => ({
      gradients: [apply(ScatterRow, [g], { index, t: x.shape[1] })],
    }),
  },
};

/** Zeros but for row `index` of each text: [batch, 1, d] → [batch, t, d]. */
const ScatterRow: Op = {
  name: "scatter_row",
  shape: ([g], { t }) => [g.shape[0], t, g.shape[2]],
  call: (y) => call("scatter_row", y, y),
};

const call = (kernel: string, y: Tensor, wide: Tensor): ReturnType<Op["call"]> => ({
  kernel,
  args: [wide.shape[0], wide.shape[1], wide.shape[2], y.attrs.index],
  grid: threads(size(y)),
});
