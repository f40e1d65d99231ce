// BERT's words: BertNormalizer and BertPreTokenizer as one walk over the text, a code point at a time. That is how the
// Rust tokenizers work (the JavaScript library works on whole strings, so a final Σ and ideographs beyond U+FFFF come out
// differently), and it lets every unit of a word remember which characters of the user's text it came from.

import { ACCENTS, DROPPED, PUNCTUATION } from "./unicode.ts";

/** The most that a model's max_input_chars_per_word may be. */
export const MAX_CHARS = 1000;

/** A BertNormalizer as tokenizer.json spells it, with `strip_accents: null` resolved. */
export interface Normalizer {
  clean_text: boolean;
  handle_chinese_chars: boolean;
  strip_accents: boolean;
  lowercase: boolean;
}

/** Takes a word and, for each of its UTF-16 units, the range of the text it came from (the arrays are reused). */
export type TakeWord = (word: string, starts: readonly number[], ends: readonly number[]) => void;

/** What becomes of a character. */
interface Char {
  /** Nothing where it is dropped, several characters where Unicode decomposes it: 한 is ᄒ ᅡ ᆫ. */
  parts: { text: string; space: boolean; alone: boolean }[];
  /** It is drawn with the character before it: when dropped, it widens that one's range. */
  attached: boolean;
}

/** Past this length a word is [UNK] to every model we read, and nothing but its end still matters. */
const MAX_UNITS = 2 * MAX_CHARS;

export const SPACE = /\p{White_Space}/u;
const ATTACHED = /[\p{Mn}\p{Cf}]/u;

/** A function that calls `take` for each word of text[from, to). */
export function wordsOf(normalizer: Normalizer) {
  const memo = new Map<number, Char>();
  const read = (code: number): Char => {
    const known = memo.get(code);
    if (known) return known;
    const char = describe(code, normalizer);
    if (memo.size === 10_000) memo.clear(); // texts choose what is in it
    memo.set(code, char);
    return char;
  };

  return (text: string, from: number, to: number, take: TakeWord): void => {
    const starts: number[] = [];
    const ends: number[] = [];
    let word = "";
    let closed = false; // the word is a punctuation mark or an ideograph: nothing joins it

    const flush = () => {
      if (word) take(word, starts, ends);
      word = "";
    };

    for (let i = from, next: number; i < to; i = next) {
      const code = text.codePointAt(i)!;
      next = code > 0xffff ? i + 2 : i + 1;
      const { parts, attached } = read(code);
      if (attached && parts.length === 0 && word && ends[word.length - 1] === i) ends[word.length - 1] = next;
      for (const part of parts) {
        if (part.space || part.alone || closed) flush();
        closed = part.alone;
        if (part.space) continue;
        if (word.length > MAX_UNITS) {
          ends[word.length - 1] = next;
          continue;
        }
        for (let k = 0; k < part.text.length; k++) {
          starts[word.length + k] = i;
          ends[word.length + k] = next;
        }
        word += part.text;
      }
    }
    flush();
  };
}

function describe(code: number, { clean_text, strip_accents, lowercase, handle_chinese_chars }: Normalizer): Char {
  // Half a surrogate pair is read as TextEncoder would.
  const char = code >= 0xd800 && code < 0xe000 ? "\ufffd" : String.fromCodePoint(code);
  let text = clean_text && DROPPED.test(char) ? "" : char;
  if (strip_accents) text = text.normalize("NFD").replace(ACCENTS, "");
  const parts = [...text].map((part) => ({
    // Character by character: toLowerCase() turns a Σ that ends a longer string into ς.
    text: lowercase ? part.toLowerCase() : part,
    space: SPACE.test(part),
    alone: part.search(PUNCTUATION) === 0 || (handle_chinese_chars && isIdeograph(code)),
  }));
  return { parts, attached: ATTACHED.test(char) };
}

/** What BERT calls a Chinese character; the reference leaves out U+2B820 to U+2B91F, and so must we. */
export const isIdeograph = (code: number) =>
  code >= 0x3400 &&
  (code <= 0x4dbf ||
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x20000 && code <= 0x2a6df) ||
    (code >= 0x2a700 && code <= 0x2b81f) ||
    (code >= 0x2b920 && code <= 0x2ceaf) ||
    (code >= 0x2f800 && code <= 0x2fa1f));
