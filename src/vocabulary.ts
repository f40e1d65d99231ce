// tokenizer.json and tokenizer_config.json, read as the untrusted files they are: what the tokenizer uses is checked here,
// once, and nothing else is read. Pieces live in Maps, so one called "__proto__" is a piece like any other.

import {
  count,
  flag,
  invalid,
  type Json,
  list,
  object,
  only,
  type Piece,
  piece,
  row,
  show,
  unsupported,
} from "./tokenizers/fields.ts";
import { type Template, template } from "./tokenizers/template.ts";
import { MAX_CHARS, type Normalizer } from "./words.ts";

export interface WordPieceModel {
  ids: Map<string, number>;
  unk: string;
  /** What pieces begin with that go on a word. */
  prefix: string;
  /** The most characters of a word that is not unknown. */
  longest: number;
}

export interface Vocabulary {
  normalizer: Normalizer;
  model: WordPieceModel;
  /** Literals that are one token wherever they stand in the text: "[SEP]". */
  added: (Piece & { special: boolean })[];
  template: Template;
  /** The highest id, plus one. */
  size: number;
  unkId: number;
  padId: number | null;
  maskId: number | null;
}

/** Meant to be far above what models need, and low enough that no file makes a text expensive. */
const MOST_ADDED = 4096;

/** Reads a tokenizer's two files for a model whose embedding table has `rows` rows. */
export function vocabulary(tokenizerJson: unknown, tokenizerConfig: unknown, rows: number): Vocabulary {
  const file = object(tokenizerJson, "tokenizer.json");
  const config = object(tokenizerConfig ?? {}, "tokenizer_config.json");
  only(file.version ?? "1.0", "version", "1.0");
  const model = readModel(object(file.model, "model"), rows);
  const normalizer = readNormalizer(object(file.normalizer, "normalizer"), config);
  only(object(file.pre_tokenizer, "pre_tokenizer").type, "pre_tokenizer.type", "BertPreTokenizer");

  const ids = new Map(model.ids);
  const added = readAdded(file.added_tokens, ids, rows);
  const around = template(file.post_processor, ids);
  let size = 0;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  // Some holes are common; a table made of holes is a mistake or an attack.
  if (size > 4 * ids.size) throw invalid("model.vocab", `has an id ${size - 1} but only ${ids.size} pieces`);
  const unkId = ids.get(model.unk)!;
  const padId = special(config, "pad_token", "[PAD]", ids);
  const maskId = special(config, "mask_token", "[MASK]", ids);
  return { normalizer, model, added, template: around, size, unkId, padId, maskId };
}

function readModel(model: Json, rows: number): WordPieceModel {
  // Files older than the field have no type; WordPiece is then what has this prefix and no merges.
  const untyped = model.type === undefined && "continuing_subword_prefix" in model && !("merges" in model);
  if (!untyped && model.type !== "WordPiece") {
    throw unsupported(model.type, "model.type", ["WordPiece", "BPE", "Unigram"]); // the others have readers of their own
  }
  const vocab = object(model.vocab, "model.vocab");
  const ids = new Map<string, number>();
  const seen = new Set<number>();
  for (const [text, value] of Object.entries(vocab)) {
    const field = `model.vocab[${show(text)}]`;
    piece(text, field);
    const id = row(value, field, rows);
    if (seen.has(id)) throw invalid(field, `is ${id}, the id of another piece`);
    seen.add(id);
    ids.set(text, id);
  }
  const unk = piece(model.unk_token ?? "[UNK]", "model.unk_token");
  if (!ids.has(unk)) throw invalid("model.unk_token", `is ${show(unk)}, not in model.vocab`);
  return {
    ids,
    unk,
    prefix: piece(model.continuing_subword_prefix ?? "##", "model.continuing_subword_prefix"),
    longest: count(model.max_input_chars_per_word ?? 100, "model.max_input_chars_per_word", MAX_CHARS),
  };
}

/** Where the files disagree tokenizer_config.json wins: transformers has it so, hence the model was trained so. */
function readNormalizer(json: Json, config: Json): Normalizer {
  only(json.type, "normalizer.type", "BertNormalizer");
  const either = (theirs: string, ours: string, otherwise: boolean) =>
    flag(config[theirs], `config.${theirs}`, flag(json[ours], `normalizer.${ours}`, otherwise));
  const lowercase = either("do_lower_case", "lowercase", true);
  return {
    clean_text: flag(json.clean_text, "normalizer.clean_text", true),
    handle_chinese_chars: either("tokenize_chinese_chars", "handle_chinese_chars", true),
    strip_accents: either("strip_accents", "strip_accents", lowercase),
    lowercase,
  };
}

/** Also enters the added tokens in `ids`. */
function readAdded(json: unknown, ids: Map<string, number>, rows: number): Vocabulary["added"] {
  const taken = new Set(ids.values());
  const seen = new Set<string>();
  return list(json ?? [], "added_tokens", MOST_ADDED).map((item, i) => {
    const at = `added_tokens[${i}]`;
    const token = object(item, at);
    const text = piece(token.content, `${at}.content`);
    const special = flag(token.special, `${at}.special`, false);
    only(flag(token.normalized, `${at}.normalized`, !special), `${at}.normalized`, false);
    only(flag(token.single_word, `${at}.single_word`, false), `${at}.single_word`, false);
    // lstrip and rstrip would widen the token over spaces, which are no part of any of BERT's tokens.
    if (!text) throw invalid(`${at}.content`, "is empty");
    if (seen.has(text)) throw invalid(`${at}.content`, `is ${show(text)} for the second time`);
    seen.add(text);
    const id = row(token.id, `${at}.id`, rows);
    const known = ids.get(text);
    if (known === undefined ? taken.has(id) : known !== id) {
      throw invalid(`${at}.id`, `is ${id} for ${show(text)}, which contradicts the vocabulary`);
    }
    taken.add(id);
    ids.set(text, id);
    return { id, text, special };
  });
}

/** The id of a special token that the config may name, null where the vocabulary has none. */
export function special(
  config: Json,
  name: string,
  otherwise: string,
  ids: ReadonlyMap<string, number>,
): number | null {
  const value = config[name] ?? undefined;
  const text = typeof value === "object" ? object(value, `config.${name}`).content : value;
  const id = ids.get(text === undefined ? otherwise : piece(text, `config.${name}`));
  if (text !== undefined && id === undefined)
    throw invalid(`config.${name}`, `is ${show(text)}, not in the vocabulary`);
  return id ?? null;
}
