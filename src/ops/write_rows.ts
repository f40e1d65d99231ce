import { apply, check, cols, type Op, rows, State, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * `x` [1, n, d] in place of the rows of a state [1, rows, d] from number `position` [1] on; rows that the state has not are
 * left out. What reads the result reads the whole state. It is one text's: states grow by rows at their end.
 */
export const writeRows = (state: Tensor, x: Tensor, position: Tensor): Tensor => apply(WriteRows, [state, x, position]);

const WriteRows: Op = {
  name: "write_rows",
  inPlace: true,
  shape: (inputs) => {
    const [state, x, position] = inputs;
    const fits = rows(x) === x.shape[1] && rows(state) === state.shape[1] && cols(state) === cols(x);
    check(state.op === State && fits && size(position) === 1, "write_rows", inputs);
    return state.shape;
  },
  call: ({ shape, inputs: [, x] }) => {
    return { kernel: "write_rows", args: [shape[1], rows(x), cols(x)], grid: threads(size(x)) };
  },
};
