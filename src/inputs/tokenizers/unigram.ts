// The likeliest pieces by a unigram language model (Kudo, 2018), found from the left as SentencePiece does: of each place the
// best way there, in double precision; of ways that are as good the one found first.

import { beginnings } from "./beginnings.ts";
import { spend } from "./budget.ts";
import { count, flag, invalid, type Json, list, piece, show } from "./fields.ts";
import { byteIds, type Found, type Pieces } from "./pieces.ts";

/** Pieces in a file, which pays for them in bytes. */
const MOST = 2 ** 24;

/** How much less likely than the least likely piece a character is that no piece has. */
const PENALTY = 10;

export function unigrams(model: Json): Pieces {
  const ids = new Map<string, number>();
  let least = Number.POSITIVE_INFINITY;
  const exact = flag(model.exact_scores, "model.exact_scores", false);
  const scores = list(model.vocab, "model.vocab", MOST).map((entry, id) => {
    const field = `model.vocab[${id}]`;
    const [text, score] = list(entry, field, 2);
    if (typeof score !== "number" || !Number.isFinite(score)) throw invalid(field, `has the score ${show(score)}`);
    ids.set(piece(text, field), id);
    const read = exact ? score : asRustReads(score);
    least = Math.min(least, read);
    return read;
  });
  const unk = count(model.unk_id, "model.unk_id", scores.length - 1);
  const bytes = flag(model.byte_fallback, "model.byte_fallback", false) ? byteIds(ids) : undefined;

  const sorted = [...ids.keys()].filter(Boolean).sort();
  const positionEmbeddings = Int32Array.from(sorted, (text) => ids.get(text)!);
  const backward = beginnings(sorted);

  return {
    ids,
    unk,
    of(word, budget) {
      const best = new Float64Array(word.length + 1);
      const from = new Int32Array(word.length + 1).fill(-1);
      const by = new Int32Array(word.length + 1);
      const reach = (start: number, end: number, score: number, id: number) => {
        if (from[end] >= 0 && score <= best[end]) return;
        best[end] = score;
        from[end] = start;
        by[end] = id;
      };
      for (let at = 0, next: number; at < word.length; at = next) {
        next = at + (word.codePointAt(at)! > 0xffff ? 2 : 1);
        let alone = false;
        const stopped = backward(word, at, (end, k) => {
          reach(at, end, scores[positionEmbeddings[k]] + best[at], positionEmbeddings[k]);
          alone ||= end === next;
        });
        spend(budget, stopped - at, "vocabulary");
        if (!alone) reach(at, next, least - PENALTY + best[at], unk);
      }

      const found: Found[] = [];
      for (let to = word.length; to > 0; ) {
        let start = from[to];
        // Unknown characters that lie together are one.
        if (by[to] === unk) while (start > 0 && by[start] === unk) start = from[start];
        const text = word.slice(start, to);
        const id = ids.get(text);
        const parts = id === undefined ? bytes?.(text) : [id];
        for (const id of (parts ?? [unk]).slice().reverse()) found.push({ id, from: start, to });
        to = start;
      }
      return found.reverse();
    },
  };
}

/**
 * A score as the Rust library reads its digits: the integer they make over a power of ten, which is the last bit off for one
 * score in eight. That bit decides between ways that are as good.
 */
export function asRustReads(score: number): number {
  const [digits, exponent = "0"] = String(Math.abs(score)).split("e");
  const [whole, fraction = ""] = digits.split(".");
  const power = Number(exponent) - fraction.length;
  if (power < -308) return score;
  const integer = Number(whole + fraction);
  return Math.sign(score) * (power < 0 ? integer / Number(`1e${-power}`) : integer * Number(`1e${power}`));
}
