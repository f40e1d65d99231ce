// What all renderers say, before it becomes cells, markup or shapes: the verdict, the scale, where the logit went.
// The strings of the explanation in here are still raw: whoever prints them makes them visible or escapes them.

import type { Explanation, Ledger, TokenRelevance } from "../explanation.ts";
import { type Slice, slices } from "./layout.ts";
import { numbers, percent } from "./text.ts";

export interface Facts {
  /** "positive", or "positive minus negative". */
  title: string;
  /** "99.9 %, logit 4.213", or the difference. */
  score: string;
  /** With a contrast, both classes' own numbers. */
  classes: string[];
  slices: Slice[];
  /** Max |relevance| of a slice of the user's text: full colour. Special tokens often dwarf every word, so they have no say. */
  scale: number;
  /** Tokens that were read from nowhere in the text. */
  apart: TokenRelevance[];
  /** The ledger's entries that are not zero; they add up to `total`. */
  entries: { name: string; gloss: string; value: number }[];
  total: { name: string; value: number };
  meta: [name: string, value: string][];
  number(value: number, sign?: "+"): string;
}

const glosses: Omit<Record<keyof Ledger, string>, "logit"> = {
  tokens: "all tokens together",
  biases: "kept by the biases of dense layers",
  norms: "kept by normalisations",
  positions: "position and type embeddings",
  softmax: "kept by the softmax of attention",
  products: "counted more than once, or not at all",
  activations: "kept by activation functions",
  epsilon: "absorbed by stabilisers",
  residual: "rounding",
};

export function facts(explanation: Explanation): Facts {
  const { target, contrast, ledger, tokens } = explanation;
  const parts = slices(explanation);
  const names = Object.keys(glosses) as (keyof typeof glosses)[];
  const number = numbers([...tokens.map((t) => t.relevance), ...names.map((name) => ledger[name]), ledger.logit]);
  const score = ({ probability, logit }: typeof target) => `${percent(probability)}, logit ${number(logit)}`;
  const placed = new Set(parts.flatMap((part) => part.tokens));
  return {
    title: contrast ? `${target.label} minus ${contrast.label}` : target.label,
    score: contrast ? number(ledger.logit, "+") : score(target),
    classes: contrast ? [target, contrast].map((c) => `${c.label}: ${score(c)}`) : [],
    slices: parts,
    scale: parts.reduce((most, part) => Math.max(most, Math.abs(part.relevance)), 0),
    apart: tokens.filter((token) => !placed.has(token)),
    entries: names
      .filter((name) => name === "tokens" || name === "residual" || ledger[name] !== 0)
      .map((name) => ({ name, gloss: glosses[name], value: ledger[name] })),
    total: { name: contrast ? "difference" : "logit", value: ledger.logit },
    meta: [
      ["method", explanation.method],
      ["read at", explanation.at],
      ["backend", explanation.backend],
      ["model", explanation.model],
    ],
    number,
  };
}
