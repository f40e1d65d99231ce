// Tokenizers of every kind with their files changed at any place: ids of the vocabulary and offsets inside the text, or an
// error with a code; for texts that are long, and such as no one writes.

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import type { Files } from "../../src/inputs/tokenizers/auto.ts";
import { tokenizerOf } from "../../src/inputs/tokenizers/read.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { checkpoints } from "./shared/checkpoints.ts";
import { coded, type Fuzzer, pick, told } from "./shared/fuzzer.ts";
import { mutated, type Pool, pool } from "./shared/mutate.ts";

type Json = Record<string, unknown>;
type Part = keyof Files;

const read = (name: string) => JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), "utf8"));
const { charsmap }: { charsmap: string } = read("subwords.json");

/** The character map is in the fixtures once. */
const restored = (file: Json): Json =>
  JSON.parse(JSON.stringify(file), (key, value) => (key === "precompiled_charsmap" && value ? charsmap : value));

const long = "a".repeat(3000);
const replace = (pattern: object, content: string) => ({ type: "Replace", pattern, content });
const split = (pattern: object, behavior: string) => ({ type: "Split", pattern, behavior, invert: false });

/** Normalizers and cuts that the other files lack, and some that ask for much. */
const normalizers: Json[] = [
  ...["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel", "BertNormalizer"].map((type) => ({
    type,
  })),
  ...[
    { type: "Strip", strip_left: true, strip_right: true },
    { type: "Prepend", prepend: "▁" },
    { type: "Prepend", prepend: long },
  ],
  ...[
    replace({ String: " " }, "▁"),
    replace({ Regex: "\\s{2,}|[\\n\\r\\t]" }, " "),
    replace({ String: "a" }, "aaaaaaa"),
  ],
  ...[
    replace({ Regex: "(a+)+$" }, "b"),
    replace({ Regex: "a*" }, long),
    replace({ String: "a" }, ""),
    replace({ Regex: "" }, "x"),
  ],
  { type: "Precompiled", precompiled_charsmap: charsmap },
];
const cuts: Json[] = [
  ...["BertPreTokenizer", "Whitespace", "WhitespaceSplit"].map((type) => ({ type })),
  ...[true, false].flatMap((is) => [
    { type: "ByteLevel", add_prefix_space: is, use_regex: is },
    { type: "Digits", individual_digits: is },
  ]),
  ...["always", "first", "never"].map((prepend_scheme) => ({
    type: "Metaspace",
    replacement: "▁",
    prepend_scheme,
    split: true,
  })),
  ...[
    { type: "CharDelimiterSplit", delimiter: "a" },
    { type: "FixedLength", length: 3 },
    { type: "Metaspace", replacement: long },
  ],
  ...["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"].flatMap((behavior) => [
    { type: "Punctuation", behavior },
    split({ Regex: "\\p{L}+|\\s+(?!\\S)|." }, behavior),
    split({ String: "a" }, behavior),
  ]),
];
const sequence = (name: string, all: readonly Json[], random: Random): Json => {
  const one = pick(random, all);
  const some = Array.from({ length: 1 + random(4) }, () => pick(random, all));
  return { type: "Sequence", [name]: random(4) ? some : Array(random(70)).fill(one) };
};

const special = (id: number, content: string, more: Json = {}) => ({ id, content, special: false, ...more });
const many = Array.from({ length: 2000 }, (_, i) => i);
/** Changes of a whole tokenizer.json, most of which ask for more than they give. */
const wholes: ((file: Json, random: Random) => Json)[] = [
  (file, random) => ({ ...file, normalizer: sequence("normalizers", normalizers, random) }),
  (file, random) => ({ ...file, pre_tokenizer: sequence("pretokenizers", cuts, random) }),
  (file, random) => ({ ...file, model: pick(random, kinds)[1].tokenizer.model }),
  (file, random) => ({ ...file, post_processor: pick(random, kinds)[1].tokenizer.post_processor }),
  (file, random) => {
    const vocab = { ...((file.model as Json)?.vocab as object) };
    const flags = Object.fromEntries(
      ["lstrip", "rstrip", "single_word", "normalized"].map((name) => [name, random(2) === 0]),
    );
    const n = Object.keys(vocab).length;
    return { ...file, added_tokens: many.map((i) => special(n + i, `a${"a".repeat(i)}`, flags)) };
  },
  (file) => ({
    ...file,
    model: {
      type: "WordLevel",
      unk_token: "u",
      vocab: { u: 0, ...Object.fromEntries(many.map((i) => [`a${"a".repeat(i)}`, i + 1])) },
    },
  }),
  (file) => ({
    ...file,
    model: { type: "Unigram", unk_id: 0, vocab: [["u", 0], ...many.map((i) => [`a${"a".repeat(i)}`, -i])] },
  }),
  (file, random) => {
    const letters = () => String.fromCharCode(...Array.from({ length: 1000 }, () => 97 + random(26)));
    return {
      ...file,
      model: { type: "Unigram", unk_id: 0, vocab: [["u", 0], ...many.slice(0, 300).map(() => [letters(), -1])] },
    };
  },
  (file) => ({
    ...file,
    model: {
      type: "BPE",
      unk_token: "u",
      vocab: { u: 0, ...Object.fromEntries(many.map((i) => [`a${"a".repeat(i)}`, i + 1])) },
      merges: many.slice(1).map((i) => ["a".repeat(i), "a"]),
    },
  }),
  (file) => ({
    ...file,
    model: {
      type: "WordPiece",
      unk_token: "u",
      continuing_subword_prefix: "",
      max_input_chars_per_word: 1e9,
      vocab: { u: 0, ...Object.fromEntries(many.map((i) => [`${"a".repeat(i)}b`, i + 1])) },
    },
  }),
];

function every(): [name: string, files: Files][] {
  const { kinds }: { kinds: Record<string, { file: Json }> } = read("subwords.json");
  const { bases, cases }: { bases: Record<string, Json>; cases: Record<string, Json>[] } = read("autotokenizer.json");
  return [
    ...Object.entries(kinds).map(([name, { file }]): [string, Files] => [name, { tokenizer: restored(file) }]),
    ...cases.map(({ base, edit, config, model, specials }): [string, Files] => [
      String(base),
      {
        tokenizer: restored({ ...bases[String(base)], ...edit }),
        config: config ?? undefined,
        model: model ?? {},
        specials: specials ?? undefined,
      },
    ]),
    ...[...checkpoints().values()].flat().flatMap(({ family, files }): [string, Files][] => {
      const json = (name: string) => (files[name] ? JSON.parse(files[name] as string) : undefined);
      const tokenizer = json("tokenizer.json");
      const beside = {
        config: json("tokenizer_config.json"),
        specials: json("special_tokens_map.json"),
        added: json("added_tokens.json"),
      };
      return tokenizer ? [[`of ${family}`, { tokenizer, ...beside, model: json("config.json") }]] : [];
    }),
  ];
}

const kinds = every();
const byName = new Map<string, Files[]>();
for (const [name, files] of kinds) byName.set(name, [...(byName.get(name) ?? []), files]);
const names = [...byName];
const pools = new Map<Part, Pool>(
  (["tokenizer", "config", "specials", "added", "model"] as const).map((part) => [
    part,
    pool(kinds.map(([, files]) => files[part])),
  ]),
);

const chars = [
  "a",
  " ",
  "é",
  "\u0301",
  "\ufdfa",
  "😀",
  "👩‍👩‍👧",
  "\ud800",
  "\u0000",
  "\n",
  "Σ",
  "ß",
  "한",
  "海",
  ".",
  "1",
  "▁",
  "Ġ",
  "[MASK]",
  "<s>",
  "the ",
  "aab",
  "'s",
];
const texts = (random: Random): string[] => [
  "The sea sings, naïve 海 dust. <mask> [SEP] it's 12½",
  Array.from({ length: random(40) }, () => pick(random, chars)).join(""),
  Array.from({ length: 1 + random(3) }, () => pick(random, chars))
    .join("")
    .repeat(2 ** random(13)),
];

export const fuzzer: Fuzzer = {
  async one(random, i) {
    const [name, all] = names[i % names.length];
    const given = pick(random, all);
    const part: Part = random(4) ? "tokenizer" : pick(random, ["config", "specials", "added", "model"] as const);
    let content: unknown = given[part] ?? {};
    if (part === "tokenizer" && random(2)) content = pick(random, wholes)(content as Json, random);
    else for (let times = 1 + random(2); times; times--) content = mutated(content, random, pools.get(part)!);
    if (typeof content !== "object" || content === null || Array.isArray(content)) content = {}; // refused before it comes here
    // As it is read: what JSON has no word for is not met.
    const text = JSON.stringify({ ...given, [part]: content });
    const files: Files = JSON.parse(text);
    const inputs = texts(random);
    const what = await coded(async () => {
      const { tokenizer } = await tokenizerOf(files);
      for (const one of inputs) {
        for (const pair of [undefined, "the sea"]) {
          const { ids, tokens } = tokenizer.encode(one, pair);
          assert.is(ids.length, tokens.length);
          for (const { id, start, end, text } of tokens) {
            assert.ok(Number.isInteger(id) && id >= 0 && id < tokenizer.size, `id ${id} of ${tokenizer.size}`);
            assert.type(text, "string");
            if (start === null || end === null) continue;
            assert.ok(
              start >= 0 && start <= end && end <= one.length + (pair ? 1 + pair.length : 0),
              `${start} to ${end}`,
            );
          }
        }
      }
    }).catch((error) => {
      throw told(
        error,
        `${name} ${part}: ${JSON.stringify(content).slice(0, 2000)}; ${JSON.stringify(inputs).slice(0, 300)}`,
      );
    });
    return { bytes: text.length + inputs.join("").length, what, of: name };
  },
};
