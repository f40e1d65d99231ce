// tokenizer.json and tokenizer_config.json, read as the untrusted files they are: what the tokenizer uses is checked here,
// once, and nothing else is read. Pieces live in Maps, so one called "__proto__" is a piece like any other.

import { MAX_CHARS, type Normalizer } from "./bert_words.ts";
import { count, flag, invalid, type Json, list, object, only, type Piece, piece, show, unsupported } from "./fields.ts";
import { type Template, template } from "./template.ts";

/** Files pay for added tokens in bytes. */
export const MOST_ADDED = 2 ** 20;

/** UTF-16 units that are put before or after parts of words, each time that one is looked up. */
export const MOST_AFFIX = 64;

/** Ids and lengths are counted in 32 bits. */
const MOST = 2 ** 31 - 1;

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
  /** Of pieces and added tokens. */
  ids: Map<string, number>;
}

/** Reads a tokenizer.json of BERT's kind (isBert). */
export function vocabulary(tokenizerJson: unknown): Vocabulary {
  const file = object(tokenizerJson, "tokenizer.json");
  only(file.version ?? "1.0", "version", "1.0");
  const model = wordPieceModel(object(file.model, "model"));
  const normalizer = bertNormalizer(object(file.normalizer, "normalizer"));
  only(object(file.pre_tokenizer, "pre_tokenizer").type, "pre_tokenizer.type", "BertPreTokenizer");

  const ids = new Map(model.ids);
  const added = readAdded(file.added_tokens, ids);
  const around = template(file.post_processor, ids);
  return { normalizer, model, added, template: around, ids };
}

/** Whether a tokenizer.json is read by tokenizer.ts, in one walk over the text; all others by tokenizers/pipeline.ts. */
export function isBert({ model, normalizer, pre_tokenizer, added_tokens, split_special_tokens }: Json): boolean {
  const { type, max_input_chars_per_word: longest = 100, ...rest } = (model ?? {}) as Json;
  const wordPiece = type === "WordPiece" || (type === undefined && "continuing_subword_prefix" in rest && !rest.merges);
  const plain = (token: unknown) => {
    const { normalized, single_word, special } = (token ?? {}) as Json;
    return !single_word && !(normalized ?? !special);
  };
  return (
    wordPiece &&
    (longest as number) <= MAX_CHARS &&
    (normalizer as Json | null)?.type === "BertNormalizer" &&
    (pre_tokenizer as Json | null)?.type === "BertPreTokenizer" &&
    (!Array.isArray(added_tokens) || added_tokens.every(plain)) &&
    !split_special_tokens
  );
}

/** A vocabulary's size and the ids that callers need. */
export function facts(ids: ReadonlyMap<string, number>, names: Readonly<Record<string, string | undefined>>) {
  let size = 0;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  // Some holes are common; a table made of holes is a mistake or an attack.
  if (size > 4 * ids.size) throw invalid("model.vocab", `has an id ${size - 1} but only ${ids.size} pieces`);
  const id = (name: string, ...usual: string[]) =>
    [names[name] ?? "", ...usual].map((text) => ids.get(text)).find((id) => id !== undefined) ?? null;
  return { size, padId: id("pad_token", "[PAD]", "<pad>"), maskId: id("mask_token", "[MASK]", "<mask>") };
}

export function wordPieceModel(model: Json): WordPieceModel {
  // Files older than the field have no type; WordPiece is then what has this prefix and no merges.
  const untyped = model.type === undefined && "continuing_subword_prefix" in model && !("merges" in model);
  if (!untyped && model.type !== "WordPiece") {
    throw unsupported(model.type, "model.type", ["WordPiece", "BPE", "Unigram"]); // the others have readers of their own
  }
  const ids = pieceIds(model.vocab);
  const unk = piece(model.unk_token ?? "[UNK]", "model.unk_token");
  if (!ids.has(unk)) throw invalid("model.unk_token", `is ${show(unk)}, not in model.vocab`);
  return {
    ids,
    unk,
    prefix: piece(model.continuing_subword_prefix ?? "##", "model.continuing_subword_prefix", MOST_AFFIX),
    longest: count(model.max_input_chars_per_word ?? 100, "model.max_input_chars_per_word", MOST),
  };
}

/** The ids of a vocabulary's pieces. */
export function pieceIds(vocab: unknown): Map<string, number> {
  const ids = new Map<string, number>();
  const seen = new Set<number>();
  for (const [text, value] of Object.entries(object(vocab, "model.vocab"))) {
    const field = `model.vocab[${show(text)}]`;
    piece(text, field);
    const id = count(value, field, MOST);
    if (seen.has(id)) throw invalid(field, `is ${id}, the id of another piece`);
    seen.add(id);
    ids.set(text, id);
  }
  return ids;
}

export function bertNormalizer(json: Json, field = "normalizer"): Normalizer {
  only(json.type, `${field}.type`, "BertNormalizer");
  const is = (name: string, otherwise: boolean) => flag(json[name], `${field}.${name}`, otherwise);
  const lowercase = is("lowercase", true);
  return {
    clean_text: is("clean_text", true),
    handle_chinese_chars: is("handle_chinese_chars", true),
    strip_accents: is("strip_accents", lowercase),
    lowercase,
  };
}

/** Also enters the added tokens in `ids`. */
function readAdded(json: unknown, ids: Map<string, number>): Vocabulary["added"] {
  const seen = new Set<string>();
  return list(json ?? [], "added_tokens", MOST_ADDED).map((item, i) => {
    const at = `added_tokens[${i}]`;
    const token = object(item, at);
    const text = piece(token.content, `${at}.content`);
    const special = flag(token.special, `${at}.special`, false);
    // lstrip and rstrip would widen the token over spaces, which are no part of any of BERT's tokens.
    if (!text) throw invalid(`${at}.content`, "is empty");
    if (seen.has(text)) throw invalid(`${at}.content`, `is ${show(text)} for the second time`);
    seen.add(text);
    return { id: entered(token.id, text, ids, at), text, special };
  });
}

/** The id of an added token, which the vocabulary may have already. */
export function entered(value: unknown, text: string, ids: Map<string, number>, at: string): number {
  const id = count(value, `${at}.id`, MOST);
  const known = ids.get(text);
  if (known !== undefined && known !== id) {
    throw invalid(`${at}.id`, `is ${id} for ${show(text)}, which contradicts the vocabulary`);
  }
  ids.set(text, id);
  return id;
}
