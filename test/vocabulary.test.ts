// tokenizer.json and tokenizer_config.json: what is read from them, and the many ways in which they can be wrong.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ErrorCode, RelpropError } from "../src/errors.ts";
import { resolved } from "../src/inputs/tokenizers/auto.ts";
import * as classes from "../src/inputs/tokenizers/classes.ts";
import { isBert } from "../src/inputs/tokenizers/vocabulary.ts";
import { tokenizer } from "../src/inputs/tokenizers/wordpiece.ts";

// biome-ignore lint/suspicious/noExplicitAny: tokenizer.json, before anything has checked it
type File = any;

const { letters } = JSON.parse(readFileSync(new URL("reference/tokenizer-offsets.json", import.meta.url), "utf8"));

/** A tokenizer.json of a few pieces, edited. */
function small(edit: (file: File) => void = () => {}): File {
  const vocab = { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, a: 5, b: 6, "##a": 7, "##b": 8, "!": 9 };
  const file = structuredClone({ ...letters, model: { ...letters.model, vocab } });
  edit(file);
  return file;
}

/** The tokenizer that both files make. */
function both(tokenizerJson: File, config: Record<string, unknown>) {
  const { file, ...beside } = resolved(
    { tokenizer: tokenizerJson, config: { tokenizer_class: "BertTokenizer", ...config } },
    classes,
  );
  return tokenizer(file, beside);
}

const pieces = (file: File, config: Record<string, unknown>, text: string) =>
  both(file, config)
    .encode(text)
    .tokens.map((token) => token.text)
    .join(" ");

test("ids that callers need", () => {
  const { size, unkId, padId, maskId } = tokenizer(small());
  assert.equal({ size, unkId, padId, maskId }, { size: 10, unkId: 1, padId: 0, maskId: 4 });
  const named = both(small(), { pad_token: { content: "!" }, mask_token: "[UNK]" });
  assert.equal([named.padId, named.maskId], [9, 1]);
  const without = small((file) => {
    file.added_tokens.pop();
    delete file.model.vocab["[MASK]"];
  });
  assert.is(tokenizer(without).maskId, null);
});

test("tokenizer_config.json overrules tokenizer.json, as in transformers", () => {
  assert.is(pieces(small(), { do_lower_case: false }, "A á"), "[CLS] [UNK] [UNK] [SEP]");
  assert.is(pieces(small(), { strip_accents: false }, "A á"), "[CLS] a [UNK] [SEP]");
});

test("older files: a model without a type, BertProcessing, no post-processor", () => {
  const untyped = small((file) => {
    delete file.model.type;
    file.post_processor = { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] };
  });
  assert.equal(tokenizer(untyped).encode("ab").ids, [2, 5, 8, 3]);
  const bare = small((file) => {
    file.post_processor = null;
  });
  assert.equal(tokenizer(bare).encode("").tokens, []);
});

test("pieces called __proto__ and constructor are pieces", () => {
  const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  const file = small((file) => {
    file.model.max_input_chars_per_word = 100;
    file.model.vocab = JSON.parse('{"[UNK]":0,"__proto__":1,"constructor":2,"##constructor":3}');
    file.added_tokens = JSON.parse('[{"id":1,"content":"__proto__","special":true,"__proto__":{"normalized":true}}]');
    file.post_processor = null;
  });
  const { encode } = tokenizer(file, JSON.parse('{"__proto__":{"named":1}}'));
  assert.equal(encode("a__proto__constructorconstructor toString").ids, [0, 1, 2, 3, 0]);
  assert.is(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), before);
  assert.is(({} as { normalized?: boolean }).normalized, undefined);
});

test("added tokens that are not special: longest first, no warning", () => {
  const file = small(({ added_tokens }) => {
    added_tokens.push({ id: 10, content: "ab", normalized: false }, { id: 11, content: "abb", normalized: false });
  });
  const { encode, size } = tokenizer(file);
  assert.is(size, 12);
  assert.equal(encode("xabbab").ids, [2, 1, 11, 10, 3]);
  assert.equal(encode("ab").warnings, []);
  assert.is(encode("ab").tokens[1].special, false);
});

const long = "x".repeat(300);
const nest = (depth: number) => {
  let inner: File = { type: "Lowercase" };
  for (let i = 0; i < depth; i++) inner = { type: "Sequence", normalizers: [inner] };
  return inner;
};
const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
const template = (file: File) => file.post_processor;
const token = (content: unknown, rest: object = {}) => ({ id: 10, content, special: true, ...rest });

/** What is done to a sound tokenizer.json, the code it must be refused with, and a word of the message. */
const malformed: [ErrorCode, string, (file: File) => unknown][] = [
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = -1)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = 1.5)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = "5")],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = null)],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = [5])],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = deep)],
  ["TokenizerUnsupported", "model.type", (f) => (f.model.type = deep)],
  ["TokenizerInvalid", "model.unk_token", (f) => (f.model.unk_token = deep)],
  ["TokenizerInvalid", "normalizer.lowercase", (f) => (f.normalizer.lowercase = deep)],
  ["TokenizerInvalid", "single[0]", (f) => (f.post_processor.single[0].SpecialToken.id = deep)],
  ["TokenizerInvalid", "special_tokens", (f) => (f.post_processor.special_tokens["[CLS]"].ids = [deep])],
  ["TokenizerInvalid", "model.vocab", (f) => (f.model.vocab.a = Number.POSITIVE_INFINITY)],
  ["TokenizerInvalid", "another piece", (f) => (f.model.vocab.a = 6)],
  ["TokenizerInvalid", "only 10 pieces", (f) => (f.model.vocab.a = 10_000)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.vocab.a = 2 ** 32 - 2)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.vocab.a = 2 ** 53)],
  ["TokenizerInvalid", "only 10 pieces", (f) => (f.model.vocab.a = 9_999)],
  ["TokenizerInvalid", "surrogate", (f) => (f.model.vocab["\ud83d"] = 10)],
  ["TokenizerInvalid", "model.vocab is not", (f) => delete f.model.vocab],
  ["TokenizerInvalid", "model.vocab is not", (f) => (f.model.vocab = [["a", 0.5]])],
  ["TokenizerInvalid", "model.vocab is not", (f) => (f.model.vocab = "vocab.txt")],
  ["TokenizerInvalid", "[UNK]", (f) => (f.model.vocab = {})],
  ["TokenizerInvalid", "[UNK]", (f) => delete f.model.vocab["[UNK]"]],
  ["TokenizerInvalid", "unk_token", (f) => (f.model.unk_token = "constructor")],
  ["TokenizerInvalid", "unk_token", (f) => (f.model.unk_token = 1)],
  ["TokenizerInvalid", "subword_prefix", (f) => (f.model.continuing_subword_prefix = 35)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.max_input_chars_per_word = 1e10)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.max_input_chars_per_word = -1)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.max_input_chars_per_word = 99.5)],
  ["TokenizerInvalid", "0 to 2147483647", (f) => (f.model.max_input_chars_per_word = "100")],
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
  ["TokenizerInvalid", "added_tokens[5] is not", (f) => f.added_tokens.push(null)],
  ["TokenizerInvalid", "empty", (f) => f.added_tokens.push(token(""))],
  ["TokenizerInvalid", "content", (f) => f.added_tokens.push(token(undefined))],
  ["TokenizerInvalid", "surrogate", (f) => f.added_tokens.push(token("\udc69"))],
  ["TokenizerInvalid", "second time", (f) => f.added_tokens.push(token("[SEP]", { id: 3 }))],
  ["TokenizerInvalid", "contradicts", (f) => (f.added_tokens[0].id = 3)],
  ["TokenizerInvalid", "only 11 pieces", (f) => f.added_tokens.push(token("x", { id: 10_000 }))],
  ["TokenizerInvalid", "added_tokens[5].id", (f) => f.added_tokens.push(token("x", { id: undefined }))],
  ["TokenizerInvalid", "special", (f) => f.added_tokens.push(token("x", { special: 1 }))],
  ["TokenizerInvalid", "post_processor is not", (f) => (f.post_processor = 1)],
  ["TokenizerUnsupported", "post_processor.type", (f) => (f.post_processor = { type: "Mystery" })],
  ["TokenizerInvalid", "post_processor.cls", (f) => (f.post_processor = { type: "RobertaProcessing" })],
  [
    "TokenizerInvalid",
    "several templates",
    (f) => (f.post_processor = { type: "Sequence", processors: [template(f), template(f)] }),
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
  ["TokenizerInvalid", "in order", (f) => template(f).single.push(template(f).single[1])],
  ["TokenizerInvalid", "in order", (f) => (template(f).single[1].Sequence.id = "B")],
  ["TokenizerInvalid", "single[0]", (f) => (template(f).single[0] = {})],
  ["TokenizerInvalid", "single[0]", (f) => (template(f).single[0].SpecialToken.id = "constructor")],
  ["TokenizerInvalid", "type_id", (f) => (template(f).single[2].SpecialToken.type_id = -1)],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].ids = [9999])],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].ids = [])],
  ["TokenizerInvalid", "not in the vocabulary", (f) => (template(f).special_tokens["[CLS]"].tokens = ["[BOS]"])],
  ["TokenizerInvalid", "1 are allowed", (f) => (template(f).special_tokens["[CLS]"].ids = [2, 3])],
  ["TokenizerInvalid", "special_tokens", (f) => delete template(f).special_tokens["[CLS]"]],
  ["TokenizerInvalid", "special_tokens", (f) => (template(f).special_tokens["[CLS]"] = 2)],
];
for (const [i, [code, message, edit]] of malformed.entries()) {
  test(`malformed ${i}: ${code} ${message}`, () => refused(code, message, () => tokenizer(small(edit))));
}

test("files that are not objects, and configs that name what is not there", () => {
  for (const json of [null, undefined, [], "{}", 1]) {
    refused("TokenizerInvalid", "tokenizer.json", () => tokenizer(json));
  }
  refused("TokenizerInvalid", "config.mask_token", () => both(small(), { mask_token: 4 }));
  refused("TokenizerInvalid", "config.mask_token", () => both(small(), { mask_token: [] }));
  refused("TokenizerInvalid", "config.do_lower_case", () => both(small(), { do_lower_case: "true" }));
});

test("what BERT's walk does not read goes to the pipeline", () => {
  assert.ok(isBert(small()));
  const others: ((file: File) => void)[] = [
    (f) => f.added_tokens.push(token("x", { normalized: true })),
    (f) => f.added_tokens.push(token("x", { special: false })),
    (f) => f.added_tokens.push(token("x", { single_word: true })),
    (f) => (f.model.max_input_chars_per_word = 1001),
    (f) => (f.normalizer = null),
    (f) => (f.pre_tokenizer = { type: "Whitespace" }),
    (f) => (f.model.type = "WordLevel"),
  ];
  for (const edit of others) assert.not(isBert(small(edit)), String(edit));
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

test.run();
