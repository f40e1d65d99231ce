// What characters the classes, properties and edges of Oniguruma's regular expressions stand for.

/** Whether a set has a character. */
export type Has = (code: number) => boolean;

export const property = (source: string): Has => {
  const found = new RegExp(source, "u");
  return (code) => found.test(String.fromCodePoint(code));
};

export const range =
  (from: number, to = from): Has =>
  (code) =>
    code >= from && code <= to;
export const any =
  (...all: Has[]): Has =>
  (code) =>
    all.some((has) => has(code));
export const not =
  (has: Has): Has =>
  (code) =>
    !has(code);

const SPACE = property("\\p{White_Space}");
const DIGIT = property("\\p{Nd}");
/** Outside of brackets Oniguruma also takes superscripts and fractions of Latin-1 for parts of words. */
const WORD = property("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be]");
const HEX = property("[0-9a-fA-F]");
export const CLASSES: Readonly<Record<string, Has>> = {
  s: SPACE,
  S: not(SPACE),
  d: DIGIT,
  D: not(DIGIT),
  w: WORD,
  W: not(WORD),
  h: HEX,
  H: not(HEX),
};
export const POSIX: Readonly<Record<string, Has>> = {
  alpha: property("\\p{Alphabetic}"),
  alnum: property("[\\p{Alphabetic}\\p{Nd}]"),
  digit: DIGIT,
  lower: property("\\p{Lowercase}"),
  upper: property("\\p{Uppercase}"),
  punct: property("[\\p{P}$+<=>^`|~]"),
  space: SPACE,
  word: property("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]"),
  xdigit: HEX,
  ascii: range(0, 0x7f),
  cntrl: property("[\\p{Cc}]"),
};
export const CHARS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 };

/** Sets are asked for the same characters again and again. */
export function remembered(has: Has): Has {
  const known = new Uint8Array(0x10000);
  return (code) => {
    if (code > 0xffff) return has(code);
    known[code] ||= has(code) ? 2 : 1;
    return known[code] === 2;
  };
}

/** Upper and lower case alike. */
export const caseless =
  (has: Has): Has =>
  (code) => {
    if (has(code)) return true;
    const char = String.fromCodePoint(code);
    const upper = char.toUpperCase();
    return [upper, char.toLowerCase(), upper.toLowerCase()].some(
      (one) => [...one].length === 1 && has(one.codePointAt(0)!),
    );
  };

const inWord = (text: string, at: number): boolean => {
  const before = text.charCodeAt(at - 1);
  const start = before >= 0xdc00 && before < 0xe000 && at > 1 ? at - 2 : at - 1;
  return at > 0 && WORD(text.codePointAt(start)!);
};
const boundary = (text: string, at: number) => inWord(text, at) !== (at < text.length && WORD(text.codePointAt(at)!));
export const EDGES: Readonly<Record<string, (text: string, at: number) => boolean>> = {
  b: boundary,
  B: (text, at) => !boundary(text, at),
  A: (_, at) => at === 0,
  z: (text, at) => at === text.length,
  Z: (text, at) => at === text.length || (at === text.length - 1 && text[at] === "\n"),
};
