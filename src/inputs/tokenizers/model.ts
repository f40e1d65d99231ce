// From a word to pieces of a vocabulary, by the kinds of tokenizer.json's `model`.

import { RelpropError } from "../../errors.ts";
import { bytePairs } from "./bpe.ts";
import type { Budget } from "./budget.ts";
import { type Json, only, piece, show } from "./fields.ts";
import type { Found, Pieces } from "./pieces.ts";
import { unigrams } from "./unigram.ts";
import { pieceIds, wordPieceModel } from "./vocabulary.ts";
import { wordPieces } from "./wordpiece.ts";

const kinds: Readonly<Record<string, (model: Json) => Pieces>> = {
  BPE: bytePairs,
  Unigram: unigrams,
  WordPiece(model) {
    const found = wordPieceModel(model);
    const search = wordPieces(found);
    const of = (word: string, budget: Budget): Found[] => {
      const pieces = search(word, budget);
      if (pieces.length === 1) return [{ id: found.ids.get(pieces[0])!, from: 0, to: word.length }];
      let to = 0;
      return pieces.map((text, k) => {
        const from = to;
        to += text.length - (k ? found.prefix.length : 0);
        return { id: found.ids.get(text)!, from, to };
      });
    };
    return { ids: found.ids, unk: found.ids.get(found.unk)!, of };
  },
  WordLevel(model) {
    const ids = pieceIds(model.vocab);
    const name = piece(model.unk_token ?? "<unk>", "model.unk_token");
    const unk = ids.get(name) ?? null;
    const of = (word: string): Found[] => {
      const id = ids.get(word) ?? unk;
      if (id !== null) return [{ id, from: 0, to: word.length }];
      const message = `the vocabulary has neither ${show(word)} nor the tokenizer's model.unk_token, ${show(name)}`;
      throw new RelpropError("TokenizerInvalid", message, { field: "model.unk_token" });
    };
    return { ids, unk, of };
  },
};

/** The model that tokenizer.json describes; older files without a type are identified by their fields. */
export function pieces(model: Json): Pieces {
  const untyped = Array.isArray(model.vocab) ? "Unigram" : model.merges ? "BPE" : "WordPiece";
  const type = model.type ?? untyped;
  only(type, "model.type", ...Object.keys(kinds));
  return kinds[String(type)](model);
}
