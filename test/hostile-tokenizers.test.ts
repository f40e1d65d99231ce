// Tokenizer files that ask for more work than they and the text pay for end in an error that says so.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { readJson } from "../src/checkpoint/json.ts";
import { fromBytes } from "../src/checkpoint/sources/contents.ts";
import { RelpropError } from "../src/errors.ts";
import { aligned } from "../src/inputs/tokenizers/aligned.ts";
import { normalizer } from "../src/inputs/tokenizers/normalizers.ts";
import { pipeline } from "../src/inputs/tokenizers/pipeline.ts";
import { tokenizerOf } from "../src/inputs/tokenizers/read.ts";
import { regex } from "../src/inputs/tokenizers/regex.ts";
import { isBert } from "../src/inputs/tokenizers/vocabulary.ts";
import { MAX_TEXT, tokenizer } from "../src/inputs/tokenizers/wordpiece.ts";
import { seeded } from "./corpus/safetensors-mutants.ts";

type Json = Record<string, unknown>;

const levels = { model: { type: "WordLevel", vocab: { u: 0 }, unk_token: "u" } };
const outcome = (file: Json, text: string): unknown => {
  try {
    const whole = { ...levels, ...file };
    return (isBert(whole) ? tokenizer : pipeline)(whole).encode(text).ids.length;
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
};
const steps = (normalizers: Json[]) => ({ normalizer: { type: "Sequence", normalizers } });
const cuts = (pretokenizers: Json[]) => ({ pre_tokenizer: { type: "Sequence", pretokenizers } });
const limited = (name: string, file: Json, text: string) =>
  test(name, () => assert.is(outcome(file, text), "LimitExceeded"));

const more = { type: "Replace", pattern: { String: "a" }, content: "a".repeat(256) };
limited("a normalizer that multiplies, 64 times", steps(Array(64).fill(more)), "a");
limited("one that multiplies a long text once", steps([more]), "a".repeat(MAX_TEXT));
limited(
  "a text put before a text, over and over",
  steps(Array(64).fill({ type: "Prepend", prepend: "x".repeat(9000) })),
  "a",
);
limited(
  "more steps than any tokenizer has",
  steps(Array(64).fill(steps([{ type: "NFC" }, { type: "NFC" }]).normalizer)),
  "a",
);
limited(
  "what is put before a text, before each of many parts of one",
  {
    normalizer: { type: "Prepend", prepend: "x".repeat(30_000) },
    added_tokens: [{ id: 1, content: "b", special: true }],
  },
  "ab".repeat(2000),
);
limited(
  "a mark of 60,000 letters, before each word",
  cuts([{ type: "WhitespaceSplit" }, { type: "Metaspace", replacement: "a".repeat(60_000) }]),
  "c ".repeat(2000),
);
limited("128 steps of a long text", steps(Array(60).fill({ type: "NFC" })), "é".repeat(MAX_TEXT));
limited(
  "added tokens that begin alike, normalized at length",
  {
    normalizer: { type: "Prepend", prepend: "a".repeat(9000) },
    added_tokens: Array.from({ length: 2000 }, (_, i) => ({ id: i + 1, content: `x${i}` })),
  },
  "a",
);

limited(
  "60 steps for each of many added tokens",
  {
    ...steps(Array(60).fill({ type: "NFKC" })),
    added_tokens: Array.from({ length: 2000 }, (_, i) => ({ id: i + 1, content: `x${i}` })),
  },
  "a",
);

/** Texts of a that begin like a longer one from each letter on: all that a vocabulary has is one b that never comes. */
const deep = 2000;
const nearly = `${"a".repeat(deep)}b`;
const far = "a".repeat(20 * deep);
limited("an added token that a text nearly has, everywhere", { added_tokens: [{ id: 1, content: nearly }] }, far);
limited(
  "the same before BERT's words",
  {
    normalizer: { type: "BertNormalizer" },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: { type: "WordPiece", vocab: { u: 0 }, unk_token: "u" },
    added_tokens: [{ id: 1, content: nearly, special: true }],
  },
  far,
);
limited(
  "pieces of a Unigram that a word nearly has",
  {
    model: {
      type: "Unigram",
      unk_id: 0,
      vocab: [
        ["u", 0],
        ["a", -1],
        [nearly, -1],
      ],
    },
  },
  far,
);
limited(
  "pieces of a WordPiece that a word nearly has",
  {
    model: {
      type: "WordPiece",
      unk_token: "u",
      continuing_subword_prefix: "",
      max_input_chars_per_word: 1e9,
      vocab: { u: 0, a: 1, [nearly]: 2 },
    },
  },
  far,
);
test("a prefix of 65 letters, which would be looked up at each letter of a word", () => {
  const prefix = "#".repeat(65);
  const vocab = { u: 0, a: 1, [`${prefix}a`]: 2 };
  for (const more of [{ continuing_subword_prefix: prefix }, { end_of_word_suffix: prefix }]) {
    assert.is(outcome({ model: { type: "BPE", merges: [], vocab, ...more } }, "a"), "TokenizerInvalid");
  }
  const wordPiece = { type: "WordPiece", unk_token: "u", continuing_subword_prefix: prefix, vocab };
  assert.is(outcome({ model: wordPiece }, "a"), "TokenizerInvalid");
});
limited(
  "a regular expression that tries too much of each of many words",
  cuts([{ type: "WhitespaceSplit" }, { type: "Split", pattern: { Regex: "(?:a?){12}b" }, behavior: "Isolated" }]),
  "aaaaaaaa ".repeat(20_000),
);
limited("bytes of bytes of bytes", cuts(Array(64).fill({ type: "ByteLevel" })), "é");
limited("a megabyte of what becomes 18 characters", { normalizer: { type: "NFKC" } }, "\ufdfa".repeat(MAX_TEXT));

test("marks by the thousand on one letter are sorted as Unicode has it, a megabyte of them in linear time", () => {
  const marks = [..."\u0301\u0327\u0334\u0345\u093c\u0591\u05b0\u3099\u0f71\u0f72\u0315\u0358e\u1ebf\u0344"];
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const text = `a${Array.from({ length: 400 }, () => marks[random(marks.length)]).join("")}`;
    for (const type of ["NFC", "NFD", "NFKC", "NFKD"]) {
      const found = normalizer({ type })(aligned(text, 0, text.length, 0), 0).text;
      assert.ok(found === text.normalize(type), `seed ${seed}, ${type}`);
    }
  }
  assert.is(outcome({ normalizer: { type: "NFC" } }, `a${"\u0301\u0327".repeat(MAX_TEXT / 2 - 1)}`), 1); // or takes minutes
});

test("a character map whose entries are long", () => {
  // A trie of one unit that has a value for "a": what lies at 0, three million letters.
  const units = new Uint32Array(256);
  units[0] = 1 << 10;
  units[0x60] = 0x61 | (1 << 8) | (1 << 10); // at 1 ^ 0x61; its value lies at 0x60 ^ 1
  units[0x61] = 0x80000000;
  const bytes = new Uint8Array(4 + 1024 + 3_000_000).fill(0x62);
  new DataView(bytes.buffer).setUint32(0, 1024, true);
  bytes.set(new Uint8Array(units.buffer), 4);
  let text = "";
  for (let i = 0; i < bytes.length; i += 30_000) text += String.fromCharCode(...bytes.subarray(i, i + 30_000));
  assert.is(outcome({ normalizer: { type: "Precompiled", precompiled_charsmap: btoa(text) } }, "a"), "LimitExceeded");
});

const hostile = [
  "(a+)+$",
  "(a*)*b",
  "(a|a)*b",
  "(a|aa)+$",
  "(.*)*b",
  "(a+){2,}b",
  "a*a*a*a*a*a*a*a*b",
  "(?:a?){500}b",
  "(\\w+\\s?)*!",
];
for (const source of hostile) {
  test(`${source} ends`, () => {
    let code = "none";
    try {
      regex(source, "pattern")("a".repeat(20_000));
    } catch (error) {
      if (!(error instanceof RelpropError)) throw error;
      code = error.code;
    }
    assert.ok(["none", "LimitExceeded"].includes(code), code);
  });
}

test("what regular expressions of tokenizers find", () => {
  const found = (source: string, text: string) => [...regex(source, "pattern")(text)].map((match) => match[0]);
  // As Oniguruma by Python's tokenizers 0.23.1.
  const cases: [string, string, string[]][] = [
    ["\\p{N}{1,3}+", "1234567", ["1234567"]],
    ["\\p{N}{1,3}", "1234567", ["123", "456", "7"]],
    ["(?i:'s|k)", "'ſ \u212a", ["'ſ", "\u212a"]],
    ["a$", "a\na", ["a", "a"]],
    ["a\\z", "a\na", ["a"]],
    ["a*+a", "aaa", []],
    ["(?>a+)b", "aab", ["aab"]],
    ["(?<=a)b", "abbb", ["b"]],
    ["[^\\s|[.,]]+", "a|b [.,]c", ["a", "b", "[", "]c"]],
    ["\\p{Han}+", "中文a", ["中文"]],
    ["\\p{^L}+", "ab1", ["1"]],
    ["a{,2}", "aaa", ["aa", "a"]],
    ["a{2}+", "aaaaa", ["aaaa"]],
    ["[[:alpha:]]\\b", "ab cd", ["b", "d"]],
    ["\\s+(?!\\S)|\\s+", "a  b", [" ", " "]],
  ];
  for (const [source, text, wanted] of cases) {
    const all = found(source, text).filter(Boolean);
    assert.equal(all, wanted, source);
  }
  for (const source of [
    "(a)\\1",
    "a&&[",
    "[a&&b]",
    "(?<a",
    "a)",
    "(",
    "[",
    "*a",
    "\\",
    "(?(1)a)",
    "(".repeat(60),
    "a{2000}",
  ]) {
    assert.throws(
      () => regex(source, "pattern"),
      (error: RelpropError) => error.code === "TokenizerInvalid",
      source,
    );
  }
});

test("the bytes of a long unknown word share one range, which is found once", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const vocab = [["u", 0], ...bytes.map((piece, i) => [piece, -i])];
  const text = "海".repeat(2 ** 16);
  const { tokens } = pipeline({ model: { type: "Unigram", unk_id: 0, byte_fallback: true, vocab } }).encode(text); // or takes a minute
  assert.is(tokens.length, 3 * text.length);
  assert.ok(tokens.every(({ start, end }) => start === 0 && end === text.length));
});

test("ids that are objects and pieces that are null have a code", async () => {
  const special = { content: "[UNK]", special: true };
  const wrong = [
    { model: { type: "WordPiece", vocab: { "[UNK]": 0 } }, added_tokens: [{ ...special, id: { toString: 1 } }] },
    { model: { type: "Unigram", unk_id: 0, vocab: [null, ["[UNK]", 0]] } },
  ];
  for (const tokenizer of wrong) {
    try {
      await tokenizerOf({ tokenizer, config: { tokenizer_class: "DebertaV2Tokenizer", backend: "tokenizers" } });
      assert.unreachable();
    } catch (error) {
      assert.is((error as RelpropError).code, "TokenizerInvalid", String(error));
    }
  }
});

test("JSON of little else than brackets is refused by its bytes", async () => {
  const read = async (text: string) => {
    const files = {
      name: "x",
      open: async () => fromBytes(new TextEncoder().encode(text), "x"),
      close: async () => {},
    };
    try {
      await readJson(files, "tokenizer.json", { code: "TokenizerInvalid", most: 2 ** 26 });
      return "none";
    } catch (error) {
      return (error as RelpropError).code;
    }
  };
  assert.is(await read(`{"a":[${"{},".repeat(2 ** 21)}{}]}`), "LimitExceeded");
  assert.is(await read(`{"a":${"[".repeat(100)}${"]".repeat(100)}}`), "LimitExceeded");
  assert.is(await read(`{"a":"${"[".repeat(1000)}\\"{"}`), "none");
});

test.run();
