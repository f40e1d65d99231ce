// BERT's words: BertNormalizer and BertPreTokenizer as one walk over the text, a code point at a time. That is how the
// Rust tokenizers work (the JavaScript library works on whole strings, so a final Σ and ideographs beyond U+FFFF come out
// differently), and it is what lets every unit of a word remember which characters of the user's text it came from.

/** tokenizer.json's BertNormalizer, with `strip_accents: null` resolved. */
export interface Rules {
  clean_text: boolean;
  handle_chinese_chars: boolean;
  strip_accents: boolean;
  lowercase: boolean;
}

/** Takes a word and, for each of its UTF-16 units, the range of the text it came from; the arrays are reused. */
export type TakeWord = (word: string, starts: readonly number[], ends: readonly number[]) => void;

// Category Cn stays, although the Rust source's comment says otherwise.
const OTHER = /[\p{Cc}\p{Cf}\p{Co}]/u;
const SPACE = /\p{White_Space}/u;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/u;
const NONSPACING = /\p{Mn}/gu;
const ATTACHED = /[\p{Mn}\p{Cf}]/u;

/** Calls `take` for each word of text[from, to). */
export function words(text: string, from: number, to: number, rules: Rules, take: TakeWord): void {
  const starts: number[] = [];
  const ends: number[] = [];
  let word = "";
  let closed = false; // the word is a punctuation mark or an ideograph: nothing joins it

  function flush() {
    if (word) take(word, starts, ends);
    word = "";
    starts.length = ends.length = 0;
  }

  for (let i = from, j: number; i < to; i = j) {
    let code = text.codePointAt(i)!;
    j = i + (code > 0xffff ? 2 : 1);
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd; // half a pair: what a TextEncoder would make of it
    const char = String.fromCodePoint(code);
    const normal = normalize(char, code, rules);
    // A mark or joiner that vanishes is still drawn with the character before it, so it widens that one's range.
    if (!normal && ends.at(-1) === i && ATTACHED.test(char)) ends[ends.length - 1] = j;
    for (const unit of normal) {
      if (SPACE.test(unit)) {
        flush();
        continue;
      }
      const alone = (rules.handle_chinese_chars && isIdeograph(code)) || PUNCTUATION.test(unit);
      if (alone || closed) flush();
      closed = alone;
      word += unit;
      for (let k = 0; k < unit.length; k++) {
        starts.push(i);
        ends.push(j);
      }
    }
  }
  flush();
}

/** What becomes of one character: "" where it is dropped, several where Unicode decomposes it (한 → ᄒ ᅡ ᆫ). */
function normalize(char: string, code: number, rules: Rules): string {
  if (code > 0x60 && code < 0x7b) return char;
  let normal = char;
  if (rules.clean_text) {
    if (SPACE.test(char) && !(code > 0xa && code < 0xd) && code !== 0x85) return " ";
    if (code === 0xfffd || OTHER.test(char)) return "";
  }
  if (rules.strip_accents && code > 0x7f) normal = normal.normalize("NFD").replace(NONSPACING, "");
  // Character by character, for toLowerCase() turns a Σ that ends a word into ς.
  if (rules.lowercase) normal = normal.length > 1 ? Array.from(normal, lower).join("") : lower(normal);
  return normal;
}

const lower = (char: string) => char.toLowerCase();

/** The blocks BERT calls Chinese. It leaves a gap before U+2B920 where Extension E begins; we keep its gap. */
const isIdeograph = (code: number) =>
  code >= 0x3400 &&
  (code <= 0x4dbf ||
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x20000 && code <= 0x2a6df) ||
    (code >= 0x2a700 && code <= 0x2b81f) ||
    (code >= 0x2b920 && code <= 0x2ceaf) ||
    (code >= 0x2f800 && code <= 0x2fa1f));
