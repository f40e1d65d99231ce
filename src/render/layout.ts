// The user's text cut into the slices its tokens were read from, and broken into lines of terminal cells.
// Cuts fall between what a reader sees as characters: tokens that share one (the bytes of an emoji, a letter and its
// accent) share a slice, and relevance being additive, the slice shows their sum.

import type { Explanation, TokenRelevance } from "../explain/explanation.ts";
import { segmented } from "../inputs/segments.ts";
import { visible } from "./text.ts";

/** A stretch of the user's text and the tokens read from it; none for what lies between tokens. */
export interface Slice {
  text: string;
  tokens: TokenRelevance[];
  relevance: number;
}

/** A part of one line: visible text of one slice and its width in cells. */
export interface Run {
  text: string;
  width: number;
  slice: Slice;
}

export const characters = /* @__PURE__ */ new Intl.Segmenter("en", { granularity: "grapheme" });

const MOST_UNREAD = 400; // UTF-16 units that are shown although no token was read from them

/**
 * The text, in order and once, whatever the offsets; tokens with invalid offsets have no slice. Of a long stretch
 * that no token was read from there is the beginning, and how much more there is.
 */
export function slices({ text, tokens }: Pick<Explanation, "text" | "tokens">): Slice[] {
  const boundary = new Uint8Array(text.length + 1).fill(1, text.length);
  for (const { index } of segmented(characters, text)) boundary[index] = 1;

  const inText = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= text.length;
  const spans: { start: number; end: number; tokens: TokenRelevance[] }[] = [];
  const placed = tokens.filter(({ start, end }) => inText(start) && inText(end) && start! < end!);
  for (const token of placed.sort((a, b) => a.start! - b.start!)) {
    let start = token.start!;
    let end = token.end!;
    while (!boundary[start]) start--;
    while (!boundary[end]) end++;
    const last = spans.at(-1);
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      last.tokens.push(token);
    } else spans.push({ start, end, tokens: [token] });
  }

  const all: Slice[] = [];
  const unread = (from: number, to: number) => {
    if (from >= to) return;
    let end = to - from > MOST_UNREAD ? from + MOST_UNREAD / 2 : to;
    while (!boundary[end]) end--;
    if (from < end) all.push(slice(text.slice(from, end)));
    if (end < to) all.push(slice(` … [${to - end} more characters, not read] `));
  };
  let at = 0;
  for (const { start, end, tokens } of spans) {
    unread(at, start);
    all.push(slice(text.slice(start, end), tokens));
    at = end;
  }
  unread(at, text.length);
  return all;
}

/** Text that no token was read from, so that sentences of our own can be laid out too. */
export function slice(text: string, tokens: TokenRelevance[] = []): Slice {
  return { text, tokens, relevance: tokens.reduce((sum, { relevance }) => sum + relevance, 0) };
}

/** Breaks after spaces, around wide characters, and within a word only where it is longer than a line. */
export function wrap(slices: readonly Slice[], columns: number): Run[][] {
  const lines: Run[][] = [];
  let line: Run[] = [];
  let used = 0;
  const flush = (count: number) => {
    lines.push(merge(line.slice(0, count)));
    line = line.slice(count);
    used = line.reduce((sum, { width }) => sum + width, 0);
  };
  for (const slice of slices) {
    for (const { segment: text } of segmented(characters, visible(slice.text, "↵\n"))) {
      const width = cells(text);
      if (text === "\n") flush(line.length);
      else if (text === " " && used === columns) flush(line.length);
      else {
        if (used + width > columns) flush(width < 2 ? afterWord(line) : line.length);
        line.push({ text, width, slice });
        used += width;
      }
    }
  }
  flush(line.length);
  return lines;
}

/** How many cells a terminal gives a character: two in East Asia and for emoji, none for a lone accent. */
export function cells(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

const wide =
  /\p{Emoji_Presentation}|[\ufe0f\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;

/** The number of runs up to the last place where a line may end. */
function afterWord(line: readonly Run[]): number {
  let at = line.length;
  while (at > 0 && line[at - 1]!.text !== " " && line[at - 1]!.width < 2) at--;
  return at || line.length;
}

function merge(runs: readonly Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged.at(-1);
    if (last?.slice === run.slice) {
      last.text += run.text;
      last.width += run.width;
    } else merged.push({ ...run });
  }
  return merged;
}
