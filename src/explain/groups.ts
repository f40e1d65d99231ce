// Relevance by parts of the text: words, sentences, spans.

import { quote, RelpropError } from "../errors.ts";
import { segmented } from "../inputs/segments.ts";
import type { Explanation, GroupRelevance } from "./explanation.ts";
import type { Groups, Span } from "./options.ts";

/** Relevance by parts of the text. @internal */
export function grouped(
  explanation: Pick<Explanation, "text" | "tokens" | "messages">,
  groups: Groups,
): Explanation["groups"] {
  if (groups === "messages") return byMessages(explanation);
  const { text, tokens } = explanation;
  const begin = (j: number) => tokens[j].start ?? -1;
  const placed = [...tokens.keys()].filter((j) => begin(j) >= 0).sort((a, b) => begin(a) - begin(b));
  const after = (at: number) => lowerBound(placed.length, (k) => begin(placed[k]) >= at);
  const wanted = typeof groups === "string" ? segments(text, groups) : groups;
  const inAny = new Set<number>();
  const spans: GroupRelevance[] = [];
  for (const span of wanted) {
    const { start, end } = checked(span, text.length);
    const own = placed.slice(after(start), after(end)).sort((a, b) => a - b);
    if (!own.length && typeof groups === "string") continue; // white space
    for (const j of own) inAny.add(j);
    const relevance = own.reduce((sum, j) => sum + tokens[j].relevance, 0);
    spans.push({ text: text.slice(start, end), start, end, relevance, tokens: own });
  }
  const rest = tokens.reduce((sum, { relevance }, j) => sum + (inAny.has(j) ? 0 : relevance), 0);
  return { spans, rest };
}

/** Relevance by messages, of all tokens that are at least in part in what they say. */
function byMessages({ text, tokens, messages }: Parameters<typeof grouped>[0]): Explanation["groups"] {
  if (!messages) {
    const message = `groups "messages" are of { messages }, and the chat template must leave their content unchanged`;
    throw new RelpropError("InvalidOption", message);
  }
  const free = new Set(tokens.keys());
  const sum = (own: Iterable<number>) => [...own].reduce((sum, j) => sum + tokens[j].relevance, 0);
  const spans = messages.map((span): GroupRelevance => {
    const { start, end, role, message } = span;
    const within = (at: (typeof tokens)[number]) => at.start !== null && at.start < end && start < at.end;
    const own = [...free].filter((j) => within(tokens[j]));
    for (const j of own) free.delete(j);
    return { role, message, text: text.slice(start, end), start, end, relevance: sum(own), tokens: own };
  });
  return { spans, rest: sum(free) };
}

/** The lowest number below `n` that fits, if all above it do; `n` if none does. */
function lowerBound(n: number, fits: (k: number) => boolean): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As Unicode divides text (UAX 29). */
function segments(text: string, groups: "words" | "sentences"): Span[] {
  const granularity = groups === "words" ? "word" : "sentence";
  if (!globalThis.Intl?.Segmenter) {
    throw new RelpropError("InvalidOption", `this runtime has no Intl.Segmenter to find ${groups}; pass spans`);
  }
  const found = segmented(new Intl.Segmenter(undefined, { granularity }), text);
  return Array.from(found, ({ index, segment }) => ({ start: index, end: index + segment.length }));
}

function checked(span: Span, length: number): Span {
  if (span.start < span.end && span.end <= length) return span;
  throw new RelpropError(
    "InvalidOption",
    `${quote(span)} is not a span { start, end } of a text of ${length} characters`,
  );
}
