// What tokenizer.json's post_processor puts around one text, and around two.

import { invalid, list, object, only, type Piece, show } from "./fields.ts";

export interface Template {
  single: readonly [before: readonly Piece[], after: readonly Piece[]];
  pair: readonly [before: readonly Piece[], between: readonly Piece[], after: readonly Piece[]];
}

/** Pieces on one side of a text. */
const MOST = 64;

const NONE: Template = { single: [[], []], pair: [[], [], []] };

export function template(json: unknown, ids: ReadonlyMap<string, number>, field = "post_processor"): Template {
  if (json == null) return NONE;
  const processor = object(json, field);
  const known = (id: unknown, text: unknown, at: string): Piece => {
    if (typeof text === "string" && typeof id === "number" && ids.get(text) === id) return { id, text };
    throw invalid(at, `names ${show(text)} with id ${show(id)}, which is not in the vocabulary`);
  };
  const types = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence"];
  only(processor.type, `${field}.type`, ...types);
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
      return [known(id, text, `${field}.${name}`)];
    });
    return { single: [cls, sep], pair: [cls, processor.type === "BertProcessing" ? sep : [...sep, ...sep], sep] };
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
  /** The pieces before, between and after the texts, which are called by these letters. */
  const sides = (name: "single" | "pair", texts: string): Piece[][] => {
    const found: Piece[][] = [[]];
    for (const [i, item] of list(processor[name], `${field}.${name}`, MOST).entries()) {
      const at = `${field}.${name}[${i}]`;
      const entry = object(item, at);
      const { id, type_id: type } = object(entry.Sequence ?? entry.SpecialToken, at);
      // Of two texts the second may be of another type.
      only(type ?? 0, `${at}.type_id`, 0, ...(texts.length > 1 ? [1] : []));
      if (entry.Sequence === undefined) {
        found[found.length - 1].push(...expand(id, at));
        continue;
      }
      if (id !== texts[found.length - 1]) throw invalid(at, `places ${show(id)}; its texts are ${texts}, in order`);
      found.push([]);
    }
    if (found.length <= texts.length)
      throw invalid(`${field}.${name}`, `has no place for text ${texts[found.length - 1]}`);
    return found;
  };
  const [before, after] = sides("single", "A");
  const [first, between, last] = processor.pair == null ? [before, after, after] : sides("pair", "AB");
  return { single: [before, after], pair: [first, between, last] };
}
