// What transformers' tokenizer classes are described by, and BERT's own; the others are in classes.ts.

import { flag, type Json } from "./fields.ts";

/** A token that is found in the text as a whole. Its name in transformers is AddedToken. */
export interface Added {
  content: string;
  special: boolean;
  normalized: boolean;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
}

/** Named special tokens ("cls_token"), as tokenizer_config.json or a class gives them: a string, or with flags. */
export type Named = Record<string, string | Added | undefined>;

type Flags = Partial<Added>;

export type Token = (name: string) => [text: string, id: number];

export interface Kind {
  /** The special tokens that it has by default. */
  tokens: Named;
  extra?: readonly string[];
  /** The flags of named tokens that are given as strings, in 4.x and in 5.x; "*" is any. */
  flags?: readonly [four?: Readonly<Record<string, Flags>>, five?: Readonly<Record<string, Flags>>];
  /** 5.x adds its special tokens again, without flags. */
  again?: boolean;
  /** Whether model_input_names has token_type_ids by default, in 4.x and in 5.x. */
  types: readonly [four: boolean, five: boolean];
  /** The type of model that 5.x builds. */
  model?: "WordPiece" | "BPE" | "Unigram";
  /** What 5.x builds in place of the file's components. */
  build?: (config: Json, from: Source) => { model: Json; normalizer: Json | null; pre_tokenizer: Json };
  /** The post-processor that 5.x builds; without it the file's stays. `token` is a named token and its id. */
  template?: (token: Token) => Json | null;
  /** The file's post-processor, if it has one, is used in place of that template. */
  yields?: boolean;
  /** How 4.x changes the file's normalizer: the fields it takes from tokenizer_config.json. */
  normalizer?: readonly string[];
  /** The post-processor that 4.x builds, whatever the file's is. */
  around?: (config: Json, token: Token) => Json;
}

/** What 5.x builds from, besides tokenizer_config.json. */
export interface Source {
  named: Named;
  vocab: unknown;
  /** The file's Precompiled normalizer, if it has one. */
  charsmap?: Json;
}

export const added = (content: string, flags: Partial<Added> = {}): Added => ({
  content,
  special: false,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: !flags.special,
  ...flags,
});

export const names = (text: Record<string, string>): Named =>
  Object.fromEntries(Object.entries(text).map(([name, content]) => [`${name}_token`, content]));

export const is = (config: Json, name: string, otherwise: boolean) => flag(config[name], `config.${name}`, otherwise);
export const text = (token: string | Added | undefined) => (typeof token === "object" ? token.content : token);

/** [CLS] text [SEP] other [SEP], with types 0 and 1. */
export const bert = (token: Token): Json => ({ type: "BertProcessing", cls: token("cls"), sep: token("sep") });

export const BERT = { unk: "[UNK]", sep: "[SEP]", pad: "[PAD]", cls: "[CLS]", mask: "[MASK]" };
const CASES = ["do_lower_case", "strip_accents", "tokenize_chinese_chars"];

export const bertWords: Kind["build"] = (config, { named }) => ({
  model: { unk_token: text(named.unk_token), continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: is(config, "tokenize_chinese_chars", true),
    strip_accents: config.strip_accents ?? null,
    lowercase: is(config, "do_lower_case", true),
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
});

export const bertLike: Kind = {
  tokens: names(BERT),
  types: [true, true],
  model: "WordPiece",
  build: bertWords,
  template: bert,
  normalizer: CASES,
};
