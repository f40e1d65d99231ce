// Tokenizer classes of transformers, as far as they change what tokenizer.json says. 5.x builds most of them from the
// vocabulary, the merges and tokenizer_config.json alone; 4.x takes the file and changes little of it (auto.ts).

import { BERT, bert, bertLike, bertWords, is, type Kind, names, type Source, text } from "./bert_class.ts";
import { bosEos, bytes, PLAIN, replace, roberta, spaced, steps, words } from "./components.ts";
import type { Json } from "./fields.ts";

export { classes, rebuilt, refused, typed } from "./class_names.ts";

const ROBERTA = { bos: "<s>", eos: "</s>", sep: "</s>", cls: "<s>", unk: "<unk>", pad: "<pad>", mask: "<mask>" };

const byteWords =
  (normalizer: Json | null = null): Kind["build"] =>
  (config) => ({ model: PLAIN, normalizer, pre_tokenizer: bytes(is(config, "add_prefix_space", false)) });

/** SentencePiece's words: cut at white space, each with a mark in front. */
const marked = (config: Json) =>
  words({ type: "WhitespaceSplit" }, spaced(is(config, "add_prefix_space", true) ? "always" : "never"));

/** ALBERT's and XLNet's quotes and accents. */
const plainLetters = (charsmap: Json | undefined, keep: boolean, lower: boolean): Json =>
  steps([
    replace({ String: "``" }, '"'),
    replace({ String: "''" }, '"'),
    ...(keep ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
    ...(lower ? [{ type: "Lowercase" }] : []),
    ...(charsmap ? [charsmap] : []),
  ]);

const xlmRoberta =
  (unk: (from: Source) => number): Kind["build"] =>
  (config, from) => ({
    model: { unk_id: unk(from), byte_fallback: false },
    normalizer: from.charsmap ?? null,
    pre_tokenizer: marked(config),
  });

const at = (vocab: unknown, found: (entry: unknown) => boolean): number => (vocab as unknown[]).findIndex(found);

const robertaLike: Kind = {
  tokens: names(ROBERTA),
  flags: [{ mask_token: { lstrip: true, normalized: false } }],
  types: [false, false],
  model: "BPE",
  build: byteWords(),
  template: roberta,
};

const gpt2: Kind = {
  tokens: names({ unk: "<|endoftext|>", bos: "<|endoftext|>", eos: "<|endoftext|>" }),
  types: [false, false],
  model: "BPE",
  build: byteWords(),
};

const MPNET = { "*": {}, mask_token: { lstrip: true } };
const CAMEMBERT = { mask_token: { lstrip: true, special: true } };
const XLNET = { mask_token: { lstrip: true } };

/** By the class's name, less "Fast". */
export const kinds: Readonly<Record<string, Kind>> = {
  Bert: bertLike,
  DistilBert: { ...bertLike, types: [false, false] },
  Electra: bertLike,
  LayoutLM: bertLike,
  MobileBert: bertLike,
  SqueezeBert: bertLike,
  Lxmert: bertLike,
  Funnel: { ...bertLike, build: undefined },
  Splinter: { ...bertLike, build: undefined },
  ConvBert: { ...bertLike, build: undefined },
  MPNet: {
    tokens: names({ ...ROBERTA, unk: "[UNK]" }),
    flags: [MPNET, MPNET],
    types: [false, false],
    model: "WordPiece",
    build: bertWords,
    template: roberta,
    normalizer: ["do_lower_case", "strip_accents"],
  },
  Roberta: robertaLike,
  Longformer: robertaLike,
  Bart: robertaLike,
  LED: robertaLike,
  Mvp: robertaLike,
  Deberta: {
    tokens: names({ ...BERT, bos: "[CLS]", eos: "[SEP]" }),
    types: [true, true],
    model: "BPE",
    build: byteWords(),
    template: roberta,
  },
  GPT2: gpt2,
  GPTNeoX: {
    ...gpt2,
    tokens: { ...gpt2.tokens, pad_token: "<|padding|>" },
    build: byteWords({ type: "NFC" }),
    template: () => null,
    around: bosEos(false),
  },
  Albert: {
    tokens: names({ ...BERT, bos: "[CLS]", eos: "[SEP]", unk: "<unk>", pad: "<pad>" }),
    flags: [{ mask_token: { lstrip: true, normalized: false } }],
    types: [true, false],
    model: "Unigram",
    build: (config, { charsmap }) => ({
      model: { unk_id: 1, byte_fallback: false },
      normalizer: plainLetters(charsmap, is(config, "keep_accents", false), is(config, "do_lower_case", true)),
      pre_tokenizer: marked(config),
    }),
    template: bert,
    yields: true,
  },
  XLMRoberta: {
    tokens: names(ROBERTA),
    flags: [{ mask_token: { lstrip: true } }],
    types: [false, false],
    model: "Unigram",
    build: xlmRoberta(() => 3),
    template: (token) => ({ type: "RobertaProcessing", cls: token("bos"), sep: token("eos") }),
  },
  Camembert: {
    tokens: names(ROBERTA),
    flags: [CAMEMBERT, CAMEMBERT],
    extra: ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
    types: [false, false],
    model: "Unigram",
    build: xlmRoberta(({ named, vocab }) =>
      Math.max(
        0,
        at(vocab, (entry) => (entry as [string])[0] === text(named.unk_token)),
      ),
    ),
    template: (token) => ({ type: "RobertaProcessing", cls: token("bos"), sep: token("eos") }),
  },
  DebertaV2: {
    tokens: names({ ...BERT, bos: "[CLS]", eos: "[SEP]" }),
    types: [true, true],
    model: "Unigram",
    build: (config, { named, vocab }) => {
      const found = at(vocab, (entry) => {
        const [piece, score] = entry as [string, number];
        return piece === text(named.unk_token) && score === 0;
      });
      const space = { Regex: "\\s{2,}|[\\n\\r\\t]" };
      return {
        model: { unk_id: found < 0 ? (config.unk_id ?? 1) : found, byte_fallback: false },
        normalizer: steps([
          ...(is(config, "do_lower_case", false) ? [{ type: "Lowercase" }] : []),
          replace(space, " "),
          { type: "NFC" },
          { type: "Strip", strip_left: false, strip_right: true },
        ]),
        pre_tokenizer: words(
          ...(is(config, "split_by_punct", false) ? [{ type: "Punctuation", behavior: "Isolated" }] : []),
          spaced(is(config, "add_prefix_space", true) ? "always" : "first"),
        ),
      };
    },
    template: bert,
  },
  XLNet: {
    tokens: names({ ...ROBERTA, sep: "<sep>", cls: "<cls>" }),
    flags: [XLNET, XLNET],
    extra: ["<eop>", "<eod>"],
    types: [true, false],
    model: "Unigram",
    build: (config, { charsmap }) => ({
      model: { unk_id: config.unk_id ?? 0, byte_fallback: false },
      normalizer: plainLetters(charsmap, false, is(config, "do_lower_case", false)),
      pre_tokenizer: words({ type: "WhitespaceSplit" }, spaced("always")),
    }),
    template: (token) => {
      const [sep, cls] = [token("sep"), token("cls")];
      const one = (type_id: number, id?: string) =>
        id ? { SpecialToken: { id, type_id } } : { Sequence: { id: "AB"[type_id], type_id } };
      return {
        type: "TemplateProcessing",
        single: [one(0), one(0, sep[0]), one(2, cls[0])],
        pair: [one(0), one(0, sep[0]), one(1), one(1, sep[0]), one(2, cls[0])],
        special_tokens: Object.fromEntries([sep, cls].map(([id, n]) => [id, { id, ids: [n], tokens: [id] }])),
      };
    },
  },
  Llama: {
    tokens: names({ unk: "<unk>", bos: "<s>", eos: "</s>" }),
    types: [false, false],
    model: "BPE",
    build: (config) => {
      const scheme = is(config, "legacy", false) ? "always" : "first";
      return {
        model: { ...PLAIN, fuse_unk: true, byte_fallback: true },
        normalizer: null,
        pre_tokenizer: spaced(is(config, "add_prefix_space", true) ? scheme : "never", false),
      };
    },
    around: bosEos(true),
  },
  Bloom: { tokens: names({ unk: "<unk>", bos: "<s>", eos: "</s>", pad: "<pad>" }), types: [false, false] },
  Cohere: {
    tokens: names({
      unk: "<UNK>",
      bos: "<BOS_TOKEN>",
      eos: "<|END_OF_TURN_TOKEN|>",
      pad: "<PAD>",
      cls: "<CLS>",
      sep: "<SEP>",
      mask: "<MASK_TOKEN>",
    }),
    types: [false, false],
    model: "BPE",
    build: (config) => ({
      model: PLAIN,
      normalizer: { type: "NFC" },
      pre_tokenizer: words({ type: "Digits", individual_digits: true }, bytes(is(config, "add_prefix_space", false))),
    }),
    around: bosEos(true),
  },
  Gemma: {
    tokens: names({ unk: "<unk>", bos: "<bos>", eos: "<eos>", pad: "<pad>", mask: "<mask>" }),
    types: [false, false],
    model: "BPE",
    build: (_, { named }) => ({
      model: { ...PLAIN, unk_token: text(named.unk_token), fuse_unk: true, byte_fallback: true },
      normalizer: replace({ String: " " }, "▁"),
      pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    }),
    around: bosEos(true),
  },
  Qwen2: {
    tokens: names({ unk: "<|endoftext|>", eos: "<|endoftext|>", pad: "<|endoftext|>" }),
    again: true,
    types: [false, false],
    model: "BPE",
    build: (config) => ({
      model: PLAIN,
      normalizer: { type: "NFC" },
      pre_tokenizer: words(
        {
          type: "Split",
          pattern: {
            Regex:
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          },
          behavior: "Isolated",
          invert: false,
        },
        bytes(is(config, "add_prefix_space", false), false),
      ),
    }),
  },
};
