// tokenizer.json as the pipeline that it describes: added tokens, normaliser, pre-tokeniser, pieces, template. Loaded when a
// model has such a tokenizer. (BERT's kind is read by ../tokenizer.ts, in one walk.)

import { RelpropError } from "../../errors.ts";
import { type Aligned, aligned, range, slice } from "./aligned.ts";
import { type Budget, bounded, budget as budgeted, spend } from "./budget.ts";
import { flag, invalid, type Json, list, object, only, type Piece, piece } from "./fields.ts";
import { pieces as piecesOf } from "./model.ts";
import { normalizer } from "./normalizers.ts";
import { split } from "./splits.ts";
import { template } from "./template.ts";
import { entered, facts, MOST_ADDED } from "./vocabulary.ts";
import { encoder, literals, meant, type Read, type Tokenizer, type TokenizerContext } from "./wordpiece.ts";

/** A literal that is one token wherever it stands: in the text as it is, or once it is `normalized`. */
interface Added extends Piece {
  special: boolean;
  /** See auto.ts. */
  was_special: boolean;
  normalized: boolean;
  /** Only if it is no part of a longer word. */
  single_word: boolean;
  /** Whether it takes the white space around it. */
  lstrip: boolean;
  rstrip: boolean;
}

/** The tokenizer of a tokenizer.json. */
export function pipeline(
  tokenizerJson: unknown,
  { named = {}, typed = true, truncation = "right" }: TokenizerContext = {},
): Tokenizer {
  const file = object(tokenizerJson, "tokenizer.json");
  only(file.version ?? "1.0", "version", "1.0");
  const steps = counted(file);
  const pieces = piecesOf(object(file.model, "model"));
  const names = new Map([...pieces.ids].map(([text, id]) => [id, text]));
  const ids = new Map(pieces.ids);
  const all = readAdded(file.added_tokens, ids);
  for (const { id, text } of all) names.set(id, text);
  // With split_special_tokens those that are special are text like any other.
  const added = file.split_special_tokens ? all.filter(({ special, was_special }) => !special && !was_special) : all;
  const around = template(file.post_processor, ids);
  const normalize = normalizer(file.normalizer);
  const written = file.added_normalizer === undefined ? normalize : normalizer(file.added_normalizer);
  const words = split(file.pre_tokenizer);
  const asWritten = finder(added.filter(({ normalized }) => !normalized));
  const asNormalized = finder(
    added.filter(({ normalized }) => normalized),
    (text, budget) => {
      spend(budget, 2 * EACH_STEP * steps * (EACH_TOKEN + text.length), "normalizer, of added_tokens,");
      return written(aligned(text, 0, text.length, 0, budget), 0).text;
    },
  );

  const read: Read = (text, shift, tokens, warnings) => {
    const budget = budgeted(text.length);
    spend(budget, EACH_STEP * steps * text.length, "normalizer and pre_tokenizer");
    const pay = ({ text }: Aligned) => {
      bounded(budget, text.length);
      budget.units -= text.length;
    };
    const take = ({ id, text: content, special }: Added, start: number, end: number) => {
      tokens.push({ id, text: content, start, end, special });
      if (special) warnings.add(meant(content));
    };
    const plain = (x: Aligned) => {
      for (const word of words(x, shift)) {
        pay(word);
        if (!word.text) continue;
        let [first, last] = [-1, -1];
        let place: [start: number, end: number] = [0, 0];
        for (const { id, from, to } of pieces.of(word.text, budget)) {
          // Bytes of unknown characters share their range, which may be a whole text.
          if (from !== first || to !== last) place = trimmed(text, shift, range(word, from, to));
          [first, last] = [from, to];
          const [start, end] = place;
          tokens.push({ id, text: names.get(id)!, start, end, special: false });
        }
      }
    };
    const normal = (x: Aligned) => {
      pay(x);
      for (const { token, from, to, first, last } of asNormalized(x.text, budget)) {
        if (token) take(token, ...range(x, first, last));
        else plain(slice(x, from, to, shift));
      }
    };
    for (const { token, from, to, first, last } of asWritten(text, budget)) {
      if (token) take(token, shift + first, shift + last);
      else normal(normalize(aligned(text, from, to, shift, budget), shift));
    }
  };

  return {
    ...facts(ids, named),
    unkId: pieces.unk,
    template: around,
    typed,
    truncation,
    encode: encoder(around, read, typed),
  };
}

/** Steps of normalizing and cutting, each of which goes over the whole text. */
const MOST_STEPS = 128;

/** What one costs for each unit of a text: some steps of a budget. */
const EACH_STEP = 8;

/** Units of a text that an added token stands for: it is normalized by itself. */
const EACH_TOKEN = 64;

/** How many there are. Throws `LimitExceeded` for more than that. */
function counted({ normalizer, pre_tokenizer }: Json): number {
  let steps = 0;
  const backward = (json: unknown): void => {
    if (typeof json !== "object" || json === null || ++steps > MOST_STEPS) return;
    const { normalizers, pretokenizers } = json as Json;
    for (const inside of [normalizers, pretokenizers]) if (Array.isArray(inside)) inside.forEach(backward);
  };
  backward(normalizer);
  backward(pre_tokenizer);
  if (steps <= MOST_STEPS) return steps;
  const message = `the tokenizer's normalizer and pre_tokenizer have more than ${MOST_STEPS} steps`;
  throw new RelpropError("LimitExceeded", message, { most: MOST_STEPS });
}

/** Also enters the added tokens in `ids`. */
function readAdded(json: unknown, ids: Map<string, number>): Added[] {
  return list(json ?? [], "added_tokens", MOST_ADDED).map((item, i) => {
    const at = `added_tokens[${i}]`;
    const token = object(item, at);
    const text = piece(token.content, `${at}.content`);
    if (!text) throw invalid(`${at}.content`, "is empty");
    const is = (name: string, otherwise = false) => flag((token as Json)[name], `${at}.${name}`, otherwise);
    const id = entered(token.id, text, ids, at);
    const special = is("special");
    const normalized = is("normalized", !special);
    return {
      id,
      text,
      special,
      was_special: is("was_special"),
      normalized,
      single_word: is("single_word"),
      lstrip: is("lstrip"),
      rstrip: is("rstrip"),
    };
  });
}

/** A text's parts: what lies between added tokens, and those; `first` to `last` is what is written of one. */
interface Part {
  token?: Added;
  from: number;
  to: number;
  first: number;
  last: number;
}

const SPACE = /\p{White_Space}/u;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Finds added tokens as Rust does: the leftmost longest, and what is found but may not stand there is passed over. */
function finder(added: readonly Added[], written: (text: string, budget: Budget) => string = (text) => text) {
  const all = budgeted(added.reduce((n, { text }) => n + EACH_TOKEN + text.length, 0));
  const texts = added.map((token) => {
    const text = written(token.text, all);
    bounded(all, text.length);
    all.units -= text.length;
    return { text, token };
  });
  const find = literals(texts.filter(({ text }) => text));

  return (text: string, budget: Budget): Part[] => {
    const parts: Part[] = [];
    let from = 0;
    const between = (to: number) => {
      if (to > from || !text) parts.push({ from, to, first: from, last: to });
    };
    for (let i = 0; added.length && i < text.length; i++) {
      const found = find(text, i, budget);
      if (!found) continue;
      const { token } = found;
      const [first, last] = [i, i + found.text.length];
      i = last - 1;
      if (token.single_word && (WORD.test(ending(text, first)) || WORD.test(starting(text, last)))) continue;
      let [start, end] = [first, last];
      if (token.lstrip) while (start > from && SPACE.test(text[start - 1])) start--;
      if (token.rstrip) while (end < text.length && SPACE.test(text[end])) end++;
      between(start);
      parts.push({ token, from: start, to: end, first, last });
      from = end;
      i = end - 1;
    }
    between(text.length);
    return parts;
  };
}

const ending = (text: string, i: number) => [...text.slice(Math.max(0, i - 2), i)].at(-1) ?? "";
const starting = (text: string, i: number) => [...text.slice(i, i + 2)][0] ?? "";

/** A range of a text less the white space at its ends, unless there is nothing else. */
function trimmed(text: string, shift: number, [start, end]: [number, number]): [number, number] {
  let [from, to] = [start, end];
  while (from < to && SPACE.test(text[from - shift])) from++;
  while (to > from && SPACE.test(text[to - shift - 1])) to--;
  return from < to ? [from, to] : [start, end];
}
