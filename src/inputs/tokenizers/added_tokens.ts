// Tokens that a tokenizer's files add to its vocabulary, and which of them are special: tokenizer.json, tokenizer_config.json,
// added_tokens.json and the class all say something of it.

import { asText } from "../../errors.ts";
import { type Added, added, type Kind, type Named } from "./bert_class.ts";
import { flag, type Json, list, object, piece, show } from "./fields.ts";

const NAMED = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map((name) => `${name}_token`);
const MOST = 2 ** 20; // added tokens

function token(json: unknown, at: string): Added {
  const it = object(json, at);
  const is = (name: string, otherwise = false) => flag(it[name], `${at}.${name}`, otherwise);
  const special = is("special");
  return {
    content: piece(it.content, `${at}.content`),
    special,
    normalized: is("normalized", !special),
    single_word: is("single_word"),
    lstrip: is("lstrip"),
    rstrip: is("rstrip"),
  };
}

/** A token's text. */
export const content = (one: string | Added) => (typeof one === "string" ? one : one.content);

const given = (value: unknown, at: string): string | Added =>
  typeof value === "object" ? token(value, at) : piece(value, at);

/** Those that tokenizer.json has itself. */
export const ownTokens = (tokenizer: Json): Added[] =>
  list(tokenizer.added_tokens ?? [], "added_tokens", MOST).map((one, i) => token(one, `added_tokens[${i}]`));

/** added_tokens_decoder; files that have none list added_tokens.json and tokenizer.json's own. By id. */
export function decoder(config: Json, tokenizer: Json, more: Json | undefined): Added[] {
  const found = new Map<number, Added>();
  if (config.added_tokens_decoder !== undefined) {
    for (const [id, one] of Object.entries(object(config.added_tokens_decoder, "config.added_tokens_decoder"))) {
      found.set(Number(id), token(one, `config.added_tokens_decoder[${show(id)}]`));
    }
  } else {
    const texts = [
      ...NAMED.map((name) => config[name]),
      ...[config.additional_special_tokens, config.extra_special_tokens].flat(),
    ];
    const specials = new Set(texts.map((one) => (typeof one === "object" ? (one as Json | null)?.content : one)));
    for (const [text, id] of Object.entries(more ?? {})) {
      found.set(Number(id), added(piece(text, "added_tokens.json"), { special: specials.has(text) }));
    }
    for (const [i, one] of ownTokens(tokenizer).entries()) {
      found.set(Number(asText((tokenizer.added_tokens as (Json | null)[])[i]?.id)), one);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([, one]) => one);
}

/** The named special tokens, by name: what the config says, or else the class. */
export function namedTokens(
  config: Json,
  kind: Kind | undefined,
  four: boolean,
  known: ReadonlyMap<string, Added>,
): Named {
  const flags = kind?.flags?.[four ? 0 : 1] ?? {};
  const out: Named = {};
  // Models' own ("image_token") come after the usual ones.
  const own = four
    ? []
    : Object.keys(config).filter((key) => key.endsWith("_token") && typeof config[key] === "string");
  const others = config.extra_special_tokens;
  const dictionary = others && typeof others === "object" && !Array.isArray(others) ? (others as Json) : {};
  for (const key of new Set([...NAMED, ...own, ...Object.keys(dictionary)])) {
    const value = Object.hasOwn(dictionary, key) ? dictionary[key] : config[key];
    if (value === null || typeof value === "boolean") continue;
    const one = value === undefined ? kind?.tokens[key] : given(value, `config.${key}`);
    if (one === undefined) continue;
    const mapped = value === undefined ? one : (known.get(content(one)) ?? one);
    const cast = flags[key] ?? flags["*"];
    out[key] = typeof mapped === "string" && cast ? added(mapped, { special: true, ...cast }) : mapped;
  }
  return out;
}

/** Special tokens without a name. */
export function extraTokens(config: Json, kind: Kind | undefined, four: boolean): (string | Added)[] {
  const additional = config.additional_special_tokens;
  const extra = four ? additional : config.extra_special_tokens || additional;
  if (extra === undefined) return [...(kind?.extra ?? [])];
  if (extra === null || !Array.isArray(extra)) return [];
  return list(extra, "config.additional_special_tokens", MOST).map((one) =>
    given(one, "config.additional_special_tokens"),
  );
}

/** The tokens that transformers adds to the library's tokenizer, in its order. */
export function missing(
  vocab: Vocabulary,
  listed: readonly Added[],
  names: Named,
  extra: (string | Added)[],
  four: boolean,
): Added[] {
  const there = new Set(vocab.added.map((one) => JSON.stringify(plain(one))));
  const out: (string | Added)[] = listed.filter((one) => !there.has(JSON.stringify(plain(one))));
  const contents = new Set([...vocab.added, ...out].map(content));
  const all = [...Object.values(names).filter((one) => one !== undefined), ...extra];
  const seen = new Set<string>();
  for (const one of all) {
    const text = content(one);
    if (four ? seen.has(text) : contents.has(text)) continue;
    seen.add(text);
    if (typeof one === "object" || !contents.has(text)) out.push(one); // in 4.x one with flags is none of the strings
  }
  const specials = new Set((four ? all : Object.values(names).filter((one) => one !== undefined)).map(content));
  return out.map((one) =>
    typeof one === "string"
      ? added(one, { special: true })
      : { ...one, special: one.special || specials.has(one.content) },
  );
}

const plain = ({ content, special, normalized, single_word, lstrip, rstrip }: Added): Added => ({
  content,
  special,
  normalized,
  single_word,
  lstrip,
  rstrip,
});

/** A vocabulary to which tokens are added as the library does it. */
export class Vocabulary {
  readonly json: unknown;
  readonly type: "WordPiece" | "BPE" | "Unigram" | "WordLevel";
  readonly #size: number;
  readonly #added = new Map<number, Added>();
  /** Tokens as they were when they became special: they stay that, and where they are looked for. */
  readonly #specials = new Map<string, Added>();
  readonly #ids = new Map<string, number>();
  #highest = -1;
  #pieces?: Map<string, number>;

  constructor(model: Json) {
    this.json = model.vocab ?? {};
    this.type = (model.type ??
      (Array.isArray(model.vocab) ? "Unigram" : model.merges ? "BPE" : "WordPiece")) as this["type"];
    this.#size = Array.isArray(model.vocab) ? model.vocab.length : Object.keys(object(this.json, "model.vocab")).length;
  }

  id(text: string): number | undefined {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    if (!Array.isArray(this.json)) {
      return Object.hasOwn(this.json as Json, text) ? ((this.json as Json)[text] as number) : undefined;
    }
    this.#pieces ??= new Map((this.json as unknown[]).map((entry, id) => [(entry as [string] | null)?.[0] ?? "", id]));
    return this.#pieces.get(text);
  }

  /** A token of the vocabulary keeps its id, another one has the next; flags are the last ones given. */
  add(tokens: readonly Added[]): void {
    for (const one of tokens) {
      if (!one.content) continue;
      const id = this.id(one.content) ?? Math.max(this.#highest + 1, this.#size);
      this.#highest = Math.max(this.#highest, id);
      this.#ids.set(one.content, id);
      if (one.special && !this.#specials.has(one.content)) this.#specials.set(one.content, one);
      this.#added.set(id, { ...plain(one), normalized: (this.#specials.get(one.content) ?? one).normalized });
    }
  }

  /** As tokenizer.json lists them. */
  get added(): (Added & { id: number; was_special: boolean })[] {
    return [...this.#added].map(([id, one]) => ({ ...one, id, was_special: this.#specials.has(one.content) }));
  }
}
