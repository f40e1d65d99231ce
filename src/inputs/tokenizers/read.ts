// From a model's files to its tokenizer.

import { type Files as Folder, missing } from "../../checkpoint/files.ts";
import { readJson } from "../../checkpoint/json.ts";
import { type Files, resolve } from "./auto.ts";
import type { Json } from "./fields.ts";
import { isBert } from "./vocabulary.ts";
import { type Tokenizer, type TokenizerContext, tokenizer } from "./wordpiece.ts";

/** A tokenizer, and the tokenizer.json that it is made by (see auto.ts). */
export interface Read {
  tokenizer: Tokenizer;
  file: Json;
  /** The named special tokens: "bos_token". */
  named: Readonly<Record<string, string>>;
  /** tokenizer_config.json's. */
  chatTemplate?: unknown;
}

const MOST = 2 ** 26; // bytes of a file

/** What tokenizers are kept in that have no tokenizer.json. */
const OTHERS = ["vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"];

/** The tokenizer of a folder with this config.json. */
export async function readTokenizer(from: Folder, model: Json, signal?: AbortSignal): Promise<Read> {
  const json = (name: string) => readJson(from, name, { code: "TokenizerInvalid", most: MOST, signal });
  const [file, config] = await Promise.all([json("tokenizer.json"), json("tokenizer_config.json")]);
  if (!file) {
    const there = await Promise.all(OTHERS.map(async (name) => ((await from.open(name)) ? [name] : [])));
    const names = there.flat().join(", ");
    const instead = names && ` but ${names}; AutoTokenizer.from_pretrained(…).save_pretrained(…) writes one`;
    throw missing(from, "tokenizer.json", instead);
  }
  // 5.x writes neither of these; 4.x reads them where there is no added_tokens_decoder.
  const older = !config || !(Object.hasOwn(config, "added_tokens_decoder") || Object.hasOwn(config, "backend"));
  const [specials, added] = older
    ? await Promise.all([json("special_tokens_map.json"), json("added_tokens.json")])
    : [];
  const read = await tokenizerOf({ tokenizer: file, config, specials, added, model });
  return { ...read, chatTemplate: config?.chat_template };
}

/** The tokenizer of parsed files. BERT's kind is read here; what others need is loaded when it is. */
export async function tokenizerOf(files: Files): Promise<Read> {
  const { file, ...context } = await resolve(files);
  return { file, tokenizer: await read(file, context), named: context.named };
}

const read = async (file: Json, context: TokenizerContext): Promise<Tokenizer> =>
  isBert(file) ? tokenizer(file, context) : (await import("./pipeline.ts")).pipeline(file, context);
