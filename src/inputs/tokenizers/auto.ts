// What AutoTokenizer.from_pretrained makes of a tokenizer's files, as one tokenizer.json. transformers 4.x takes tokenizer.json
// and changes what tokenizer_config.json says; 5.x builds most classes from the vocabulary and tokenizer_config.json, and takes
// tokenizer.json as it is for the others. Files are read as the version that wrote them reads them, since the model was used
// with it; where nothing says which one that was it was none of 5.x, which always says.

import { asText } from "../../errors.ts";
import { content, decoder, extraTokens, missing, namedTokens, ownTokens, Vocabulary } from "./added_tokens.ts";
import { added, bertLike, type Kind, type Named } from "./bert_class.ts";
import { flag, invalid, type Json, list, object, piece, show, unsupported } from "./fields.ts";

/** A tokenizer's files and the model's config.json, parsed. */
export interface Files {
  tokenizer: Json;
  config?: Json;
  /** special_tokens_map.json and added_tokens.json, which are read if tokenizer_config.json has no added_tokens_decoder. */
  specials?: Json;
  added?: Json;
  model?: Json;
}

/** What remains of a tokenizer's files. */
export interface Resolved {
  /** A tokenizer.json; its added tokens have the ids that the library assigns. */
  file: Json;
  /** Whether the network is fed token type ids. */
  typed: boolean;
  /** The named special tokens: "pad_token". */
  named: Record<string, string>;
  truncation: "right" | "left";
}

const GENERIC = ["PreTrainedTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend"];
const MOST_PIECES = 2 ** 24;

/** Model types for which 5.x does not believe tokenizer_class. */
const MISNAMED = new Set(["modernbert", "qwen2", "phi3"]);

/** The classes that are known: all of classes.ts or, so that a page need not load it, BERT's alone. */
type Classes = Pick<typeof import("./classes.ts"), "classes" | "kinds" | "rebuilt" | "refused" | "typed">;

const NONE = new Set<string>();
const bertAlone: Classes = {
  classes: { bert: ["Bert", "Bert"] },
  kinds: { Bert: bertLike },
  rebuilt: NONE,
  refused: NONE,
  typed: NONE,
};

export async function resolve(files: Files): Promise<Resolved> {
  const { config, model } = files;
  const names = config?.tokenizer_class ?? model?.tokenizer_class ?? "Bert";
  const own = model?.model_type === "bert" && typeof names === "string" && /^Bert(Tokenizer(Fast)?)?$/.test(names);
  return resolved(files, own ? bertAlone : await import("./classes.ts"));
}

/** @internal */
export function resolved(files: Files, table: Classes): Resolved {
  const { tokenizer, config: given = {}, specials = {}, added: more, model = {} } = files;
  const config: Json = Object.hasOwn(given, "added_tokens_decoder") ? given : legacy(given, specials);
  const four = writtenByFour(given, model);
  const name = className(tokenizer, given, model, four, table);
  const kind = Object.hasOwn(table.kinds, name ?? "") ? table.kinds[name!] : undefined;

  const listed = decoder(config, tokenizer, more);
  const known = new Map(listed.map((token) => [token.content, token]));
  const names = namedTokens(config, kind, four, known);
  const padding = tokenizer.padding as Json | null | undefined;
  if (padding && !kind?.tokens.pad_token && config.pad_token === undefined) {
    names.pad_token = piece(padding.pad_token, "padding.pad_token"); // transformers remembers no more of the padding
  }
  const extra = extraTokens(config, kind, four);
  const vocab = new Vocabulary(object(tokenizer.model, "model"));
  const fits = kind?.build && (four ? kind.model === vocab.type && madeByFive(name, kind, tokenizer, config) : true);
  const made = fits
    ? build(kind, tokenizer, config, names, vocab)
    : { ...tokenizer, ...changed(tokenizer, config, name, kind, four) };

  if (!fits) vocab.add(ownTokens(tokenizer));
  // What a class names by default may be in no file; callers want what the model has seen.
  const seen = Object.entries(names).filter(
    ([name, one]) => one && (config[name] != null || vocab.id(content(one)) !== undefined),
  );
  vocab.add(missing(vocab, listed, names, extra, four));
  if (fits && kind.again) {
    const all = [...Object.values(names), ...extra].filter((one) => one !== undefined);
    vocab.add(all.map((one) => added(content(one), { special: true })));
  }

  const find = (short: string): [string, number] => {
    const text = content(names[`${short}_token`] ?? "");
    const id = vocab.id(text);
    if (id === undefined) throw invalid(`config.${short}_token`, `is ${show(text)}, not in the vocabulary`);
    return [text, id];
  };
  let processor = made.post_processor;
  if (fits && kind.template && !(kind.yields && processor)) processor = kind.template(find);
  else if (four && kind?.around) processor = kind.around(config, find);

  const inputs = config.model_input_names;
  const { rebuilt, typed } = table;
  const byDefault = kind ? kind.types[four ? 0 : 1] : four ? !rebuilt.has(name ?? "") || typed.has(name!) : false;
  return {
    file: {
      ...made,
      post_processor: processor,
      added_tokens: vocab.added,
      // In 4.x added tokens were normalized before the normalizer was changed.
      ...(made.normalizer === tokenizer.normalizer || fits ? {} : { added_normalizer: tokenizer.normalizer }),
      split_special_tokens: flag(config.split_special_tokens, "config.split_special_tokens", false),
    },
    typed:
      inputs == null
        ? byDefault || name === undefined
        : list(inputs, "config.model_input_names", 64).includes("token_type_ids"),
    named: Object.fromEntries(seen.map(([name, one]) => [name, content(one!)])),
    truncation: (config.truncation_side ?? direction(tokenizer)) === "left" ? "left" : "right",
  };
}

/** 5.x writes `backend` and lists extra_special_tokens, 4.x `added_tokens_decoder`; before either, config.json says which. */
function writtenByFour(config: Json, model: Json): boolean {
  if (Object.hasOwn(config, "backend") || Array.isArray(config.extra_special_tokens)) return false;
  if (Object.hasOwn(config, "added_tokens_decoder")) return true;
  return !(Number.parseInt(asText(model.transformers_version), 10) >= 5);
}

type Name = string | null | undefined;

/** The class less "Tokenizer" and "Fast"; null for those that take tokenizer.json as it is, undefined for models of ours. */
function className(
  tokenizer: Json,
  config: Json,
  model: Json,
  four: boolean,
  { classes, kinds, rebuilt, refused }: Classes,
): Name {
  const type = asText(model.model_type);
  const standard = Object.hasOwn(classes, type) ? classes[type][four ? 0 : 1] : undefined;
  const given = config.tokenizer_class ?? model.tokenizer_class;
  if (given == null) return standard;
  const full = piece(given, "config.tokenizer_class");
  const name = full.replace(/Fast$/, "").replace(/Tokenizer$/, "");
  if (!four && name === "Llama" && JSON.stringify(tokenizer).includes('"ByteLevel"')) return null;
  if (!four && (standard === null || name === "Bloom")) return null; // 5.x has no such class
  if (!four && standard && name !== standard && MISNAMED.has(type)) return standard;
  if (GENERIC.includes(full)) return null;
  if (refused.has(name) || (!four && rebuilt.has(name))) {
    throw unsupported(full, "config.tokenizer_class", [
      ...Object.keys(kinds).map((kind) => `${kind}Tokenizer`),
      ...GENERIC,
    ]);
  }
  return Object.hasOwn(kinds, name) || rebuilt.has(name) ? name : null;
}

/** Where 4.x cannot read what 5.x can, the model was used with 5.x. */
const madeByFive = (name: Name, kind: Kind | undefined, { normalizer }: Json, config: Json): boolean =>
  name === "Llama" ? config.add_prefix_space != null : Boolean(kind?.normalizer && normalizer == null);

/** Files older than added_tokens_decoder: special_tokens_map.json overrules tokenizer_config.json. */
function legacy(config: Json, specials: Json): Json {
  const out: Json = { ...config };
  for (const [key, value] of Object.entries(specials)) {
    const special = (one: unknown) => (typeof one === "object" && one ? { ...one, special: true } : one);
    if (!Array.isArray(value)) out[key] = special(value);
    else out[key] = [...(Array.isArray(config[key]) ? (config[key] as unknown[]) : []), ...value.map(special)];
  }
  return out;
}

/** The tokenizer that a class of 5.x builds. */
function build(kind: Kind, tokenizer: Json, config: Json, names: Named, vocab: Vocabulary): Json {
  const one = object(tokenizer.normalizer ?? {}, "normalizer");
  const all = Array.isArray(one.normalizers) ? (one.normalizers as Json[]) : [one];
  const charsmap = all.find((step) => step?.type === "Precompiled");
  const pieces = converted(vocab.json, kind.model!);
  const { model, ...parts } = kind.build!(config, { named: names, vocab: pieces, charsmap });
  const { merges } = tokenizer.model as Json;
  return {
    ...tokenizer,
    ...parts,
    model: {
      type: kind.model,
      vocab: pieces,
      ...(kind.model === "BPE" ? { merges: merges ?? [] } : {}),
      ...model,
      exact_scores: true,
    },
  };
}

/** The vocabulary as a class needs it, which may be of another type of model: a list of pieces and scores, or ids by piece. */
function converted(vocab: unknown, type: string): unknown {
  if (type === "Unigram") {
    return list(vocab, "model.vocab", MOST_PIECES).map((entry, id) => list(entry, `model.vocab[${id}]`, 2));
  }
  if (!Array.isArray(vocab)) return vocab;
  return Object.fromEntries(
    vocab.map((entry, id) => [piece(list(entry, `model.vocab[${id}]`, 2)[0], `model.vocab[${id}]`), id]),
  );
}

/** What 4.x changes in tokenizer.json; 5.x changes nothing where it does not build. */
function changed(
  { normalizer, pre_tokenizer }: Json,
  config: Json,
  name: Name,
  kind: Kind | undefined,
  four: boolean,
): Json {
  if (!four) return {};
  const out: Json = {};
  const splits = pre_tokenizer as Json | null | undefined;
  const space = config.add_prefix_space ?? (name === "Llama" ? null : config.add_prefix_space); // its default is none
  if (splits?.type === "ByteLevel" && space !== null) {
    out.pre_tokenizer = { ...splits, add_prefix_space: flag(space, "config.add_prefix_space", false) };
  }
  if ((name === "Cohere" || name === "Bloom") && config.add_prefix_space === true) {
    // These classes change whichever step has the field.
    const text = JSON.stringify(pre_tokenizer ?? null).replaceAll(
      '"add_prefix_space":false',
      '"add_prefix_space":true',
    );
    out.pre_tokenizer = JSON.parse(text);
  }
  const letters = normalizer as Json | null | undefined;
  if (kind?.normalizer && letters?.type === "BertNormalizer") {
    const theirs = {
      do_lower_case: "lowercase",
      strip_accents: "strip_accents",
      tokenize_chinese_chars: "handle_chinese_chars",
    };
    const changes = kind.normalizer.map((name) => [
      theirs[name as keyof typeof theirs],
      name === "strip_accents" ? (config[name] ?? null) : flag(config[name], `config.${name}`, true),
    ]);
    out.normalizer = { ...letters, ...Object.fromEntries(changes) };
  }
  return out;
}

const direction = ({ truncation }: Json): unknown =>
  asText((truncation as Json | null | undefined)?.direction).toLowerCase();
