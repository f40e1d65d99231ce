// Patterns of tokenizer.json: literals, or regular expressions in Oniguruma's dialect, which the library translates.

import * as library from "@huggingface/tokenizers";
import { invalid, object, text } from "./fields.ts";

/** The library exports it, but its types lose it under nodenext. */
interface Library {
  SplitPreTokenizer: new (config: object) => { pattern: RegExp };
}

const MOST = 4096; // characters of a pattern

/** A global pattern, in which \s means what Unicode calls white space. */
export function pattern(json: unknown, field: string): RegExp {
  const it = object(json, field);
  if (typeof it.String === "string") return literal(it.String);
  const source = text(it.Regex, `${field}.Regex`, MOST);
  try {
    const { pattern } = new (library as unknown as Library).SplitPreTokenizer({ pattern: { Regex: source } });
    return new RegExp(spaces(pattern.source), pattern.flags);
  } catch {
    throw invalid(field, "is no regular expression that JavaScript understands");
  }
}

/** A pattern that finds a text as it is written. */
export const literal = (found: string): RegExp => new RegExp(found.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"), "gu");

/** White space as Unicode and Rust have it, which JavaScript's \s is not: U+0085 is one, U+FEFF is none. */
const spaces = (source: string) =>
  source.replace(/\\./gs, (pair) => ({ "\\s": "\\p{White_Space}", "\\S": "\\P{White_Space}" })[pair] ?? pair);
