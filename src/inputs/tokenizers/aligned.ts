// A text on its way to tokens. Each of its UTF-16 units keeps its offset in the user's text. Whatever is
// done to it, offsets are right by construction rather than found again afterwards.

import { type Budget, bounded, budget as budgeted } from "./budget.ts";

export interface Aligned {
  text: string;
  /** Of each unit, where what it came from starts and ends; alike for what was put in, which came from nothing. */
  starts: number[];
  ends: number[];
  /** Where in its text it begins, before anything was dropped or put in. */
  origin: number;
  /** The same once it is cut, if not where its first unit is from. */
  opening?: number;
  /** What is left for the text that it is part of. */
  budget: Budget;
}

/** A stretch of a text: what a regular expression finds. */
export interface Match {
  readonly index?: number;
  readonly 0: string;
}

/** text[from, to), its offsets moved by `shift`; both halves of a surrogate pair have the pair's range. */
export function aligned(
  text: string,
  from: number,
  to: number,
  shift: number,
  budget: Budget = budgeted(to - from),
): Aligned {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = from, next: number; i < to; i = next) {
    next = i + (text.codePointAt(i)! > 0xffff && i + 1 < to ? 2 : 1);
    for (let k = i; k < next; k++) {
      starts.push(shift + i);
      ends.push(shift + next);
    }
  }
  // Half a surrogate pair is read as TextEncoder would.
  return {
    text: text.slice(from, to).replace(/\p{Cs}/gu, "\ufffd"),
    starts,
    ends,
    origin: from,
    budget,
  };
}

/** Units [from, to) of a text with offsets moved by `shift`. */
export const slice = (
  { text, starts, ends, opening, budget }: Aligned,
  from: number,
  to: number,
  shift: number,
): Aligned => ({
  text: text.slice(from, to),
  starts: starts.slice(from, to),
  ends: ends.slice(from, to),
  origin: from === 0 && opening !== undefined ? opening : (starts[from] ?? shift) - shift,
  ...(from === 0 && opening !== undefined && { opening }),
  budget,
});

/** Each match becomes what `by` says, all of it from where the match came from. */
export function replaced(x: Aligned, matches: Iterable<Match>, by: (match: string) => string): Aligned {
  let text = "";
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  const keep = (to: number) => {
    text += x.text.slice(at, to);
    for (; at < to; at++) {
      starts.push(x.starts[at]);
      ends.push(x.ends[at]);
    }
  };
  let changed = false;
  for (const { 0: found, index = 0 } of matches) {
    const made = by(found);
    if (made === found) continue;
    changed = true;
    keep(index);
    bounded(x.budget, text.length + made.length);
    const end = index + found.length;
    const [from, to] = range(x, index, end);
    for (let k = 0; k < made.length; k++) {
      starts.push(from);
      ends.push(to);
    }
    text += made;
    at = end;
  }
  if (!changed) return x;
  keep(x.text.length);
  return { ...x, text, starts, ends };
}

/** With `more` put before it, which came from nothing. */
export function prepended(x: Aligned, more: string): Aligned {
  bounded(x.budget, more.length + x.text.length);
  const none = Array<number>(more.length).fill(x.starts[0] ?? 0);
  return { ...x, text: more + x.text, starts: [...none, ...x.starts], ends: [...none, ...x.ends] };
}

/** What units [from, to) came from; where that is nothing, the place between their neighbours. */
export function range({ starts, ends }: Aligned, from: number, to: number): [start: number, end: number] {
  let [start, end] = [Number.POSITIVE_INFINITY, -1];
  for (let i = from; i < to; i++) {
    if (starts[i] === ends[i]) continue;
    start = Math.min(start, starts[i]);
    end = Math.max(end, ends[i]);
  }
  if (end >= 0) return [start, end];
  const at = starts[from] ?? ends[from - 1] ?? 0;
  return [at, at];
}
