// Tokens against the Rust tokenizers (reference/tokenizer.py) and the JavaScript library, offsets by the laws they obey,
// time by doubling the text, and the many ways in which a tokenizer's files can be wrong.

import { readFileSync } from "node:fs";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ErrorCode } from "../src/errors.ts";
import { RelpropError } from "../src/errors.ts";
import { MAX_TEXT, type Token, tokenizer, wordPieces } from "../src/tokenizer.ts";
import { vocabulary } from "../src/vocabulary.ts";

// biome-ignore lint/suspicious/noExplicitAny: tokenizer.json, before anything has checked it
type File = any;

interface Fixture {
  letters: File;
  /** Texts under one vocabulary and normalizer: [text, ids, start and end of each token, -1 for the template's]. */
  sets: { vocabulary: string; normalizer: Record<string, boolean | null>; rows: [string, number[], number[]][] }[];
}

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const fixture: Fixture = read(process.env.TOKENIZER_FIXTURE ?? "reference/tokenizer-offsets.json");
const shipped: File = readShipped();
const rows = 10_000;
const letters = tokenizer(fixture.letters, {}, rows);

function readShipped(): File {
  try {
    return read("../models/sst2-tiny/tokenizer.json");
  } catch {
    console.log("models/sst2-tiny is not here: the tests of the shipped tokenizer are skipped");
  }
}

/** A tokenizer.json of a few pieces, edited. */
function small(edit: (file: File) => void = () => {}): File {
  const vocab = { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, a: 5, b: 6, "##a": 7, "##b": 8, "!": 9 };
  const file = structuredClone({ ...fixture.letters, model: { ...fixture.letters.model, vocab } });
  edit(file);
  return file;
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
    const { encode } = tokenizer(file, undefined, rows);
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

const characters = fixture.sets.flatMap(({ rows }) => rows.flatMap(([text]) => [...text]));
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

test("the library's ids, where it reads character by character as we do", () => {
  const library = new Library(fixture.letters, {});
  const text = mixed.map((text) => text.replace(/Σ|[\u{20000}-\u{2ffff}]/gu, ""));
  fc.assert(fc.property(text, (text) => assert.equal(letters.encode(text).ids, library.encode(text).ids)));
  assert.not.equal(letters.encode("ΑΣ").ids, library.encode("ΑΣ").ids);
  assert.not.equal(letters.encode("a\u{20000}").ids, library.encode("a\u{20000}").ids);
});

test("the library's pieces, word by word", () => {
  const { model } = vocabulary(small(), {}, rows);
  for (const piece of ["abab", "##bab", "##abba", "👩", "##👩👩", "##"]) model.tokens_to_ids.set(piece, 100);
  const word = fc.array(fc.constantFrom("a", "b", "c", "👩", "#"), { minLength: 1, maxLength: 30 });
  const search = wordPieces({ ...model, config: model.config, max_input_chars_per_word: 20 });
  model.max_input_chars_per_word = 20;
  fc.assert(
    fc.property(word, (chars) => assert.equal(search(chars.join("")), model.encode([chars.join("")]))),
    { numRuns: 2000 },
  );
});

// — offsets —

const DROPPED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu;
const GAP = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Mn}\ufffd]*$/u;

test("every range is its token's, in order, whole characters, and all that is visible is in one", () => {
  fc.assert(
    fc.property(mixed, (text) => {
      const tokens = letters.encode(text).tokens.filter(({ start }) => start !== null);
      let seen = 0;
      for (const [i, { text: piece, start, end, special }] of tokens.entries()) {
        const slice = text.slice(start!, end!);
        assert.ok(start! < end! && end! <= text.length);
        for (const at of [start!, end!])
          assert.not.match(text.slice(Math.max(0, at - 1), at + 1), /^[\ud800-\udbff][\udc00-\udfff]$/);

        // Between tokens there is only what BERT drops.
        assert.match(text.slice(seen, start!), GAP);
        // Ranges meet only within a character that is several to Unicode, and then by that character alone.
        if (start! < seen) {
          const shared = String.fromCodePoint(text.codePointAt(start!)!);
          assert.ok([...shared.normalize("NFD").replace(/\p{Mn}/gu, "")].length > 1);
          assert.match(text.slice(start! + shared.length, seen), /^[\p{Mn}\p{Cf}]*$/u);
        }
        seen = end!;

        if (special) assert.is(slice, piece);
        else if (piece !== "[UNK]") {
          const bare = [
            ...slice
              .replace(/[\p{C}\ufffd]/gu, "")
              .normalize("NFD")
              .replace(/\p{Mn}/gu, ""),
          ];
          const lower = bare.map((char) => char.toLowerCase()).join("");
          const alone = start! >= (tokens[i - 1]?.end ?? 0) && end! <= (tokens[i + 1]?.start ?? text.length);
          const wanted = piece.startsWith("##") && piece.length > 2 && lower[0] !== "#" ? piece.slice(2) : piece;
          assert.ok(alone ? lower === wanted : lower.includes(wanted), `${piece} is not ${slice}`);
        }
      }
      assert.match(text.slice(seen), GAP);
    }),
    { numRuns: 1000 },
  );
});

const examples: [string, string, (string | false)[]][] = [
  ["", "[CLS] [SEP]", [false, false]],
  [" \t\n\u3000\0", "[CLS] [SEP]", [false, false]],
  ["Éé e\u0301\u0308!\u0301", "[CLS] e ##e e ! [SEP]", [false, "É", "é", "e\u0301\u0308", "!\u0301", false]],
  ["ΟΣ", "[CLS] ο ##σ [SEP]", [false, "Ο", "Σ", false]],
  ["a\u{20000}b", "[CLS] a 𠀀 b [SEP]", [false, "a", "𠀀", "b", false]],
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
  assert.equal(
    tokens.map(({ special, start }) => [special, start]),
    [
      [true, null],
      [false, 0],
      [true, 1],
      [true, 7],
      [true, 13],
      [true, null],
    ],
  );
  assert.is(warnings.length, 3);
  assert.equal(
    warnings.map((warning) => warning.match(/\[\w+\]|surrogate/)?.[0]),
    ["surrogate", "[MASK]", "[SEP]"],
  );
  assert.equal(letters.encode("plain").warnings, []);
});

test("added tokens that are not special: longest first, no warning", () => {
  const file = small(({ added_tokens }) => {
    added_tokens.push({ id: 10, content: "ab", normalized: false }, { id: 11, content: "abb", normalized: false });
  });
  const { encode, size } = tokenizer(file, {}, 12);
  assert.is(size, 12);
  assert.equal(encode("xabbab").ids, [2, 1, 11, 10, 3]);
  assert.equal(encode("ab").warnings, []);
  assert.is(encode("ab").tokens[1].special, false);
});

// — files —

test("ids that callers need", () => {
  const { size, unkId, padId, maskId } = tokenizer(small(), {}, rows);
  assert.equal({ size, unkId, padId, maskId }, { size: 10, unkId: 1, padId: 0, maskId: 4 });
  const named = tokenizer(small(), { pad_token: { content: "!" }, mask_token: "[UNK]" }, rows);
  assert.equal([named.padId, named.maskId], [9, 1]);
  const without = small((file) => {
    file.added_tokens.pop();
    delete file.model.vocab["[MASK]"];
  });
  assert.is(tokenizer(without, null, rows).maskId, null);
});

test("tokenizer_config.json overrules tokenizer.json, as in transformers", () => {
  assert.is(pieces(tokenizer(small(), { do_lower_case: false }, rows).encode("A á").tokens), "[CLS] [UNK] [UNK] [SEP]");
  assert.is(pieces(tokenizer(small(), { strip_accents: false }, rows).encode("A á").tokens), "[CLS] a [UNK] [SEP]");
});

test("older files: a model without a type, BertProcessing, no post-processor", () => {
  const untyped = small((file) => {
    delete file.model.type;
    file.post_processor = { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] };
  });
  assert.equal(tokenizer(untyped, {}, rows).encode("ab").ids, [2, 5, 8, 3]);
  const bare = small((file) => {
    file.post_processor = null;
  });
  assert.equal(tokenizer(bare, {}, rows).encode("").tokens, []);
});

test("pieces called __proto__ and constructor are pieces", () => {
  const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  const file = small((file) => {
    file.model.max_input_chars_per_word = 100;
    file.model.vocab = JSON.parse('{"[UNK]":0,"__proto__":1,"constructor":2,"##constructor":3}');
    file.added_tokens = JSON.parse('[{"id":1,"content":"__proto__","special":true,"__proto__":{"normalized":true}}]');
    file.post_processor = null;
  });
  const { encode } = tokenizer(file, JSON.parse('{"__proto__":{"pad_token":"x"}}'), 4);
  assert.equal(encode("a__proto__constructorconstructor toString").ids, [0, 1, 2, 3, 0]);
  assert.is(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), before);
  assert.is(({} as { normalized?: boolean }).normalized, undefined);
});

const long = "x".repeat(300);
const nest = (depth: number) => {
  let inner: File = { type: "Lowercase" };
  for (let i = 0; i < depth; i++) inner = { type: "Sequence", normalizers: [inner] };
  return inner;
};
const template = (file: File) => file.post_processor;
const token = (content: unknown, rest: object = {}) => ({ id: 10, content, special: true, ...rest });

/** What is done to a sound tokenizer.json, the code it must be refused with, and a word of the message. */
const malformed: [ErrorCode, string, (file: File) => unknown][] = [
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = -1)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = 1.5)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = "5")],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = null)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = [5])],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = Number.POSITIVE_INFINITY)],
  ["TokenizerInvalid", "another piece", (f) => (f.model.vocab.a = 6)],
  ["TokenizerInvalid", "0 to 9999", (f) => (f.model.vocab.a = 10_000)],
  ["TokenizerInvalid", "0 to 9999", (f) => (f.model.vocab.a = 2 ** 32 - 2)],
  ["TokenizerInvalid", "0 to 9999", (f) => (f.model.vocab.a = 2 ** 53)],
  ["TokenizerInvalid", "only 10 pieces", (f) => (f.model.vocab.a = 9_999)],
  ["TokenizerInvalid", "300 characters", (f) => (f.model.vocab[long] = 10)],
  ["TokenizerInvalid", "surrogate", (f) => (f.model.vocab["\ud83d"] = 10)],
  ["TokenizerInvalid", "model.vocab is not", (f) => delete f.model.vocab],
  ["TokenizerInvalid", "model.vocab is not", (f) => (f.model.vocab = [["a", 0.5]])],
  ["TokenizerInvalid", "model.vocab is not", (f) => (f.model.vocab = "vocab.txt")],
  ["TokenizerInvalid", "[UNK]", (f) => (f.model.vocab = {})],
  ["TokenizerInvalid", "[UNK]", (f) => delete f.model.vocab["[UNK]"]],
  ["TokenizerInvalid", "unk_token", (f) => (f.model.unk_token = "constructor")],
  ["TokenizerInvalid", "unk_token", (f) => (f.model.unk_token = 1)],
  ["TokenizerInvalid", "subword_prefix", (f) => (f.model.continuing_subword_prefix = 35)],
  ["TokenizerInvalid", "subword_prefix", (f) => (f.model.continuing_subword_prefix = long)],
  ["TokenizerInvalid", "0 to 1000", (f) => (f.model.max_input_chars_per_word = 1e9)],
  ["TokenizerInvalid", "0 to 1000", (f) => (f.model.max_input_chars_per_word = -1)],
  ["TokenizerInvalid", "0 to 1000", (f) => (f.model.max_input_chars_per_word = 99.5)],
  ["TokenizerInvalid", "0 to 1000", (f) => (f.model.max_input_chars_per_word = "100")],
  ["TokenizerUnsupported", "model.type", (f) => (f.model.type = "BPE")],
  ["TokenizerUnsupported", "model.type", (f) => (f.model.type = "Unigram")],
  ["TokenizerUnsupported", "model.type", (f) => (f.model.type = "__proto__")],
  ["TokenizerUnsupported", "model.type", (f) => Object.assign(f.model, { type: undefined, merges: [] })],
  ["TokenizerUnsupported", "model.type", (f) => (f.model = { vocab: f.model.vocab })],
  ["TokenizerInvalid", "model is not", (f) => delete f.model],
  ["TokenizerInvalid", "model is not", (f) => (f.model = [])],
  ["TokenizerUnsupported", "version", (f) => (f.version = "2.0")],
  ["TokenizerInvalid", "normalizer is not", (f) => (f.normalizer = null)],
  ["TokenizerInvalid", "normalizer is not", (f) => (f.normalizer = "BertNormalizer")],
  ["TokenizerUnsupported", "BertNormalizer", (f) => (f.normalizer = { type: "NFC" })],
  ["TokenizerUnsupported", "BertNormalizer", (f) => (f.normalizer = nest(10_000))],
  [
    "TokenizerUnsupported",
    "BertNormalizer",
    (f) => (f.normalizer = { type: "Precompiled", precompiled_charsmap: long }),
  ],
  ["TokenizerUnsupported", "BertNormalizer", (f) => (f.normalizer = { type: "Replace", pattern: { Regex: "(a+)+$" } })],
  ["TokenizerInvalid", "normalizer.lowercase", (f) => (f.normalizer.lowercase = "yes")],
  ["TokenizerInvalid", "normalizer.strip_accents", (f) => (f.normalizer.strip_accents = 0)],
  ["TokenizerInvalid", "normalizer.clean_text", (f) => (f.normalizer.clean_text = {})],
  ["TokenizerInvalid", "pre_tokenizer is not", (f) => (f.pre_tokenizer = null)],
  ["TokenizerUnsupported", "pre_tokenizer.type", (f) => (f.pre_tokenizer = { type: "ByteLevel" })],
  [
    "TokenizerUnsupported",
    "pre_tokenizer.type",
    (f) => (f.pre_tokenizer = { type: "Split", pattern: { Regex: "(a+)+$" } }),
  ],
  ["TokenizerUnsupported", "pre_tokenizer.type", (f) => (f.pre_tokenizer = { type: "Sequence", pretokenizers: [] })],
  ["TokenizerInvalid", "added_tokens is not", (f) => (f.added_tokens = {})],
  ["TokenizerInvalid", "4096", (f) => (f.added_tokens = new Array(4097).fill(token("x")))],
  ["TokenizerInvalid", "added_tokens[5] is not", (f) => f.added_tokens.push(null)],
  ["TokenizerInvalid", "empty", (f) => f.added_tokens.push(token(""))],
  ["TokenizerInvalid", "content", (f) => f.added_tokens.push(token(undefined))],
  ["TokenizerInvalid", "300 characters", (f) => f.added_tokens.push(token(long))],
  ["TokenizerInvalid", "surrogate", (f) => f.added_tokens.push(token("\udc69"))],
  ["TokenizerInvalid", "second time", (f) => f.added_tokens.push(token("[SEP]", { id: 3 }))],
  ["TokenizerInvalid", "contradicts", (f) => (f.added_tokens[0].id = 3)],
  ["TokenizerInvalid", "contradicts", (f) => f.added_tokens.push(token("x", { id: 5 }))],
  ["TokenizerInvalid", "contradicts", (f) => f.added_tokens.push(token("x"), token("y"))],
  ["TokenizerInvalid", "added_tokens[5].id", (f) => f.added_tokens.push(token("x", { id: 10_000 }))],
  ["TokenizerInvalid", "added_tokens[5].id", (f) => f.added_tokens.push(token("x", { id: undefined }))],
  ["TokenizerInvalid", "special", (f) => f.added_tokens.push(token("x", { special: 1 }))],
  ["TokenizerUnsupported", "normalized", (f) => f.added_tokens.push(token("x", { normalized: true }))],
  ["TokenizerUnsupported", "normalized", (f) => f.added_tokens.push(token("x", { special: false }))],
  ["TokenizerUnsupported", "single_word", (f) => f.added_tokens.push(token("x", { single_word: true }))],
  ["TokenizerInvalid", "post_processor is not", (f) => (f.post_processor = 1)],
  ["TokenizerUnsupported", "post_processor.type", (f) => (f.post_processor = { type: "RobertaProcessing" })],
  [
    "TokenizerUnsupported",
    "post_processor.type",
    (f) => (f.post_processor = { type: "Sequence", processors: [template(f)] }),
  ],
  ["TokenizerInvalid", "post_processor.cls", (f) => (f.post_processor = { type: "BertProcessing", sep: ["[SEP]", 3] })],
  [
    "TokenizerInvalid",
    "post_processor.sep",
    (f) => (f.post_processor = { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 4] }),
  ],
  ["TokenizerInvalid", "single is not", (f) => delete template(f).single],
  ["TokenizerInvalid", "64", (f) => (template(f).single = new Array(65).fill(template(f).single[0]))],
  ["TokenizerInvalid", "no place", (f) => template(f).single.splice(1, 1)],
  ["TokenizerInvalid", "once", (f) => template(f).single.push(template(f).single[1])],
  ["TokenizerInvalid", "once", (f) => (template(f).single[1].Sequence.id = "B")],
  ["TokenizerInvalid", "single[0]", (f) => (template(f).single[0] = {})],
  ["TokenizerInvalid", "single[0]", (f) => (template(f).single[0].SpecialToken.id = "constructor")],
  ["TokenizerUnsupported", "type_id", (f) => (template(f).single[2].SpecialToken.type_id = 1)],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].ids = [9999])],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].ids = [])],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].tokens = ["[BOS]"])],
  ["TokenizerInvalid", "1 are allowed", (f) => (template(f).special_tokens["[CLS]"].ids = [2, 3])],
  ["TokenizerInvalid", "special_tokens", (f) => delete template(f).special_tokens["[CLS]"]],
  ["TokenizerInvalid", "special_tokens", (f) => (template(f).special_tokens["[CLS]"] = 2)],
];
for (const [i, [code, message, edit]] of malformed.entries()) {
  test(`malformed ${i}: ${code} ${message}`, () => refused(code, message, () => tokenizer(small(edit), {}, rows)));
}

test("files that are not objects, and configs that name what is not there", () => {
  for (const json of [null, undefined, [], "{}", 1]) {
    refused("TokenizerInvalid", "tokenizer.json", () => tokenizer(json, {}, rows));
  }
  refused("TokenizerInvalid", "tokenizer_config.json", () => tokenizer(small(), "{}", rows));
  refused("TokenizerInvalid", "config.pad_token", () => tokenizer(small(), { pad_token: "<pad>" }, rows));
  refused("TokenizerInvalid", "config.mask_token", () => tokenizer(small(), { mask_token: 4 }, rows));
  refused("TokenizerInvalid", "config.mask_token", () => tokenizer(small(), { mask_token: [] }, rows));
  refused("TokenizerInvalid", "config.do_lower_case", () => tokenizer(small(), { do_lower_case: "true" }, rows));
  refused("TokenizerInvalid", "0 to 8", () => tokenizer(small(), {}, 9));
});

test("texts that are none, or too long", () => {
  for (const text of [undefined, null, 1, ["a"], {}])
    refused("InvalidInput", "string", () => letters.encode(text as string));
  refused("InputTooLong", String(MAX_TEXT), () => letters.encode(" ".repeat(MAX_TEXT + 1)));
  assert.is(letters.encode(" ".repeat(MAX_TEXT)).ids.length, 2);
});

function refused(code: ErrorCode, message: string, call: () => unknown) {
  try {
    call();
  } catch (error) {
    assert.instance(error, RelpropError);
    assert.is((error as RelpropError).code, code, (error as RelpropError).message);
    assert.ok((error as RelpropError).message.includes(message), (error as RelpropError).message);
    return;
  }
  assert.unreachable(`nothing was refused, not even for ${message}`);
}

// — time —

test("eight times the text takes no more than 2.3³ times as long", () => {
  const shapes = `a| |^|\u0301|a\u0301|👩\u200d|中|\u{20000}|한|\ud800|\0|Σ|É|\u200b|\ufffd|[|[SEP]|[SE|[[SEP|##|#a|ab |A b|'|\t\n|🇩🇪|❤\ufe0f|न\u094d|ab中|${"abc".repeat(33)} `;
  const time = (text: string) => {
    const start = performance.now();
    letters.encode(text);
    return performance.now() - start;
  };
  for (const shape of shapes.split("|")) {
    const text = shape.repeat(2 ** 17 / shape.length);
    const part = text.slice(0, 2 ** 14);
    let ratio = Infinity; // the machine has other things to do: one quiet moment in five is enough
    for (let i = 0; i < 5 && ratio > 2.3 ** 3; i++)
      ratio = Math.min(ratio, time(text) / Math.max(time(part), time(part)));
    assert.ok(ratio <= 2.3 ** 3, `${JSON.stringify(shape)}: ${ratio}`);
  }
});

test.run();
