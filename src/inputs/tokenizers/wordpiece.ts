// Text to token ids, each with the exact range of the user's text it stands for. Words come with their ranges (words.ts)
// and a word's pieces lie end to end in it, so offsets are right by construction rather than found again afterwards.

import { quote, RelpropError } from "../../errors.ts";
import type { Resolved } from "./auto.ts";
import { beginnings } from "./beginnings.ts";
import { type TakeWord, wordsOf } from "./bert_words.ts";
import { type Budget, budget as budgeted, spend } from "./budget.ts";
import type { Piece } from "./fields.ts";
import type { Special, Template } from "./template.ts";
import type { Token } from "./token.ts";
import { facts, vocabulary, type WordPieceModel } from "./vocabulary.ts";

/** @internal */
export interface Encoding {
  ids: number[];
  tokens: Token[];
  /** What a reader must know to trust the tokens; mostly empty. */
  warnings: string[];
}

/** @internal */
export interface Tokenizer {
  /** The highest id, plus one. */
  readonly size: number;
  readonly unkId: number | null;
  readonly padId: number | null;
  readonly maskId: number | null;
  /**
   * Every token of the text and of the template; whether they are too many for the model is the caller's to say. Offsets of
   * a second text's tokens go on after the first one and a line's end.
   */
  encode(text: string, pair?: string): Encoding;
  /** What is put around one text, or two. */
  readonly template: Template;
  /** Whether it gives token type ids. */
  readonly typed: boolean;
  /** Which end of a text is cut off. */
  readonly truncation: "right" | "left";
}

/** The longest text that is read, in UTF-16 units. */
export const MAX_TEXT = 1 << 20;

/** What tokenizer_config.json adds to a tokenizer.json: see tokenizers/auto.ts. @internal */
export type TokenizerContext = Partial<Omit<Resolved, "file">>;

/** The tokenizer of a tokenizer.json of BERT's kind. @internal */
export function tokenizer(
  tokenizerJson: unknown,
  { named = {}, typed = true, truncation = "right" }: TokenizerContext = {},
): Tokenizer {
  const { model, normalizer, added, template, ids } = vocabulary(tokenizerJson);
  const words = wordsOf(normalizer);
  const pieces = wordPieces(model);
  const prefix = model.prefix.length;
  const literal = literals(added);

  const read: Read = (text, shift, tokens, warnings) => {
    const budget = budgeted(text.length);
    const take: TakeWord = (word, starts, ends) => {
      const found = pieces(word, budget);
      let from = 0;
      for (const text of found) {
        // A single piece, be it [UNK], is the whole word; of several, all but the first carry the prefix.
        const to = found.length === 1 ? word.length : from + text.length - (from > 0 ? prefix : 0);
        const id = model.ids.get(text)!;
        tokens.push({ id, text, start: shift + starts[from], end: shift + ends[to - 1], special: false });
        from = to;
      }
    };

    let from = 0;
    for (let i = 0; i < text.length; ) {
      const token = literal(text, i, budget);
      if (!token) {
        i++;
        continue;
      }
      words(text, from, i, take);
      from = i + token.text.length;
      const { id, text: content, special } = token;
      tokens.push({ id, text: content, start: shift + i, end: shift + from, special });
      if (special) warnings.add(meant(content));
      i = from;
    }
    words(text, from, text.length, take);
  };

  const unkId = model.ids.get(model.unk)!;
  return { ...facts(ids, named), unkId, typed, truncation, template, encode: encoder(template, read, typed) };
}

/** Adds the tokens of one text; its offsets start at `shift`. @internal */
export type Read = (text: string, shift: number, tokens: Token[], warnings: Set<string>) => void;

/**
 * Encodes one text or two, read by `read`, with what the template puts around them. Token type ids are left out unless
 * `typed`: transformers feeds them only if the tokenizer's model_input_names has them. @internal
 */
export function encoder(template: Template, read: Read, typed = true): Tokenizer["encode"] {
  return (text, pair) => {
    const tokens: Token[] = [];
    const warnings = new Set<string>();
    const put = (specials: readonly Special[]) => {
      for (const { id, text, type } of specials) {
        tokens.push({ id, text, start: null, end: null, special: true, ...(typed && type ? { typeId: type } : {}) });
      }
    };
    const add = (text: string, shift: number, type: number) => {
      if (typeof text !== "string")
        throw new RelpropError("InvalidInput", `the text is a ${typeof text}, not a string`);
      if (text.length > MAX_TEXT) {
        const message = `the text has ${text.length} characters; at most ${MAX_TEXT} are read`;
        throw new RelpropError("InputTooLong", message, { length: text.length, max: MAX_TEXT });
      }
      if (/\p{Cs}/u.test(text)) warnings.add("the text has half a surrogate pair, which is read as U+FFFD");
      const first = tokens.length;
      read(text, shift, tokens, warnings);
      if (typed && type) for (const token of tokens.slice(first)) token.typeId = type;
    };

    const [single, one, other] = template.types;
    const [before, after, end = []] = pair === undefined ? template.single : template.pair;
    put(before);
    add(text, 0, pair === undefined ? single : one);
    put(after);
    if (pair !== undefined) {
      const first = tokens.length;
      add(pair, text.length + 1, other);
      put(end);
      for (const token of tokens.slice(first)) token.type = 1;
    }
    return { ids: tokens.map((token) => token.id), tokens, warnings: [...warnings] };
  };
}

/**
 * The pieces of a word: the longest that fits, then the longest that goes on from there, [UNK] if one is missing. (The
 * library's own search tries every end of the word, the better part of a minute for a megabyte of hundred-letter words.)
 *
 * @internal
 */
export function wordPieces({ ids, unk, prefix, longest: most }: WordPieceModel) {
  const first = longest(ids.keys(), "vocabulary");
  const later = prefix
    ? longest(
        [...ids.keys()].filter((text) => text.startsWith(prefix)).map((text) => text.slice(prefix.length)),
        "vocabulary",
      )
    : first;

  return (word: string, budget: Budget = budgeted(word.length)): string[] => {
    if (word.length > most && [...word].length > most) return [unk];
    const pieces: string[] = [];
    for (let from = 0, to: number; from < word.length; from = to) {
      to = (from ? later : first)(word, from, budget);
      if (to === from) return [unk];
      pieces.push((from ? prefix : "") + word.slice(from, to));
    }
    return pieces;
  };
}

/** Where the longest of some texts ends that begins at a place of a word; the place itself, if none does. */
function longest(texts: Iterable<string>, what: string): (word: string, from: number, budget: Budget) => number {
  const backward = beginnings([...texts].filter(Boolean).sort());
  return (word, from, budget) => {
    let end = from;
    const stopped = backward(word, from, (at) => {
      end = at;
    });
    spend(budget, stopped - from, what);
    return end;
  };
}

/** The warning about a special token that occurs in the text. */
export const meant = (content: string): string =>
  `the text has ${quote(content)}, which the model reads as a special token`;

/** Finds the longest added token that stands at text[i]. */
export function literals<T extends Pick<Piece, "text">>(
  added: readonly T[],
): (text: string, i: number, budget: Budget) => T | undefined {
  const tokens = new Map(added.map((token) => [token.text, token]));
  const end = longest(tokens.keys(), "added_tokens");
  return (text, i, budget) => {
    const to = end(text, i, budget);
    return to === i ? undefined : tokens.get(text.slice(i, to));
  };
}
