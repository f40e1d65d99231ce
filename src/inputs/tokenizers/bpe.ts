// Byte-pair encoding (Sennrich et al., 2016): of all neighbours in a word, those that were merged first in training are
// merged first. A heap finds them, so that a word takes n log n. (Ours, like unigram.ts and regex.ts: @huggingface/tokenizers
// 0.2 takes 5 and 9 s and 1 GB for a word of a million letters, as texts without spaces have them, where these take 1.3
// and 0.2 s; it lacks prefixes; and JavaScript's regular expressions neither read Oniguruma's nor end.)

import { asText } from "../../errors.ts";
import { flag, invalid, type Json, list, only, show, text } from "./fields.ts";
import type { Found, Pieces } from "./pieces.ts";
import { byteIds, known } from "./pieces.ts";
import { MOST_AFFIX, pieceIds } from "./vocabulary.ts";

/** The most units of a cached word, and the most cached words. */
const SHORT = 64;
const WORDS = 10_000;

/** Merges in a file, which pays for them in bytes. */
const MOST = 2 ** 24;

export function bytePairs(model: Json): Pieces {
  only(model.dropout || null, "model.dropout", null); // transformers drops merges at random in inference, too
  const prefix = text(model.continuing_subword_prefix ?? "", "model.continuing_subword_prefix", MOST_AFFIX);
  const suffix = text(model.end_of_word_suffix ?? "", "model.end_of_word_suffix", MOST_AFFIX);
  const ids = pieceIds(model.vocab);
  const merges = readMerges(model.merges, ids, prefix);
  const unk = model.unk_token == null ? null : known(ids, text(model.unk_token, "model.unk_token"), "model.unk_token");
  const fuse = flag(model.fuse_unk, "model.fuse_unk", false);
  const whole = flag(model.ignore_merges, "model.ignore_merges", false);
  const bytes = flag(model.byte_fallback, "model.byte_fallback", false) ? byteIds(ids) : undefined;

  /** A word's characters, those that the vocabulary lacks as bytes or as unknown. */
  const start = (word: string): Found[] => {
    const found: Found[] = [];
    let unknown: Found | undefined; // the last one found, if it is
    for (let from = 0, to: number; from < word.length; from = to) {
      to = from + (word.codePointAt(from)! > 0xffff ? 2 : 1);
      const piece = (from ? prefix : "") + word.slice(from, to) + (to === word.length ? suffix : "");
      const id = ids.get(piece);
      const parts = id === undefined ? bytes?.(piece) : [id]; // the prefix and the suffix are bytes, too
      if (parts) {
        for (const id of parts) found.push({ id, from, to });
        unknown = undefined;
      } else if (fuse && unknown) unknown.to = to;
      else if (unk !== null) {
        unknown = { id: unk, from, to };
        found.push(unknown);
      }
    }
    return found;
  };

  const remembered = new Map<string, Found[]>();
  const of = (word: string): Found[] => {
    const id = whole ? ids.get(word) : undefined;
    if (id !== undefined) return [{ id, from: 0, to: word.length }];
    if (word.length > SHORT) return merged(start(word), merges);
    const again = remembered.get(word);
    if (again) return again;
    const found = merged(start(word), merges);
    if (remembered.size === WORDS) remembered.clear(); // texts choose what is in it
    remembered.set(word, found);
    return found;
  };
  return { ids, unk, of };
}

/** What two neighbours become, and how early, by their ids: pair(left, right) is a number. */
type Merges = ReadonlyMap<number, { rank: number; id: number }>;

const pair = (left: number, right: number): number => left * 2 ** 21 + right;

function readMerges(json: unknown, ids: ReadonlyMap<string, number>, prefix: string): Merges {
  const merges = new Map<number, { rank: number; id: number }>();
  for (const [text, id] of ids) {
    if (id >= 2 ** 21) throw invalid(`model.vocab[${show(text)}]`, `is ${id}, the highest id is ${2 ** 21 - 1}`);
  }
  for (const [rank, merge] of list(json, "model.merges", MOST).entries()) {
    const parts = typeof merge === "string" ? merge.split(" ") : merge;
    const [left, right] = Array.isArray(parts) && parts.length === 2 ? parts : [];
    const [a, b] = [ids.get(left), ids.get(right)];
    const id = ids.get(`${asText(left)}${asText(right).slice(prefix.length)}`);
    if (a === undefined || b === undefined || id === undefined) {
      throw invalid(`model.merges[${rank}]`, `is ${show(merge)}, which makes no piece of the vocabulary`);
    }
    merges.set(pair(a, b), { rank, id });
  }
  return merges;
}

function merged(found: Found[], merges: Merges): Found[] {
  const n = found.length;
  const next = Int32Array.from(found, (_, i) => (i + 1 < n ? i + 1 : -1));
  const last = Int32Array.from(found, (_, i) => i - 1);
  const ids = Int32Array.from(found, ({ id }) => id);
  const ends = Int32Array.from(found, ({ to }) => to);
  /** Of each piece, by which merge it would join the next one; a heap's entry that says another is out of date. */
  const ranks = new Int32Array(n).fill(-1);
  const heap: number[] = []; // rank * 2^24 + place: lowest rank first, then the leftmost
  const offer = (i: number) => {
    const merge = next[i] < 0 ? undefined : merges.get(pair(ids[i], ids[next[i]]));
    ranks[i] = merge ? merge.rank : -1;
    if (merge) push(heap, merge.rank * 2 ** 24 + i);
  };
  for (let i = 0; i < n; i++) offer(i);
  while (heap.length) {
    const top = pop(heap);
    const i = top % 2 ** 24;
    if (ranks[i] !== Math.floor(top / 2 ** 24)) continue;
    const j = next[i];
    ids[i] = merges.get(pair(ids[i], ids[j]))!.id;
    ends[i] = ends[j];
    next[i] = next[j];
    if (next[i] >= 0) last[next[i]] = i;
    ranks[j] = -1;
    offer(i);
    if (last[i] >= 0) offer(last[i]);
  }
  const out: Found[] = [];
  for (let i = n ? 0 : -1; i >= 0; i = next[i]) out.push({ id: ids[i], from: found[i].from, to: ends[i] });
  return out;
}

function push(heap: number[], value: number): void {
  let i = heap.length;
  for (; i > 0; ) {
    const above = (i - 1) >> 1;
    if (heap[above] <= value) break;
    heap[i] = heap[above];
    i = above;
  }
  heap[i] = value;
}

function pop(heap: number[]): number {
  const [top] = heap;
  const value = heap.pop()!;
  const n = heap.length;
  for (let i = 0; n; ) {
    let below = 2 * i + 1;
    if (below + 1 < n && heap[below + 1] < heap[below]) below++;
    if (below >= n || heap[below] >= value) {
      heap[i] = value;
      break;
    }
    heap[i] = heap[below];
    i = below;
  }
  return top;
}
