// Tokens against the Rust tokenizers (reference/tokenizer.py) and the JavaScript library, offsets by the laws they obey,
// time by lengthening the text.

import { readFileSync } from "node:fs";
import * as huggingface from "@huggingface/tokenizers";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RelpropError } from "../src/errors.ts";
import type { Token } from "../src/inputs/tokenizers/token.ts";
import { ACCENTS, DROPPED, PUNCTUATION } from "../src/inputs/tokenizers/unicode.ts";
import { vocabulary } from "../src/inputs/tokenizers/vocabulary.ts";
import { MAX_TEXT, tokenizer, wordPieces } from "../src/inputs/tokenizers/wordpiece.ts";

// biome-ignore lint/suspicious/noExplicitAny: tokenizer.json, before anything has checked it
type File = any;

interface Fixture {
  letters: File;
  /** Texts under one vocabulary and normalizer: [text, ids, start and end of each token, -1 for the template's]. */
  sets: { vocabulary: string; normalizer: Record<string, boolean | null>; rows: [string, number[], number[]][] }[];
}

/** The library exports its models, but its types lose them under nodenext. */
const { Tokenizer: Library, WordPiece } = huggingface as typeof huggingface & {
  WordPiece: new (config: object) => { encode(words: string[]): string[] };
};

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const fixture: Fixture = read(process.env.TOKENIZER_FIXTURE ?? "reference/tokenizer-offsets.json");
const shipped: File = readShipped();
const letters = tokenizer(fixture.letters);

function readShipped(): File {
  try {
    return read("../models/sst2-tiny/tokenizer.json");
  } catch {
    console.log("models/sst2-tiny is not here: the tests of the shipped tokenizer are skipped");
  }
}

const slices = (text: string, tokens: Token[]) =>
  tokens.map(({ start, end }) => start !== null && text.slice(start, end!));
const pieces = (tokens: Token[]) => tokens.map((token) => token.text).join(" ");

// — the reference —

for (const { vocabulary, normalizer, rows: texts } of fixture.sets) {
  const name = `${texts.length} texts as in Rust: ${vocabulary} ${JSON.stringify(normalizer)}`;
  (vocabulary === "shipped" && !shipped ? test.skip : test)(name, () => {
    const file = structuredClone(vocabulary === "shipped" ? shipped : fixture.letters);
    Object.assign(file.normalizer, normalizer);
    const contents = new Set(file.added_tokens.map((token: File) => token.content));
    const { encode } = tokenizer(file);
    for (const [text, ids, offsets] of texts) {
      const { ids: ours, tokens } = encode(text);
      assert.equal(ours, ids, JSON.stringify(text));
      const widened = offsets.map((offset, k) =>
        k % 2 && !contents.has(text.slice(offsets[k - 1], offset))
          ? widen(text, offset, offsets[k + 1], file.normalizer)
          : offset,
      );
      assert.equal(
        tokens.flatMap(({ start, end }) => [start ?? -1, end ?? -1]),
        widened,
        JSON.stringify(text),
      );
    }
  });
}

/** Where a token of Rust's ends for us, who add the vanished marks and joiners that are drawn with its last character. */
function widen(text: string, end: number, next: number, { clean_text, strip_accents, lowercase }: File): number {
  const vanishes = (char: string) =>
    ((strip_accents ?? lowercase) && /\p{Mn}/u.test(char)) || (clean_text && /\p{Cf}/u.test(char));
  while (end >= 0 && end < text.length && (next === -1 || next > end)) {
    const char = String.fromCodePoint(text.codePointAt(end)!);
    if (!vanishes(char)) break;
    end += char.length;
  }
  return end;
}

// — the JavaScript library —

const characters = new Set(fixture.sets.flatMap(({ rows }) => rows.slice(0, 1000).flatMap(([text]) => [...text])));
const mixed = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...characters) },
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.constantFrom("abcab", " ", "[SEP]", "[MASK]", "👩👩", "e\u0301", "\r\n", "\ud83d", "\udc69"),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

/** What the JavaScript library knows by the runtime's Unicode, and Rust's by an older one (test/characters.test.ts). */
const newer = (char: string) =>
  (
    [
      [PUNCTUATION, /[\p{P}!-/:-@[-`{-~]/u],
      [ACCENTS, /\p{Mn}/u],
      [DROPPED, /[\p{Cf}\p{Co}\ufffd]|(?![\t\n\r])\p{Cc}/u],
    ] as const
  ).some(([ours, theirs]) => new RegExp(ours.source, "u").test(char) !== theirs.test(char));

test("the library's ids, where it reads character by character as we do", () => {
  const library = new Library(fixture.letters, {});
  const text = mixed.map((text) =>
    [...text.replace(/Σ|[\u{20000}-\u{2ffff}]/gu, "")].filter((char) => !newer(char)).join(""),
  );
  fc.assert(fc.property(text, (text) => assert.equal(letters.encode(text).ids, library.encode(text).ids)));
  assert.not.equal(letters.encode("ΑΣ").ids, library.encode("ΑΣ").ids);
  assert.not.equal(letters.encode("a\u{20000}").ids, library.encode("a\u{20000}").ids);
});

test("the library's pieces, word by word", () => {
  const { model } = vocabulary(fixture.letters);
  for (const piece of ["abababab", "##bab", "##abba", "##👩👩", "##"]) model.ids.set(piece, 0);
  const library = new WordPiece({
    vocab: Object.fromEntries(model.ids),
    unk_token: model.unk,
    continuing_subword_prefix: model.prefix,
    max_input_chars_per_word: model.longest,
  });
  const word = fc.array(fc.constantFrom("a", "b", "z", "👩", "#"), { minLength: 1, maxLength: 30 });
  const search = wordPieces(model);
  assert.equal(search("abababab"), ["abababab"]);
  fc.assert(fc.property(word, (chars) => assert.equal(search(chars.join("")), library.encode([chars.join("")]))));
});

// — offsets —

const GAP = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Mn}\ufffd]*$/u; // what BERT drops
const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;
const decomposed = (text: string) => text.normalize("NFD").replace(/\p{Mn}/gu, "");
const normalized = (text: string) =>
  Array.from(decomposed(text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu, "")), (char) => char.toLowerCase()).join("");

test("ranges are their tokens', in order, of whole characters, and all that is visible is in one", () => {
  const law = (text: string) => {
    const tokens = letters.encode(text).tokens.slice(1, -1);
    let seen = 0;
    for (const [i, { text: piece, start, end, special }] of tokens.entries()) {
      if (start === null || end === null) throw new Error("a token of the text has no range");
      assert.ok(start < end && end <= text.length);
      assert.not.match(text.slice(Math.max(0, start - 1), start + 1), PAIR);
      assert.not.match(text.slice(end - 1, end + 1), PAIR);
      assert.match(text.slice(seen, start), GAP);

      // Ranges meet only in a character that is several to Unicode, and then in that character alone.
      if (start < seen) {
        const shared = String.fromCodePoint(text.codePointAt(start)!);
        assert.ok(decomposed(shared).length > shared.length);
        assert.is(start + shared.length, seen);
      }
      const alone = start >= seen && end <= (tokens[i + 1]?.start ?? end);
      seen = end;

      const slice = normalized(text.slice(start, end));
      if (special) assert.is(text.slice(start, end), piece);
      else if (alone && piece !== "[UNK]") assert.ok([slice, `##${slice}`].includes(piece));
      else if (piece !== "[UNK]") assert.ok(slice.includes(piece.replace(/^##/, "")));
    }
    assert.match(text.slice(seen), GAP);
  };
  fc.assert(fc.property(mixed, law), { numRuns: 1000 });
});

const examples: [string, string, (string | false)[]][] = [
  ["", "[CLS] [SEP]", [false, false]],
  [" \t\n\u3000\0", "[CLS] [SEP]", [false, false]],
  ["Éé e\u0301\u0308!\u0301", "[CLS] e ##e e ! [SEP]", [false, "É", "é", "e\u0301\u0308", "!\u0301", false]],
  ["ΟΣ", "[CLS] ο ##σ [SEP]", [false, "Ο", "Σ", false]],
  ["a\u{20000}b", "[CLS] a 𠀀 b [SEP]", [false, "a", "𠀀", "b", false]],
  ["a\u{2b81f}\u3400b", "[CLS] a [UNK] [UNK] b [SEP]", [false, "a", "\u{2b81f}", "\u3400", "b", false]],
  ["한b", "[CLS] ᄒ ##ᅡᆫ ##b [SEP]", [false, "한", "한", "b", false]],
  ["👩\u200d👩\u200d👍🏽", "[CLS] 👩👩 ##👍🏽 [SEP]", [false, "👩\u200d👩\u200d", "👍🏽", false]],
  ["👩\u200d👧", "[CLS] [UNK] [SEP]", [false, "👩\u200d👧", false]],
  ["שָׁל", "[CLS] ש ##ל [SEP]", [false, "שָׁ", "ל", false]],
  ["a\ud83d \udc69b", "[CLS] a b [SEP]", [false, "a", "b", false]],
  ["\x1b[1ma", "[CLS] [ [UNK] [SEP]", [false, "[", "1ma", false]],
  ["<a\0b>", "[CLS] < ab > [SEP]", [false, "<", "a\0b", ">", false]],
  ["a [SEP]!", "[CLS] a [SEP] ! [SEP]", [false, "a", "[SEP]", "!", false]],
  ["[[SEP]", "[CLS] [ [SEP] [SEP]", [false, "[", "[SEP]", false]],
  ["[sep]", "[CLS] [ s ##e ##p ] [SEP]", [false, "[", "s", "e", "p", "]", false]],
  ["👩".repeat(11), `[CLS] 👩👩${" ##👩".repeat(9)} [SEP]`, [false, "👩👩", ...Array(9).fill("👩"), false]],
  ["👩".repeat(21), "[CLS] [UNK] [SEP]", [false, "👩".repeat(21), false]],
  ["c".repeat(100_000), "[CLS] [UNK] [SEP]", [false, "c".repeat(100_000), false]],
];
for (const [text, tokens, ranges] of examples) {
  test(`${JSON.stringify(text).slice(0, 40)} is ${tokens}`, () => {
    const encoding = letters.encode(text);
    assert.is(pieces(encoding.tokens), tokens);
    assert.equal(slices(text, encoding.tokens), ranges);
    assert.equal(
      encoding.ids,
      encoding.tokens.map(({ id }) => id),
    );
  });
}

test("special tokens in the text keep the tokenizer's rule and are reported, once each", () => {
  const { tokens, warnings } = letters.encode("a[MASK][SEP] [MASK]\ud800");
  assert.is(
    tokens.map(({ special, start }) => `${special} ${start}`).join(),
    "true null,false 0,true 1,true 7,true 13,true null",
  );
  assert.is(warnings.length, 3);
  assert.equal(
    warnings.map((warning) => warning.match(/\[\w+\]|surrogate/)?.[0]),
    ["surrogate", "[MASK]", "[SEP]"],
  );
  assert.equal(letters.encode("plain").warnings, []);
});

test("texts that are none, or too long", () => {
  const code = (text: unknown) => {
    try {
      return letters.encode(text as string).ids.length;
    } catch (error) {
      return (error as RelpropError).code;
    }
  };
  for (const text of [undefined, null, 1, ["a"], {}]) assert.is(code(text), "InvalidInput");
  assert.is(code(" ".repeat(MAX_TEXT)), 2);
  assert.is(code(" ".repeat(MAX_TEXT + 1)), "InputTooLong");
});

// — time, which only an idle machine can tell —

const growth = globalThis.process?.env?.RELPROP_FULL ? test : test.skip;
if (growth === test.skip) console.log("skipped: growth of time is measured with RELPROP_FULL=1");

growth("eight times the text takes no more than 2.3³ times as long", () => {
  const shapes = `a| |^|\u0301|a\u0301|👩\u200d|中|\u{20000}|한|\ud800|\0|Σ|É|\u200b|\ufffd|[|[SEP]|[SE|[[SEP|##|#a|ab |A b|'|\t\n|🇩🇪|❤\ufe0f|न\u094d|ab中|${"abc".repeat(33)} `;
  const time = (text: string) => {
    const start = performance.now();
    letters.encode(text);
    return performance.now() - start;
  };
  for (const shape of shapes.split("|")) {
    const text = shape.repeat(2 ** 17 / shape.length);
    const part = text.slice(0, 2 ** 14);
    // The machine has other things to do, which only ever adds time: of many tries the shortest count.
    let [whole, eighth] = [Infinity, Infinity];
    for (let i = 0; i < 100 && (i < 2 || whole > 2.3 ** 3 * eighth); i++) {
      eighth = Math.min(eighth, time(part));
      whole = Math.min(whole, time(text));
    }
    const ratio = whole / eighth;
    assert.ok(ratio <= 2.3 ** 3, `${JSON.stringify(shape)}: ${ratio}`);
  }
});

test.run();
