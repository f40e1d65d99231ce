// Patterns of tokenizer.json: literals, or regular expressions in Oniguruma's dialect.

import type { Match } from "./aligned.ts";
import { object, text } from "./fields.ts";
import { type Finder, regex } from "./regex.ts";

export type { Finder };

export function pattern(json: unknown, field: string): Finder {
  const it = object(json, field);
  if (typeof it.String === "string") return literal(it.String);
  return regex(text(it.Regex, `${field}.Regex`), `${field}.Regex`);
}

/** A pattern that finds a text as it is written. */
export const literal = (wanted: string) =>
  function* (text: string): Iterable<Match> {
    if (!wanted) return;
    for (let index = text.indexOf(wanted); index >= 0; index = text.indexOf(wanted, index + wanted.length)) {
      yield { 0: wanted, index };
    }
  };

/** One of JavaScript's, of ours alone: those of files might never end. */
export const own = (found: RegExp) => (text: string) => text.matchAll(found) as Iterable<Match>;
