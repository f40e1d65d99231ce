// What tokenizer.json's post_processor puts around one text, and around two, and the token type ids it gives.

import { count, invalid, list, object, only, type Piece, show } from "./fields.ts";

/** A special token and its token type id. */
export interface Special extends Piece {
  type: number;
}

export interface Template {
  single: readonly [before: readonly Special[], after: readonly Special[]];
  pair: readonly [before: readonly Special[], between: readonly Special[], after: readonly Special[]];
  /** The token type ids of the texts themselves: of one text, and of each of two. */
  types: readonly [single: number, first: number, second: number];
}

/** Pieces on one side of a text. */
const MOST = 64;

/** Token type ids. No model has a table of so many. */
const MOST_TYPES = 2 ** 16;

/** Without a template the second of two texts is of type 1. */
export const NONE: Template = { single: [[], []], pair: [[], [], []], types: [0, 0, 1] };

export function template(json: unknown, ids: ReadonlyMap<string, number>, field = "post_processor"): Template {
  if (json == null) return NONE;
  const processor = object(json, field);
  const known = (id: unknown, text: unknown, at: string): Piece => {
    if (typeof text === "string" && typeof id === "number" && ids.get(text) === id) return { id, text };
    throw invalid(at, `names ${show(text)} with id ${show(id)}, which is not in the vocabulary`);
  };
  const names = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence"];
  only(processor.type, `${field}.type`, ...names);
  if (processor.type === "ByteLevel") return NONE; // says where offsets end
  if (processor.type === "Sequence") {
    const all = list(processor.processors, `${field}.processors`, MOST)
      .map((one, i) => template(one, ids, `${field}.processors[${i}]`))
      .filter((one) => one !== NONE);
    if (all.length > 1) throw invalid(`${field}.processors`, "has several templates");
    return all[0] ?? NONE;
  }
  if (processor.type !== "TemplateProcessing") {
    const [cls, sep] = ["cls", "sep"].map((name) => {
      const [text, id] = list(processor[name], `${field}.${name}`, 2);
      return { ...known(id, text, `${field}.${name}`), type: 0 };
    });
    const single = [[cls], [sep]] as const;
    return processor.type === "BertProcessing"
      ? { single, pair: [[cls], [sep], [{ ...sep, type: 1 }]], types: [0, 0, 1] }
      : { single, pair: [[cls], [sep, sep], [sep]], types: [0, 0, 0] };
  }

  const specials = object(processor.special_tokens ?? {}, `${field}.special_tokens`);
  const expand = (id: unknown, at: string): Piece[] => {
    if (typeof id !== "string" || !Object.hasOwn(specials, id)) {
      throw invalid(at, `names ${show(id)}, which is not in ${field}.special_tokens`);
    }
    const from = `${field}.special_tokens[${show(id)}]`;
    const special = object(specials[id], from);
    const tokens = list(special.tokens, `${from}.tokens`, MOST);
    const tokenIds = list(special.ids, `${from}.ids`, tokens.length);
    return tokens.map((text, k) => known(tokenIds[k], text, `${from}.tokens`));
  };
  /** The specials before, between and after the texts, which are called by these letters; and the texts' types. */
  const sides = (name: "single" | "pair", texts: string): { found: Special[][]; types: number[] } => {
    const found: Special[][] = [[]];
    const types: number[] = [];
    for (const [i, item] of list(processor[name], `${field}.${name}`, MOST).entries()) {
      const at = `${field}.${name}[${i}]`;
      const entry = object(item, at);
      const { id, type_id } = object(entry.Sequence ?? entry.SpecialToken, at);
      const type = count(type_id ?? 0, `${at}.type_id`, MOST_TYPES);
      if (entry.Sequence === undefined) {
        found[found.length - 1].push(...expand(id, at).map((piece) => ({ ...piece, type })));
        continue;
      }
      if (id !== texts[types.length]) throw invalid(at, `places ${show(id)}; its texts are ${texts}, in order`);
      found.push([]);
      types.push(type);
    }
    if (types.length < texts.length) throw invalid(`${field}.${name}`, `has no place for text ${texts[types.length]}`);
    return { found, types };
  };
  const one = sides("single", "A");
  const [before, after] = one.found;
  const single = [before, after] as const;
  if (processor.pair == null) return { single, pair: NONE.pair, types: [one.types[0], 0, 1] }; // the library's default
  const two = sides("pair", "AB");
  const [first, between, last] = two.found;
  return { single, pair: [first, between, last], types: [one.types[0], two.types[0], two.types[1]] };
}
