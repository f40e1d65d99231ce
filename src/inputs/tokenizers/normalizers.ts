// Normalisers of tokenizer.json, each from aligned text to aligned text. They go by character or by what Unicode normalises
// together, as the Rust tokenizers do.

import { type Aligned, prepended, replaced, slice } from "./aligned.ts";
import { isIdeograph, SPACE } from "./bert_words.ts";
import { BYTES } from "./bytes.ts";
import { ordered } from "./canonical.ts";
import { type Json, list, object, only, text as textOf } from "./fields.ts";
import { type Finder, own, pattern } from "./patterns.ts";
import { precompiled } from "./precompiled.ts";
import { ACCENTS, DROPPED } from "./unicode.ts";
import { bertNormalizer } from "./vocabulary.ts";

/** `shift` is by how much the text's offsets were moved. */
export type Normalize = (x: Aligned, shift: number) => Aligned;

/** A character and what may join it when Unicode composes or decomposes: marks, jamo, and half-width voice marks and jamo. */
const TOGETHER = own(/.[\p{M}\u1160-\u11ff\uff9e\uff9f\uffa0-\uffdc]*/gsu);

const EACH = own(/./gsu);

/** All but what is decomposable only to newer Unicode: see unicode.ts. */
const DIVISIBLE =
  /[^\u{32ff}\u{a7f1}-\u{a7f4}\u{ab69}\u{105c9}-\u{107ba}\u{11383}-\u{113c8}\u{11938}-\u{1ccf9}\u{1e030}-\u{1e06d}\u{1f16c}\u{1fbf0}-\u{1fbf9}]+/gu;

/** A normalization form of a character and what may join it. */
function formed(chars: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  return chars.replace(DIVISIBLE, (known) => {
    if (known.length <= MANY) return known.normalize(form);
    const apart = form.includes("K") ? "NFKD" : "NFD";
    return ordered(Array.from(known, (char) => char.normalize(apart)).join("")).normalize(form);
  });
}

/** Units of what is normalized together from which on its marks are sorted before. */
const MANY = 256;

/** Marks of Unicode 10, as the Rust tokenizers know them: see unicode.ts. */
const MARKS =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: these are characters of their own
  /[\u{1cf2}-\u{1cf3}]|(?![\u{7fd}\u{897}-\u{8d3}\u{9fe}\u{afa}-\u{aff}\u{b55}\u{c04}-\u{c3c}\u{cf3}-\u{d00}\u{d3b}-\u{d3c}\u{d81}\u{eba}\u{ece}\u{1715}\u{180f}\u{1abf}-\u{1aeb}\u{1cf7}\u{1df6}-\u{1dfa}\u{a82c}\u{a8ff}\u{10d24}-\u{10f85}\u{11070}-\u{11074}\u{110c2}\u{11145}-\u{11146}\u{111c9}\u{111ce}-\u{111cf}\u{11241}\u{1133b}\u{113b8}-\u{113e2}\u{1145e}\u{1182c}-\u{11b67}\u{11d31}-\u{1612f}\u{16f4f}\u{16f7f}-\u{16f87}\u{16fe4}-\u{16ff1}\u{1cf00}-\u{1cf46}\u{1e08f}-\u{1e6f5}])\p{M}/gu;

const each =
  (found: Finder, by: (match: string) => string): Normalize =>
  (x) =>
    replaced(x, found(x.text, x.budget), by);

const form = (name: "NFC" | "NFD" | "NFKC" | "NFKD") => () => each(TOGETHER, (chars) => formed(chars, name));

const kinds: Readonly<Record<string, (json: Json, field: string) => Normalize>> = {
  NFC: form("NFC"),
  NFD: form("NFD"),
  NFKC: form("NFKC"),
  NFKD: form("NFKD"),
  Sequence(json, field) {
    const all = list(json.normalizers, `${field}.normalizers`, 64).map((one, i) =>
      normalizer(one, `${field}.normalizers[${i}]`),
    );
    return (x, shift) => all.reduce((y, f) => f(y, shift), x);
  },
  Lowercase: () => each(EACH, (char) => char.toLowerCase()), // each alone, or a Σ that ends a word becomes ς
  StripAccents: () => each(own(MARKS), () => ""),
  Strip({ strip_left, strip_right }) {
    return (x, shift) => {
      const from = strip_left === false ? 0 : x.text.length - x.text.replace(/^\p{White_Space}+/u, "").length;
      const to = strip_right === false ? x.text.length : trimmedEnd(x.text);
      return from || to < x.text.length ? { ...slice(x, from, Math.max(from, to), shift), origin: x.origin } : x;
    };
  },
  Prepend(json, field) {
    const more = textOf(json.prepend, `${field}.prepend`);
    return (x) => (x.text ? prepended(x, more) : x);
  },
  Replace(json, field) {
    const content = textOf(json.content, `${field}.content`);
    return each(pattern(json.pattern, `${field}.pattern`), () => content);
  },
  Nmt() {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it drops
    const drop = each(own(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/gu), () => "");
    const blank = each(own(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu), () => " ");
    return (x, shift) => blank(drop(x, shift), shift);
  },
  BertNormalizer(json, field) {
    const { clean_text, handle_chinese_chars, strip_accents, lowercase } = bertNormalizer(json, field);
    const steps: Normalize[] = [];
    if (clean_text) {
      steps.push(each(EACH, (char) => (DROPPED.test(char) ? "" : SPACE.test(char) ? " " : char)));
    }
    if (handle_chinese_chars)
      steps.push(each(EACH, (char) => (isIdeograph(char.codePointAt(0)!) ? ` ${char} ` : char)));
    if (strip_accents)
      steps.push(
        each(TOGETHER, (chars) => formed(chars, "NFD")),
        each(own(ACCENTS), () => ""),
      );
    if (lowercase) steps.push(each(EACH, (char) => char.toLowerCase()));
    return (x, shift) => steps.reduce((y, step) => step(y, shift), x);
  },
  ByteLevel: () => each(EACH, (char) => Array.from(encoder.encode(char), (byte) => BYTES[byte]).join("")),
  Precompiled: (json, field) => precompiled(json.precompiled_charsmap, `${field}.precompiled_charsmap`),
};

const encoder = new TextEncoder();

/** The normaliser that tokenizer.json describes; none for null. */
export function normalizer(json: unknown, field = "normalizer"): Normalize {
  if (json == null) return (x) => x;
  const it = object(json, field);
  only(it.type, `${field}.type`, ...Object.keys(kinds));
  return kinds[String(it.type)](it, field);
}

/** Where the white space that ends a text begins. (A pattern anchored at the end would be tried from every space.) */
function trimmedEnd(text: string): number {
  let to = text.length;
  while (to > 0 && /\p{White_Space}/u.test(text[to - 1])) to--;
  return to;
}
