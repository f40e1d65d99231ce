// From a word to pieces of a vocabulary: byte-pair encoding and unigrams, both searched by the library.

import * as library from "@huggingface/tokenizers";
import { count, flag, invalid, type Json, list, only, piece, row, show, text } from "./fields.ts";

/** A piece of a word: from which of its UTF-16 units to which. */
export interface Found {
  id: number;
  from: number;
  to: number;
}

export interface Pieces {
  ids: Map<string, number>;
  unk: number | null;
  /** The pieces of a word, in order; those of one character, in bytes, share its range. */
  of(word: string): Found[];
}

/** The library exports its models, but its types lose them under nodenext. */
interface Library {
  BPE: new (config: object) => { bpe(word: string): string[] };
  Unigram: new (config: object, eos: string) => { tokenize(word: string): string[] };
}

/** UTF-16 units of a word that are searched at once: a word may be a whole text, and unigrams need a graph of it. */
const MOST = 8192;

/** Byte-pair encoding (Sennrich et al., 2016). */
export function bytePairs(model: Json, rows: number): Pieces {
  for (const name of ["dropout", "continuing_subword_prefix", "end_of_word_suffix"]) {
    only(model[name] || null, `model.${name}`, null);
  }
  const ids = new Map<string, number>();
  for (const [text, value] of Object.entries((model.vocab ?? {}) as Json)) {
    const field = `model.vocab[${show(text)}]`;
    ids.set(piece(text, field), row(value, field, rows));
  }
  const merges = list(model.merges, "model.merges", 4 * rows + 1000).map((merge, i) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (Array.isArray(pair) && pair.length === 2 && ids.has(pair.join(""))) return pair;
    throw invalid(`model.merges[${i}]`, `is ${show(merge)}, which makes no piece of the vocabulary`);
  });
  const search = new (library as unknown as Library).BPE({ type: "BPE", vocab: Object.fromEntries(ids), merges });
  const whole = flag(model.ignore_merges, "model.ignore_merges", false);
  const unk = model.unk_token == null ? null : known(ids, text(model.unk_token, "model.unk_token"), "model.unk_token");
  const fuse = flag(model.fuse_unk, "model.fuse_unk", false);
  const bytes = flag(model.byte_fallback, "model.byte_fallback", false);
  return {
    ids,
    unk,
    of(word) {
      const id = whole ? ids.get(word) : undefined;
      if (id !== undefined) return [{ id, from: 0, to: word.length }];
      return placed(search.bpe(word), ids, unk, { fuse, bytes });
    },
  };
}

/** The likeliest pieces by a unigram language model (Kudo, 2018). */
export function unigrams(model: Json, rows: number): Pieces {
  const ids = new Map<string, number>();
  const vocab = list(model.vocab, "model.vocab", rows).map((entry, id) => {
    const field = `model.vocab[${id}]`;
    const [text, score] = list(entry, field, 2);
    if (typeof score !== "number" || !Number.isFinite(score)) throw invalid(field, `has the score ${show(score)}`);
    ids.set(piece(text, field), id);
    return [text, score];
  });
  const unk = count(model.unk_id, "model.unk_id", vocab.length - 1);
  const bytes = flag(model.byte_fallback, "model.byte_fallback", false);
  const search = new (library as unknown as Library).Unigram({ type: "Unigram", vocab, unk_id: unk }, "");
  return {
    ids,
    unk,
    of(word) {
      const found: Found[] = [];
      for (let from = 0, to: number; from < word.length; from = to) {
        to = Math.min(word.length, from + MOST);
        if (to < word.length && /[\udc00-\udfff]/.test(word[to])) to--;
        const pieces = search.tokenize(word.slice(from, to));
        found.push(...placed(pieces, ids, unk, { fuse: true, bytes }, from));
      }
      return found;
    },
  };
}

/** Pieces end to end from `at` on; one that the vocabulary lacks is its bytes, or unknown. */
function placed(
  pieces: readonly string[],
  ids: ReadonlyMap<string, number>,
  unk: number | null,
  { fuse, bytes }: { fuse: boolean; bytes: boolean },
  at = 0,
): Found[] {
  const found: Found[] = [];
  let unknown: Found | undefined; // the last one found, if it is
  for (const text of pieces) {
    const [from, to] = [at, at + text.length];
    at = to;
    const id = ids.get(text);
    const parts = id === undefined && bytes ? fallback(text, ids) : undefined;
    const taken = id === undefined ? parts : [id];
    if (taken && id !== unk) {
      found.push(...taken.map((id) => ({ id, from, to })));
      unknown = undefined;
    } else if (fuse && unknown) unknown.to = to;
    else if (unk !== null) {
      unknown = { id: unk, from, to };
      found.push(unknown);
    }
  }
  return found;
}

/** The pieces of a text's bytes, if the vocabulary has them all. */
function fallback(text: string, ids: ReadonlyMap<string, number>): number[] | undefined {
  const name = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  const found = Array.from(new TextEncoder().encode(text), (byte) => ids.get(name(byte)));
  return found.every((id) => id !== undefined) ? (found as number[]) : undefined;
}

function known(ids: ReadonlyMap<string, number>, text: string, field: string): number {
  const id = ids.get(text);
  if (id !== undefined) return id;
  throw invalid(field, `is ${show(text)}, not in the vocabulary`);
}
