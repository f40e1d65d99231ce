import { apply, check, cols, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";
import { dot } from "./dot.ts";

export interface Turned {
  /** The width of a head, of which the first numbers are turned (default: all, as many as there are angles). */
  head?: number;
  /** Whether a pair is two neighbours, and not a number and the one half of the angles further. */
  neighbours?: boolean;
}

/**
 * Turns each head of x [batch, t, heads·head] by its token's `angles` [t, d], or those of each text [batch, t, d], cosines and
 * then sines (Su et al., 2021). A rotation passes relevance on whole, unless positions are to have a share.
 */
export const rotary = (x: Tensor, angles: Tensor, { head = cols(angles), neighbours = false }: Turned = {}): Tensor =>
  apply(Rotary, [x, angles], { head, neighbours: Number(neighbours), sign: 1, share: 1, rest: 1 });

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
    const { head, neighbours, sign, share, rest } = y.attrs;
    const args = [size(y), rows(angles), cols(x), head, cols(angles), neighbours, sign, share, rest];
    return { kernel: "rotate", args, grid: threads(size(y)) };
  },
  rules: {
    gradient: (g, y) => ({ gradients: [back(g, y)] }),
    // Bakish et al. 2025 (PA-LRP): what is turned is a product, and half of its relevance is the position's.
    uniform: (g, y) => {
      const turned = apply(Rotary, [...y.inputs], { ...y.attrs, share: 1 / 2, rest: 0 });
      return { gradients: [back(g, y, 1 / 2)], kept: [{ entry: "positions", rows: dot(g, turned) }] };
    },
  },
};

const back = (g: Tensor, { inputs: [, angles], attrs }: Tensor, share = 1): Tensor =>
  apply(Rotary, [g, angles], { ...attrs, sign: -attrs.sign, share });
