// The user's text cut into marks and what lies between them, and broken into lines of terminal cells.

import type { Explanation, TokenRelevance } from "../explain/explanation.ts";
import { segmented } from "../inputs/segments.ts";
import type { By } from "./options.ts";
import { characters, spans } from "./spans.ts";
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

const MOST_UNREAD = 400; // UTF-16 units that are shown although no token was read from them

/**
 * The text, in order and once, whatever the offsets; tokens with invalid offsets have no slice. Of a long stretch
 * that no token was read from there is the beginning, and how much more there is.
 */
export function slices(explanation: Pick<Explanation, "text" | "tokens" | "groups">, by: By = "words"): Slice[] {
  const { text } = explanation;
  const all: Slice[] = [];
  const unread = (from: number, to: number) => {
    if (from >= to) return;
    const most = to - from > MOST_UNREAD ? MOST_UNREAD / 2 : to - from;
    const end = from + whole(text.slice(from, to), most);
    if (from < end) all.push(slice(text.slice(from, end)));
    if (end < to) all.push(slice(` … [${to - end} more characters, not read] `));
  };
  let at = 0;
  for (const { start, end, tokens } of spans(explanation, by)) {
    unread(at, start);
    all.push(slice(text.slice(start, end), tokens));
    at = end;
  }
  unread(at, text.length);
  return all;
}

/** The end of the last character that ends within so many UTF-16 units. */
function whole(text: string, most: number): number {
  if (most >= text.length) return text.length;
  let end = 0;
  for (const { index } of segmented(characters, text)) {
    if (index > most) break;
    end = index;
  }
  return end;
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
