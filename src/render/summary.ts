// What all renderers say, before it becomes cells, markup or shapes: the verdict, the scale, where the logit went.
// The strings of the explanation in here are still raw: whoever prints them makes them visible or escapes them.

import type { Attribution } from "../attribution/attribution.ts";
import type { Explanation, Ledger, TokenRelevance } from "../explain/explanation.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import { type Slice, slices } from "./layout.ts";
import type { By } from "./options.ts";
import { cellsOf } from "./overlay.ts";
import { numbers, percent } from "./text.ts";

export interface Summary {
  /** "positive", or "positive minus negative". */
  title: string;
  /** "99.9 %, logit 4.213", or the difference. */
  score: string;
  /** With a contrast, both classes' own numbers. */
  classes: string[];
  /** What the two ends of the scale speak for: the lower, the upper. */
  sides: [against: string, pro: string];
  slices: Slice[];
  /** What is said in place of a text that has no letter. */
  empty?: string;
  /** What is listed one by one, in order: marks of the text and tokens that are in none of them. */
  parts: Part[];
  /** Max |relevance| of a slice of the user's text: full colour. Special tokens often dwarf every word, so they have no say. */
  scale: number;
  /** Tokens that were read from nowhere in the text. */
  apart: TokenRelevance[];
  /** What a token is called: its piece, or the text's own word, marked, where the vocabulary has none. */
  called(token: TokenRelevance): string;
  /** The ledger's entries that are not zero; they add up to `total`. None where a method's numbers add up to nothing. */
  entries: { name: string; gloss: string; value: number }[];
  total: { name: string; value: number };
  meta: [name: string, value: string][];
  number(value: number, sign?: "+"): string;
}

/** A word, token or group as a row of a table. */
export interface Part {
  name: string;
  tokens: TokenRelevance[];
  relevance: number;
}

const glosses: Omit<Record<keyof Ledger, string>, "logit"> = {
  tokens: "all tokens together",
  biases: "kept by the biases of dense layers",
  norms: "kept by normalisations",
  constants: "position and type embeddings",
  positions: "what rotary positions got",
  softmax: "kept by the softmax of attention",
  products: "counted more than once, or not at all",
  activations: "kept by activation functions",
  epsilon: "absorbed by stabilisers",
  residual: "rounding",
};

const COMPARISONS: Record<string, string> = {
  distance: "squared distance from",
  dot: "dot product with",
  cosine: "cosine with",
};

/** Its own field of that name: what is explained may be called "constructor". */
const ownName = (names: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined;

/** What is explained where it is no logit or difference of two. */
function objectiveTitle(explanation: Explanation | Attribution, number: Summary["number"]): Partial<Summary> {
  const explained = "explained" in explanation ? explanation.explained : undefined;
  if (!explained) return {};
  const { objective, value, other } = explained;
  if (other !== undefined)
    return { title: `${ownName(COMPARISONS, objective) ?? objective} “${other}”`, score: number(value), classes: [] };
  return { score: `${objective} ${number(value)}` };
}

function sidesOf(explanation: Explanation | Attribution): Summary["sides"] {
  const { target, contrast } = explanation;
  if ("signed" in explanation && !explanation.signed) return ["less", "more relevance"];
  if ("explained" in explanation && explanation.explained?.other !== undefined) return ["against", "for"];
  return contrast
    ? [`for ${contrast.label}`, `for ${target.label}`]
    : [`against ${target.label}`, `for ${target.label}`];
}

/** Where the explained number went: an explanation's ledger, or what a method says that its numbers add up to. */
function account(explanation: Explanation | Attribution): Pick<Summary, "entries" | "total"> {
  const of = "explained" in explanation ? explanation.explained?.objective : undefined;
  const plain = explanation.contrast ? "difference" : "logit";
  const name = of === undefined || of === "continuation" ? plain : (ownName(LINEAR, of) ?? plain);
  if ("ledger" in explanation) {
    const { ledger } = explanation;
    const names = (Object.keys(glosses) as (keyof typeof glosses)[]).filter(
      (name) => name === "tokens" || name === "residual" || ledger[name] !== 0,
    );
    const entries = names.map((name) => ({ name, gloss: glosses[name], value: ledger[name] }));
    return { entries, total: { name, value: ledger.logit } };
  }
  const { completeness, logit } = explanation;
  if (!completeness) return { entries: [], total: { name, value: logit } };
  const { total, error } = completeness;
  const entries = [
    { name: "tokens", gloss: glosses.tokens, value: total - error },
    { name: "error", gloss: "the method's completeness error", value: error },
  ];
  return { entries, total: { name: "to baseline", value: total } };
}

/** What ⟨logits, gradient⟩ is, of which the ledger is: the dot product itself, of a cosine where its length is constant. */
const LINEAR: Record<string, string> = {
  dot: "dot product",
  cosine: "cosine's gradient · embedding",
  distance: "distance's gradient · logits",
  "log-probability": "gradient · logits",
  "softmax-contrast": "softmax-contrast",
};

/** A token's piece; where the vocabulary has none, the word of the text it stands for, then the piece: "wolf [UNK]". */
export const tokenName = (whole: string, { text, start, end, unknown }: Token): string =>
  unknown && start !== null && end !== null ? `${whole.slice(start, end)} ${text}` : text;

/** The marks of a text, and the tokens that are in none, in the order of their first tokens; of an image the tokens. */
function listed(
  { text, tokens, image }: Explanation | Attribution,
  marks: readonly Slice[],
  apart: readonly TokenRelevance[],
  by: By,
): Part[] {
  const alone = (token: TokenRelevance): Part => ({
    name: tokenName(text, token),
    tokens: [token],
    relevance: token.relevance,
  });
  if (image || by === "tokens") return tokens.map(alone);
  const at = new Map(tokens.map((token, i) => [token, i]));
  const named = marks.map(({ text: name, tokens: own, relevance }) =>
    own.length === 1 && own[0].unknown ? alone(own[0]) : { name, tokens: own, relevance },
  );
  return [...named, ...apart.map(alone)].sort((a, b) => at.get(a.tokens[0])! - at.get(b.tokens[0])!);
}

export const metaOf = (of: Record<"method" | "at" | "backend" | "model", string>): Summary["meta"] => [
  ["method", of.method],
  ["read at", of.at],
  ["backend", of.backend],
  ["model", of.model],
];

export function summarize(explanation: Explanation | Attribution, by: By = "words"): Summary {
  const { target, contrast, tokens } = explanation;
  const all = slices(explanation, by);
  const { entries, total } = account(explanation);
  const explained = "ledger" in explanation ? explanation.ledger.logit : explanation.logit;
  const value = "explained" in explanation ? [explanation.explained?.value ?? 0] : [];
  const number = numbers([
    ...value,
    ...tokens.map((t) => t.relevance),
    ...all.map((slice) => slice.relevance),
    ...entries.map(({ value }) => value),
    total.value,
  ]);
  const score = ({ probability, logit }: typeof target) =>
    `${probability === undefined ? "" : `${percent(probability)}, `}logit ${number(logit)}`;
  const marks = all.filter((slice) => slice.tokens.length);
  const placed = new Set(marks.flatMap((mark) => mark.tokens));
  const apart = tokens.filter((token) => (explanation.image ? token.special : !placed.has(token)));
  return {
    title: contrast ? `${target.label} minus ${contrast.label}` : target.label,
    score: contrast ? number(explained, "+") : score(target),
    classes: contrast ? [target, contrast].map((c) => `${c.label}: ${score(c)}`) : [],
    slices: all,
    ...(!explanation.text && !explanation.image && !explanation.cloud && { empty: "The text is empty." }),
    parts: listed(explanation, marks, apart, by),
    scale: explanation.image
      ? cellsOf(explanation).scale
      : marks.reduce((most, { relevance }) => Math.max(most, Math.abs(relevance)), 0),
    apart,
    entries,
    total,
    meta: metaOf(explanation),
    number,
    called: (token) => tokenName(explanation.text, token),
    sides: sidesOf(explanation),
    ...objectiveTitle(explanation, number),
  };
}
