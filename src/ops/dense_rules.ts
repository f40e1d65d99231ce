// How relevance passes a dense layer, whichever kernels compute it.

import { RelpropError } from "../errors.ts";
import type { Kept, Op, Tensor } from "../graph/tensor.ts";
import { dot } from "./dot.ts";
import { add } from "./elementwise.ts";
import { scaledClamp, share, signedPart, wherePositive } from "./signs.ts";
import { stabilize, stabilizer } from "./stabilize.ts";

/** Layers y = x · wᵀ + b + r of one kind, b and r optional. */
export interface Dense {
  parts(y: Tensor): { x: Tensor; w: Tensor; b?: Tensor; r?: Tensor };
  /** x · wᵀ + b by the kernels of `y`. */
  again(y: Tensor, x: Tensor, w: Tensor, b?: Tensor): Tensor;
  /** g · w by the kernels of y's gradient. */
  back(y: Tensor, g: Tensor, w: Tensor): Tensor;
}

export const denseRules = (kind: Dense): Pick<Op, "rules" | "options"> => ({
  rules: {
    // LRP-0 (Bach et al. 2015, Eq. 56) over x: R = x · Σ w · g.
    gradient: (g, y, { carries }) => {
      const { w, b } = kind.parts(y);
      return summand(kind, g, y, carries, [kind.back(y, g, w)], biases(g, b));
    },
    // Bach et al. 2015, Eq. 58, over x: R = x · Σ w · g z / (z ± ε).
    epsilon: (g, y, { options: { eps = 1e-6 }, carries }) => {
      demand(eps > 0, `epsilon rule needs eps > 0, not ${eps}`);
      const { w, b } = kind.parts(y);
      const z = before(kind, y);
      const stable = stabilize(z, g, eps);
      const absorbed: Kept = { entry: "epsilon", rows: dot(stable, stabilizer(z, eps)) };
      return summand(kind, g, y, carries, [kind.back(y, stable, w)], [...biases(stable, b), absorbed]);
    },
    // Zennit's generalisation of the γ rule (Montavon et al. 2019) to either sign: R = Σ (z_ij + γ z_ij^±) / (z + γ z^±) · R,
    // ± being the sign of the output, z^± what of it has that sign.
    gamma: (g, y, { options: { gamma = 0.25 }, carries }) => {
      demand(gamma > 0, `gamma rule needs gamma > 0, not ${gamma}`);
      const { w, b } = kind.parts(y);
      const sides = [1, -1].map((sign) => ({
        sign,
        like: scaledClamp(w, 1, gamma, sign),
        unlike: scaledClamp(w, 1, gamma, -sign),
        bias: b && scaledClamp(b, 1, gamma, sign),
        times: 1,
      }));
      return bySign(kind, g, y, carries, sides);
    },
    // Bach et al. 2015, Eq. 60: R = Σ (α z_ij⁺ / z⁺ − β z_ij⁻ / z⁻) · R with α − β = 1; z⁺ is α = 1 (Montavon et al. 2017).
    "alpha-beta": (g, y, { options: { alpha = 2, beta = alpha - 1 }, carries }) => {
      demand(beta >= 0 && Math.abs(alpha - beta - 1) < 1e-6, `alpha-beta rule needs alpha − 1 = beta ≥ 0, not ${beta}`);
      return bySign(kind, g, y, carries, halves(kind, y, alpha, beta));
    },
    "z-plus": (g, y, { carries }) => bySign(kind, g, y, carries, halves(kind, y, 1, 0)),
  },
  options: { epsilon: ["eps"], gamma: ["gamma"], "alpha-beta": ["alpha", "beta"] },
});

function demand(met: boolean, what: string): void {
  if (!met) throw new RelpropError("InvalidOption", `linear's ${what}`);
}

const biases = (g: Tensor, b: Tensor | undefined): Kept[] => (b ? [{ entry: "biases", rows: dot(g, b) }] : []);

/** The output without what was added to it. */
function before({ parts, again }: Dense, y: Tensor): Tensor {
  const { x, w, b, r } = parts(y);
  return r ? again(y, x, w, b) : y;
}

/** One way that relevance takes: `times` of it, by weights for inputs of its sign and for others, and a bias' share. */
interface Side {
  /** The sign of the outputs with relevance that goes this way; 0 for all of them. */
  sign: number;
  like: Tensor;
  unlike: Tensor;
  bias?: Tensor;
  times: number;
}

function halves({ parts }: Dense, y: Tensor, alpha: number, beta: number): Side[] {
  const { w, b } = parts(y);
  return [alpha, -beta].flatMap((times, i) => {
    const sign = 1 - 2 * i;
    const side = {
      sign: 0,
      like: signedPart(w, sign),
      unlike: signedPart(w, -sign),
      bias: b && signedPart(b, sign),
      times,
    };
    return times ? [side] : [];
  });
}

/** Relevance by weights that depend on the signs of inputs and outputs; what finds no input that may have it is absorbed. */
function bySign(kind: Dense, g: Tensor, y: Tensor, carries: boolean[], sides: Side[]) {
  const { x } = kind.parts(y);
  const z = before(kind, y);
  const [above, below] = [signedPart(x, 1), signedPart(x, -1)];
  const kept: Kept[] = [];
  const shares = sides.map(({ sign, like, unlike, bias, times }) => {
    const den = add(kind.again(y, below, unlike), kind.again(y, above, like, bias));
    const t = share(z, den, g, sign, times);
    kept.push(...biases(t, bias));
    if (!sign)
      kept.push({ entry: "epsilon", rows: dot(g, z), times }, { entry: "epsilon", rows: dot(t, den), times: -1 });
    return t;
  });
  const to = (weights: "like" | "unlike") =>
    sides.map((side, i) => kind.back(y, shares[i], side[weights])).reduce((sum, part) => add(sum, part));
  return summand(kind, g, y, carries, [wherePositive(x, to("like"), to("unlike"))], kept);
}

/** What r gets too; of two summands a constant one sends its share of the output nowhere, as in `add`. */
function summand(kind: Dense, g: Tensor, y: Tensor, carries: boolean[], to: Tensor[], kept: Kept[]) {
  const { x, w, b, r } = kind.parts(y);
  if (!r) return { gradients: to, kept };
  const constant = [r, kind.again(y, x, w, b)].filter((_, i) => !carries[i ? 0 : 3]);
  const constants = constant.map((s): Kept => ({ entry: "constants", rows: dot(g, s) }));
  return { gradients: [...to, undefined, undefined, g], kept: [...(carries[0] ? kept : []), ...constants] };
}
