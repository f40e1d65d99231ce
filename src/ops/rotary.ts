import { apply, check, cols, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";

export interface Turned {
  /** The width of a head, of which the first numbers are turned (default: all, as many as there are angles). */
  head?: number;
  /** Whether a pair is two neighbours, and not a number and the one half of the angles further. */
  neighbours?: boolean;
}

/**
 * Turns each head of x [batch, t, heads·head] by its token's `angles` [t, d], or those of each text [batch, t, d], cosines and
 * then sines (Su et al., 2021). A rotation passes relevance on whole.
 */
export const rotary = (x: Tensor, angles: Tensor, { head = cols(angles), neighbours = false }: Turned = {}): Tensor =>
  apply(Rotary, [x, angles], { head, neighbours: Number(neighbours), sign: 1 });

const Rotary: Op = {
  name: "rotary",
  rowwise: "elementwise", // but for pairs of numbers
  shape: (inputs, { head }) => {
    const [x, angles] = inputs;
    const texts = rows(angles) / x.shape[1];
    const fits = (texts === 1 || x.shape[0] % texts === 0) && cols(x) % head === 0;
    check(fits && cols(angles) <= head && cols(angles) % 2 === 0, "rotary", inputs);
    return x.shape;
  },
  call: (y) => {
    const [x, angles] = y.inputs;
    const { head, neighbours, sign } = y.attrs;
    const args = [size(y), rows(angles), cols(x), head, cols(angles), neighbours, sign];
    return { kernel: "rotate", args, grid: threads(size(y)) };
  },
  rules: {
    gradient: (g, { inputs: [, angles], attrs }) => ({
      gradients: [apply(Rotary, [g, angles], { ...attrs, sign: -attrs.sign })],
    }),
  },
};
