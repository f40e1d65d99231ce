import { apply, check, type Op, size, type Tensor, threads } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

/**
 * a + b; a shorter `b` (position vectors, say) is added to every text. What `b`'s kernel can do itself is one step: `b`
 * must then have no other use, or it is computed twice.
 */
export const add = (a: Tensor, b: Tensor): Tensor =>
  (size(a) === size(b) ? b.op.plus?.(b, a) : undefined) ?? apply(Add, [a, b]);

/** Arguments and grid of a kernel with one thread an element, `y` being as large as `a` or a multiple of it. */
export const elements = (y: Tensor, a: Tensor): { args: number[]; grid: ReturnType<typeof threads> } => ({
  args: [size(y), size(a)],
  grid: threads(size(y)),
});

/** The shape of elementwise ops: the last input's, of which the first must be a whole part. */
export const repeats: Op["shape"] = (inputs) => {
  const [a, b] = [inputs[0], inputs[inputs.length - 1]];
  check(size(b) % size(a) === 0, "an elementwise op", inputs);
  return b.shape;
};

const Add: Op = {
  name: "add",
  rowwise: "elementwise",
  shape: ([a, b]) => repeats([b, a], {}),
  call: (y) => ({ kernel: "add", ...elements(y, y.inputs[1]) }),
  rules: {
    gradient: (g, { inputs }, { carries }) => {
      // Of what is added to every text the gradient stays each text's own: it is multiplied by that again and again.
      // A constant summand sends its share of the output nowhere.
      const constant = inputs.filter((_, i) => !carries[i]);
      return { gradients: [g, g], kept: constant.map((x) => ({ entry: "constants", rows: dot(g, x) })) };
    },
  },
};
