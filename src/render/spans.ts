// Which stretches of the user's text are one mark: a word's, a token's or a group's. Borders lie between what a reader sees
// as characters: tokens that share one (the bytes of an emoji, a letter and its accent) share a span, and relevance being
// additive, the span has their sum.

import { RelpropError } from "../errors.ts";
import type { Explanation, TokenRelevance } from "../explain/explanation.ts";
import { segmented } from "../inputs/segments.ts";
import type { By } from "./options.ts";

/** A stretch of the user's text, in UTF-16 offsets, and the tokens read from it. */
export interface TextSpan {
  start: number;
  end: number;
  tokens: TokenRelevance[];
}

export const characters = /* @__PURE__ */ new Intl.Segmenter("en", { granularity: "grapheme" });
const words = /* @__PURE__ */ new Intl.Segmenter("en", { granularity: "word" });

type Marked = Pick<Explanation, "text" | "tokens" | "groups">;

/** The spans in order and apart; tokens with invalid offsets are in none. */
export function spans({ text, tokens, groups }: Marked, by: By): TextSpan[] {
  const whole = borders(characters, text);
  if (by === "groups") {
    if (groups)
      return apart(
        text,
        groups.spans.map(({ tokens: own, ...span }) => ({ ...span, tokens: own.map((j) => tokens[j]) })),
        whole,
      );
    const message = 'by: "groups" needs an explanation with groups: explain(text, { groups: "sentences" })';
    throw new RelpropError("InvalidOption", message);
  }
  const read = tokens.flatMap((token) =>
    token.start === null ? [] : { start: token.start, end: token.end, tokens: [token] },
  );
  const found = apart(text, read, whole);
  return by === "words" ? ofWords(text, found) : found;
}

/** 1 where a segment begins, and at the end. */
function borders(segmenter: Intl.Segmenter, text: string): Uint8Array {
  const border = new Uint8Array(text.length + 1).fill(1, text.length);
  for (const { index } of segmented(segmenter, text)) border[index] = 1;
  return border;
}

/** Spans that overlap, once they reach whole characters, as one. */
function apart(text: string, all: readonly TextSpan[], whole: Uint8Array): TextSpan[] {
  const inText = (n: number) => Number.isInteger(n) && n >= 0 && n <= text.length;
  const placed = all.filter(({ start, end }) => inText(start) && inText(end) && start < end);
  const found: TextSpan[] = [];
  for (const span of placed.sort((a, b) => a.start - b.start)) {
    let { start, end } = span;
    while (!whole[start]) start--;
    while (!whole[end]) end++;
    const last = found.at(-1);
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      last.tokens = [...new Set([...last.tokens, ...span.tokens])];
    } else found.push({ start, end, tokens: span.tokens });
  }
  return found;
}

/** The spans of each word together, as Unicode divides text (UAX 29), without the spaces that some tokens begin with. */
function ofWords(text: string, pieces: readonly TextSpan[]): TextSpan[] {
  const border = borders(words, text);
  const found: TextSpan[] = [];
  for (const { start, end, tokens } of pieces) {
    const inner = text.slice(start, end).trim();
    const from = inner ? text.indexOf(inner, start) : start;
    const to = inner ? from + inner.length : end;
    const last = found.at(-1);
    let at = last ? last.end : from;
    while (last && at <= from && !border[at]) at++;
    if (last && at > from) {
      last.end = to;
      last.tokens.push(...tokens);
    } else found.push({ start: from, end: to, tokens: [...tokens] });
  }
  return found;
}
