// Protocols that replace more and more tokens and watch the prediction.

import type { ClassScore } from "../tasks/prediction.ts";
import type { Protocol, Scores, Trial } from "./protocol.ts";

export interface Curve {
  /** Token indices, first taken first. */
  order: (relevance: readonly number[]) => number[];
  /** Whether the tokens taken are shown in a text of replacements, or replaced in the text itself. */
  taken: "shown" | "replaced";
  value: (classes: readonly ClassScore[], trial: Trial) => number;
}

export interface Perturbation {
  /** Shares of the tokens that are taken, rounded up to whole tokens. */
  fractions: readonly number[];
  /** The id that stands for a token replaced; −1 is a vector of zeros. */
  by: (ids: Trial["ids"]) => number;
  /** Whether special tokens take part, or stay as they are. */
  special: boolean;
  curves: Readonly<Record<string, Curve>>;
  values: (curves: Readonly<Record<string, number[]>>) => Record<string, number>;
}

/** numpy's linspace(0, 1, 11), rounding included: 0.30000000000000004 · 10 tokens are four. */
export const tenths: readonly number[] = Array.from({ length: 11 }, (_, i) => i * 0.1);

const sorted = (values: readonly number[]) => [...values.keys()].sort((a, b) => values[a] - values[b]);

export const mostFirst: Curve["order"] = (relevance) => sorted(relevance.map((r) => -r));
export const leastFirst: Curve["order"] = sorted;
/** Of whatever sign. */
export const smallestFirst: Curve["order"] = (relevance) => sorted(relevance.map(Math.abs));

export const probability: Curve["value"] = (classes, { target }) => classes[target].probability ?? Number.NaN;
export const logit: Curve["value"] = (classes, { target }) => classes[target].logit;
/** Σ over the classes of the squared change of the logit. */
export const squaredDistance: Curve["value"] = (classes, { predicted }) =>
  classes.reduce((sum, { logit }, c) => sum + (logit - predicted[c].logit) ** 2, 0);

/** The area under a curve, by trapezoids. */
export const area = (ys: readonly number[], xs: readonly number[] = tenths): number =>
  ys.slice(1).reduce((sum, y, i) => sum + ((y + ys[i]) / 2) * (xs[i + 1] - xs[i]), 0);

export function perturbation({
  fractions,
  by,
  special,
  curves,
  values,
}: Perturbation): Pick<Protocol, "axis" | "score"> {
  return {
    axis: { name: "share of tokens", at: fractions },
    async score(trial: Trial): Promise<Scores> {
      const { tokens, relevance } = trial;
      const taking = [...tokens.keys()].filter((j) => special || !tokens[j].special);
      const own = tokens.map(({ id }) => id);
      const blank = own.map((id, j) => (taking.includes(j) ? by(trial.ids) : id));
      const scored = Object.entries(curves).map(async ([name, { order, taken, value }]) => {
        const ranks = order(taking.map((j) => relevance[j])).map((k) => taking[k]);
        const [from, to] = taken === "shown" ? [blank, own] : [own, blank];
        const texts = fractions.map((fraction) => {
          const first = new Set(ranks.slice(0, Math.ceil(fraction * ranks.length)));
          return from.map((id, j) => (first.has(j) ? to[j] : id));
        });
        const answers = await trial.predict(texts);
        return [name, answers.map((classes) => value(classes, trial))] as const;
      });
      const drawn = Object.fromEntries(await Promise.all(scored));
      return { values: values(drawn), curves: drawn };
    },
  };
}
