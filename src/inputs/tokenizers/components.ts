// Parts of a tokenizer.json, as tokenizer classes build them.

import { is, type Kind, type Token } from "./bert_class.ts";
import type { Json } from "./fields.ts";

export const steps = (normalizers: Json[]): Json => ({ type: "Sequence", normalizers });
export const bytes = (add_prefix_space: boolean, use_regex = true): Json => ({
  type: "ByteLevel",
  add_prefix_space,
  use_regex,
});
export const spaced = (prepend_scheme: string, split = true): Json => ({
  type: "Metaspace",
  replacement: "▁",
  prepend_scheme,
  split,
});
export const words = (...pretokenizers: Json[]): Json => ({ type: "Sequence", pretokenizers });
export const replace = (pattern: Json, content: string): Json => ({ type: "Replace", pattern, content });

export const roberta = (token: Token): Json => ({ type: "RobertaProcessing", cls: token("cls"), sep: token("sep") });

export const PLAIN = {
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: "",
  end_of_word_suffix: "",
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

/** A token that begins a text, `byDefault` or if add_bos_token says so, and one that ends it if add_eos_token does. */
export const bosEos =
  (byDefault: boolean): Kind["around"] =>
  (config, find) => {
    const bos = is(config, "add_bos_token", byDefault) ? [find("bos")] : [];
    const eos = is(config, "add_eos_token", false) ? [find("eos")] : [];
    const put = (tokens: [string, number][], type_id: number) =>
      tokens.map(([id]) => ({ SpecialToken: { id, type_id } }));
    const around = (id: string, type_id: number) => [
      ...put(bos, type_id),
      { Sequence: { id, type_id } },
      ...put(eos, type_id),
    ];
    return {
      type: "TemplateProcessing",
      single: around("A", 0),
      pair: [...around("A", 0), ...around("B", 1)],
      special_tokens: Object.fromEntries([...bos, ...eos].map(([id, n]) => [id, { id, ids: [n], tokens: [id] }])),
    };
  };
