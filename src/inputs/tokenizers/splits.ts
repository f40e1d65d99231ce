// Pre-tokenisers of tokenizer.json: each cuts aligned texts into aligned words.

import { type Aligned, prepended, replaced, slice } from "./aligned.ts";
import { bounded } from "./budget.ts";
import { BYTES } from "./bytes.ts";
import { count, flag, invalid, type Json, list, object, only, text as textOf } from "./fields.ts";
import { type Finder, literal, own, pattern } from "./patterns.ts";
import { PUNCTUATION as MARKS } from "./unicode.ts";

/** `shift` is by how much the text's offsets were moved. */
export type Split = (x: Aligned, shift: number) => Aligned[];

/** Where a text is cut: around each match, of which some are dropped, or joined with what is before or after them. */
const BEHAVIORS = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
type Behavior = (typeof BEHAVIORS)[number];

/** GPT-2's words, with white space as Unicode has it. */
const GPT2 = own(
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
);
/** Letters, marks, digits and what connects them: \w to Rust. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
const PUNCTUATION = own(MARKS);
const SPACE = own(/\p{White_Space}/gu);
const CHARS = own(/./gsu);

const kinds: Readonly<Record<string, (json: Json, field: string) => Split>> = {
  Sequence(json, field) {
    const all = list(json.pretokenizers, `${field}.pretokenizers`, 64).map((one, i) =>
      split(one, `${field}.pretokenizers[${i}]`),
    );
    return (x, shift) =>
      all.reduce(
        (words, by) => {
          let units = 0;
          return words.flatMap((word) => {
            const found = by(word, shift);
            for (const { text } of found) units += text.length;
            bounded(x.budget, units);
            return found;
          });
        },
        [x],
      );
  },
  ByteLevel(json, field) {
    const space = flag(json.add_prefix_space, `${field}.add_prefix_space`, true);
    const cut = flag(json.use_regex, `${field}.use_regex`, true) ? by(GPT2, "Isolated") : whole;
    return (x, shift) => {
      const y = space && x.text && !x.text.startsWith(" ") ? prepended(x, " ") : x;
      return cut(y, shift).map((word) => replaced(word, CHARS(word.text), byteLevel));
    };
  },
  Metaspace(json, field) {
    const mark = textOf(json.replacement ?? "▁", `${field}.replacement`);
    const old = flag(json.add_prefix_space, `${field}.add_prefix_space`, true) ? "always" : "never";
    const scheme = json.prepend_scheme ?? old;
    only(scheme, `${field}.prepend_scheme`, "always", "first", "never");
    const cut = flag(json.split, `${field}.split`, true) ? by(literal(mark), "MergedWithNext") : whole;
    return (x, shift) => {
      const y = replaced(x, literal(" ")(x.text), () => mark);
      const first = scheme === "always" || (scheme === "first" && x.origin === 0);
      return cut(first && y.text && !y.text.startsWith(mark) ? prepended(y, mark) : y, shift);
    };
  },
  Split(json, field) {
    only(json.behavior, `${field}.behavior`, ...BEHAVIORS);
    const invert = flag(json.invert, `${field}.invert`, false);
    return by(pattern(json.pattern, `${field}.pattern`), json.behavior as Behavior, invert);
  },
  Punctuation(json, field) {
    const behavior = json.behavior ?? "Isolated";
    only(behavior, `${field}.behavior`, ...BEHAVIORS);
    return by(PUNCTUATION, behavior as Behavior);
  },
  Digits(json, field) {
    return by(
      own(/\p{N}/gu),
      flag(json.individual_digits, `${field}.individual_digits`, false) ? "Isolated" : "Contiguous",
    );
  },
  Whitespace: () => by(own(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu")), "Removed", true),
  CharDelimiterSplit(json, field) {
    return by(literal(textOf(json.delimiter, `${field}.delimiter`)), "Removed");
  },
  FixedLength(json, field) {
    const length = count(json.length ?? 5, `${field}.length`, 2 ** 31 - 1);
    if (!length) throw invalid(`${field}.length`, "is 0");
    return (x, shift) => {
      const out: Aligned[] = [];
      for (let from = 0, to = 0; from < x.text.length; from = to) {
        for (let n = 0; n < length && to < x.text.length; n++) to += x.text.codePointAt(to)! > 0xffff ? 2 : 1;
        out.push(slice(x, from, to, shift));
      }
      return out;
    };
  },
  WhitespaceSplit: () => by(SPACE, "Removed"),
  BertPreTokenizer() {
    const [words, marks] = [by(SPACE, "Removed"), by(PUNCTUATION, "Isolated")];
    return (x, shift) => words(x, shift).flatMap((word) => marks(word, shift));
  },
};

const whole: Split = (x) => [x];

/** The pre-tokeniser that tokenizer.json describes; for null the text is one word. */
export function split(json: unknown, field = "pre_tokenizer"): Split {
  if (json == null) return whole;
  const it = object(json, field);
  only(it.type, `${field}.type`, ...Object.keys(kinds));
  return kinds[String(it.type)](it, field);
}

/** Cuts at what a pattern finds, or at what it does not find if `invert`. */
function by(found: Finder, behavior: Behavior, invert = false): Split {
  return (x, shift) => {
    const cuts: { from: number; to: number; hit: boolean }[] = [];
    let at = 0;
    const add = (to: number, hit: boolean) => {
      if (to > at) cuts.push({ from: at, to, hit });
      at = to;
    };
    for (const match of found(x.text, x.budget)) {
      const index = match.index ?? 0;
      add(index, invert);
      add(index + match[0].length, !invert);
    }
    add(x.text.length, invert);
    return joined(cuts, behavior).map(({ from, to }) => slice(x, from, to, shift));
  };
}

function joined(cuts: { from: number; to: number; hit: boolean }[], behavior: Behavior): typeof cuts {
  if (behavior === "Isolated") return cuts;
  if (behavior === "Removed") return cuts.filter(({ hit }) => !hit);
  const out: typeof cuts = [];
  for (const cut of cuts) {
    const last = out.at(-1);
    const joins =
      last &&
      (behavior === "Contiguous"
        ? last.hit === cut.hit
        : behavior === "MergedWithPrevious"
          ? cut.hit && !last.hit
          : last.hit && !cut.hit);
    if (!joins) {
      out.push({ ...cut });
      continue;
    }
    last.to = cut.to;
    if (behavior === "MergedWithPrevious") last.hit = true; // nothing more joins it
    if (behavior === "MergedWithNext") last.hit = false;
  }
  return out;
}

const encoder = new TextEncoder();

const byteLevel = (char: string) => Array.from(encoder.encode(char), (byte) => BYTES[byte]).join("");
