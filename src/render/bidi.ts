// Which way text runs, for a figure that must place its words itself: two levels of the Unicode bidirectional algorithm
// (UAX 9) by whole runs. Browsers and terminals that lay out text do the real thing.

import type { Run } from "./layout.ts";

export type Direction = "ltr" | "rtl";

const rtl = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** The direction of text that has one: punctuation and spaces have none. */
export function direction(text: string): Direction | undefined {
  return rtl.test(text) ? "rtl" : /[\p{L}\p{N}]/u.test(text) ? "ltr" : undefined;
}

/** A line's runs from left to right. Runs of one direction keep together; one without goes with its neighbours, or with
 * the paragraph where they differ. */
export function asRead(line: readonly Run[], paragraph: Direction): Run[] {
  const own = line.map(({ text }) => direction(text));
  const groups: { way: Direction; runs: Run[] }[] = [];
  let before = paragraph;
  line.forEach((run, i) => {
    before = own[i] ?? before;
    const after = own.slice(i).find((way) => way) ?? paragraph;
    const way = before === after ? before : paragraph;
    if (groups.at(-1)?.way !== way) groups.push({ way, runs: [] });
    groups.at(-1)!.runs.push(run);
  });
  if (paragraph === "rtl") groups.reverse();
  return groups.flatMap(({ way, runs }) => (way === "rtl" ? runs.reverse() : runs));
}
