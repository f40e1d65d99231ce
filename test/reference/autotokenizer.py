"""What AutoTokenizer.from_pretrained makes of tokenizer.json, tokenizer_config.json and special_tokens_map.json together.

    python test/reference/autotokenizer.py            # in an environment with transformers 4.57, then in one with 5.24

Random combinations (seeded) over small WordPiece, byte-pair, unigram and word-level tokenizers; each run writes its major
version's results into autotokenizer.json, beside this file: ids of texts, and types of pairs where the tokenizer returns
them. Null: transformers does not load the combination, or cannot encode the texts.
"""

import copy
import json
import pathlib
import random
import tempfile

import transformers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
MAJOR = transformers.__version__.split(".")[0]
CASES = 400
TEXTS = ["The SEA sings, naïve 海 dust.", " [MASK] the<mask> sea", "<s>the sea</s> rising go-to", "é\u0301 ÀB  x so.", "", "sea\tsun THE\nrising [SEP] ok",
         "the ''sea'' ﬁne", "123 sea-sun! <extra> <|endoftext|>"]
PAIRS = [["the sea", "who is?"], ["", "so"]]
LETTERS = "abcdeghinorstuy"
WORDS = ["the", "sea", "is", "so", "sings", "who", "in", "."]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def bases():
    def done(t, specials, post=None):
        t.add_special_tokens(specials)
        if post:
            t.post_processor = post(lambda s: (s, t.token_to_id(s)))
        return json.loads(t.to_str())

    def around(a, b):
        return lambda id: processors.TemplateProcessing(single=f"{a} $A {b}", pair=f"{a} $A {b} $B:1 {b}:1", special_tokens=[id(a), id(b)])

    roberta = lambda id: processors.RobertaProcessing(id("</s>"), id("<s>"))
    whole = lambda specials: {p: i for i, p in enumerate(dict.fromkeys(specials + list(LETTERS) + WORDS + ["##" + c for c in LETTERS] + ["##ing", "[UNK]"]))}
    t = Tokenizer(models.WordPiece(whole(BERT), unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    yield "bert", done(t, BERT, around("[CLS]", "[SEP]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=True)
    yield "bert-cased", done(t, BERT, around("[CLS]", "[SEP]"))
    t = Tokenizer(models.WordPiece(whole(ROBERTA), unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    yield "mpnet", done(t, [AddedToken("<unk>", normalized=True), "<s>", "<pad>", "</s>", AddedToken("<mask>", lstrip=True)], roberta)
    t = Tokenizer(models.WordLevel(whole(BERT), unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    yield "wordlevel", done(t, BERT, around("[CLS]", "[SEP]"))
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("s", "e"), ("se", "a"), ("Ġ", "sea"), ("i", "n"), ("in", "g"), ("Ġ", "s"), ("Ġs", "o"), ("i", "s")]
    for name, specials, post in [("roberta", ROBERTA, roberta), ("gpt2", ["<|endoftext|>"], None)]:
        pieces = dict.fromkeys(specials + sorted(ByteLevel.alphabet()) + [a + b for a, b in merges])
        t = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
        t.pre_tokenizer = ByteLevel(add_prefix_space=name == "roberta")
        yield name, done(t, specials, post)
    suffixed = [("i", "n"), ("in", "g</w>"), ("s", "e"), ("se", "a</w>"), ("t", "h"), ("th", "e</w>")]
    pieces = dict.fromkeys(["<unk>"] + list(LETTERS) + [c + "</w>" for c in LETTERS] + [a + b for a, b in suffixed])
    t = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, suffixed, unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    yield "suffix", done(t, ["<unk>"])
    prefixed = [("i", "##n"), ("##i", "##n"), ("##in", "##g"), ("s", "##e"), ("se", "##a")]
    pieces = dict.fromkeys(["[UNK]"] + list(LETTERS) + ["##" + c for c in LETTERS] + [a + b[2:] for a, b in prefixed])
    t = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, prefixed, unk_token="[UNK]", continuing_subword_prefix="##"))
    t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    yield "prefix", done(t, ["[UNK]"])
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["▁"] + list(LETTERS) + ["th", "the", "▁the", "se", "sea", "▁sea", "in", "ing"]
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("s", "e"), ("se", "a"), ("▁", "sea"), ("i", "n"), ("in", "g")]
    t = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    yield "llama", done(t, ["<unk>", "<s>", "</s>"], lambda id: processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[id("<s>")]))
    charsmap = {"type": "Precompiled", "precompiled_charsmap": "charsmap"}
    for name, specials, post, unk in [("albert", ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], around("[CLS]", "[SEP]"), 1),
                                      ("xlm-roberta", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], roberta, 3),
                                      ("deberta-v2", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], around("[CLS]", "[SEP]"), 1)]:
        scored = [(s, 0.0) for s in specials] + [("▁", -3.0)] + [(c, -4.0 - i / 8) for i, c in enumerate(LETTERS + ".?'\"")]
        scored += [("▁" + w, -2.0 - i / 4) for i, w in enumerate(WORDS)] + [("ing", -3.125), ("fine", -3.25)]
        t = Tokenizer(models.Unigram(scored, unk_id=unk))
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        file = done(t, specials, post)
        steps = {"albert": [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, charsmap], "xlm-roberta": [charsmap],
                 "deberta-v2": [{"type": "Strip", "strip_left": True, "strip_right": True}, charsmap]}[name]
        file["normalizer"] = {"type": "Sequence", "normalizers": steps}
        yield name, file


KINDS = {  # model types and classes to try with a base
    "bert": (["bert", "electra", "distilbert"], ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizerFast"]),
    "bert-cased": (["bert", "electra", "modernbert"], ["BertTokenizer", "BertTokenizerFast"]),
    "mpnet": (["mpnet"], ["MPNetTokenizer", "MPNetTokenizerFast"]),
    "wordlevel": (["modernbert"], ["PreTrainedTokenizerFast"]),
    "roberta": (["roberta", "bert"], ["RobertaTokenizer", "RobertaTokenizerFast"]),
    "gpt2": (["gpt2", "modernbert"], ["GPT2Tokenizer", "GPT2TokenizerFast"]),
    "suffix": (["modernbert"], ["PreTrainedTokenizerFast"]),
    "prefix": (["modernbert"], ["PreTrainedTokenizerFast"]),
    "llama": (["modernbert", "roberta"], ["LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast"]),
    "albert": (["albert"], ["AlbertTokenizer", "AlbertTokenizerFast"]),
    "xlm-roberta": (["xlm-roberta", "camembert", "bert"], ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast", "CamembertTokenizer"]),
    "deberta-v2": (["deberta-v2"], ["DebertaV2Tokenizer", "DebertaV2TokenizerFast"]),
}


def flags(rng):
    return {key: rng.random() < p for key, p in [("lstrip", 0.2), ("rstrip", 0.2), ("single_word", 0.2), ("normalized", 0.5), ("special", 0.4)]}


def case(rng, made):
    """A base, what is changed in its tokenizer.json, and the other files."""
    base = rng.choice(list(made))
    file, maybe = made[base], lambda p: rng.random() < p
    types, classes = KINDS[base]
    config, model, edit, specials = {}, {"model_type": rng.choice(types)}, {}, None
    if maybe(0.7):
        config["tokenizer_class"] = rng.choice(classes + ["PreTrainedTokenizerFast"])
    else:
        model["model_type"] = types[0]  # 5.x would build another kind of model from the vocabulary: see auto.ts
    for key, p in [("do_lower_case", 0.35), ("strip_accents", 0.2), ("tokenize_chinese_chars", 0.2), ("add_prefix_space", 0.25), ("keep_accents", 0.1),
                   ("split_by_punct", 0.1), ("add_bos_token", 0.15), ("add_eos_token", 0.15), ("split_special_tokens", 0.1)]:
        if maybe(p):
            config[key] = rng.choice([True, False])
    if maybe(0.2):
        config["model_input_names"] = rng.choice([["input_ids", "attention_mask"], ["input_ids", "token_type_ids", "attention_mask"]])
    texts = [one["content"] for one in file["added_tokens"]]
    for key in ["cls_token", "sep_token", "mask_token", "pad_token", "unk_token", "bos_token", "eos_token"]:
        wanted = {"bos_token": "cls", "eos_token": "sep"}.get(key, key[:-6])
        there = [s for s in texts if wanted in s.lower() or s == {"cls": "<s>", "sep": "</s>"}.get(wanted)]
        if there and maybe(0.5):
            config[key] = there[0] if maybe(0.7) else {"__type": "AddedToken", "content": there[0], **flags(rng)}
    if maybe(0.15):
        config[rng.choice(["additional_special_tokens", "extra_special_tokens"])] = rng.choice([["<extra>"], ["go-to", "<extra>"], []])
    if maybe(0.3):
        listed = {str(one["id"]): {k: v for k, v in one.items() if k != "id"} for one in file["added_tokens"]}
        size = len(file["model"]["vocab"])
        if maybe(0.4):
            listed[str(size)] = {"content": rng.choice(["rising", "go-to", "THE"]), **flags(rng)}
        if maybe(0.3):
            listed[rng.choice(list(listed))]["lstrip"] = True
        config["added_tokens_decoder"] = listed
    elif maybe(0.2):
        specials = {"mask_token": {"content": texts[-1], "lstrip": True, "rstrip": False, "normalized": False, "single_word": False}}
    if maybe(0.25):
        news = [{"id": len(file["model"]["vocab"]) + i, "content": text, **flags(rng)} for i, text in enumerate(rng.sample(["rising", "sea", "THE", "go-to"], 2))]
        edit["added_tokens"] = file["added_tokens"] + news
    if maybe(0.1):
        edit["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    if maybe(0.1):
        edit["padding"] = {"strategy": {"Fixed": 20}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}
    if maybe(0.1):
        edit["normalizer"] = rng.choice([None, {"type": "Lowercase"}, {"type": "NFC"}])
    if maybe(0.1):
        edit["pre_tokenizer"] = rng.choice([{"type": "Whitespace"}, {"type": "WhitespaceSplit"}, {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "MergedWithPrevious"}]}])
    if maybe(0.1):
        edit["post_processor"] = None
    if "tokenizer_class" not in config and maybe(0.3):
        config = None
    return {"base": base, "edit": edit, "config": config, "model": model, "specials": specials}


def templates(made):
    """A post-processor that no class would build."""
    for base, (types, classes) in KINDS.items():
        *_, last = made[base]["added_tokens"]
        text = last["content"]
        a, b, mark = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": text, "type_id": 0}}
        edit = {"post_processor": {"type": "TemplateProcessing", "single": [mark, a], "pair": [mark, a, mark, mark, b],
                                   "special_tokens": {text: {"id": text, "ids": [last["id"]], "tokens": [text]}}}}
        yield {"base": base, "edit": edit, "config": {"tokenizer_class": classes[0]}, "model": {"model_type": types[0]}, "specials": None}


def chosen(base, model, edit, **config):
    return {"base": base, "edit": edit, "config": config, "model": {"model_type": model}, "specials": None}


ENDS = {f"{name}_token": "<|endoftext|>" for name in ["bos", "eos", "unk", "pad", "cls", "sep", "mask"]}
BYTES = {"trim_offsets": True, "add_prefix_space": True}

# 5.x: ALBERT keeps the file's post-processor; a class builds its own type of model from any vocabulary; "ByteLevel" anywhere.
CHOSEN = [
    chosen("albert", "albert", {"post_processor": {"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], **BYTES}}, tokenizer_class="AlbertTokenizer"),
    chosen("albert", "albert", {"post_processor": {"type": "ByteLevel", "use_regex": True, **BYTES}}, tokenizer_class="AlbertTokenizer"),
    chosen("wordlevel", "mpnet", {}, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", bos_token="[CLS]", eos_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"),
    chosen("bert", "roberta", {}, tokenizer_class="RobertaTokenizer", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", bos_token="[CLS]", eos_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"),
    chosen("deberta-v2", "bert", {}, tokenizer_class="BertTokenizer"),
    chosen("xlm-roberta", "xlm-roberta", {"added_tokens": [], "normalizer": {"type": "ByteLevel"}}, tokenizer_class="XLMRobertaTokenizer", mask_token="sea"),
    chosen("deberta-v2", "deberta-v2", {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True},
                                        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}}, tokenizer_class="DebertaV2TokenizerFast"),
    chosen("gpt2", "gpt2", {"pre_tokenizer": {"type": "ByteLevel", "use_regex": True, **BYTES}}, tokenizer_class="LlamaTokenizerFast", bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>"),
    *[chosen("llama", model, {}, tokenizer_class=name, **more) for model in ["llama", "mistral", "phi3"]
      for name, more in [("LlamaTokenizer", {}), ("LlamaTokenizerFast", {"add_bos_token": False, "add_eos_token": True}), ("PreTrainedTokenizerFast", {}),
                         ("LlamaTokenizerFast", {"add_prefix_space": False, "bos_token": "<s>", "eos_token": "</s>"})]],
    *[chosen("gpt2", model, {"normalizer": {"type": "NFC"}}, tokenizer_class=name, **ENDS, **more) for model, names in [
        ("llama", ["PreTrainedTokenizerFast", "LlamaTokenizerFast"]), ("qwen2", ["Qwen2Tokenizer", "PreTrainedTokenizerFast"]), ("qwen3", ["Qwen2TokenizerFast"]),
        ("gpt_neox", ["GPTNeoXTokenizerFast"]), ("olmo2", ["GPTNeoXTokenizerFast", "GPT2Tokenizer"]), ("olmo3", ["GPT2TokenizerFast"]), ("cohere", ["CohereTokenizerFast", "CohereTokenizer"]),
        ("granite", ["GPT2Tokenizer"]), ("starcoder2", ["GPT2TokenizerFast"]), ("phi", ["GPT2TokenizerFast"]), ("bloom", ["BloomTokenizerFast"]),
        ("smollm3", ["PreTrainedTokenizerFast"])] for name in names for more in [{}, {"add_prefix_space": True, "add_bos_token": True}]],
    chosen("llama", "gpt2", {"decoder": {"type": "ByteLevel", "use_regex": True, **BYTES}}, tokenizer_class="LlamaTokenizer"),
]


def result(made, one, charsmap):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = json.loads(json.dumps({**made[one["base"]], **one["edit"]}).replace('"precompiled_charsmap": "charsmap"', f'"precompiled_charsmap": "{charsmap}"'))
        write = lambda name, value: (folder / name).write_text(json.dumps(value))
        write("tokenizer.json", file)
        write("config.json", {**one["model"], "transformers_version": transformers.__version__})
        if one["config"] is not None:
            write("tokenizer_config.json", one["config"])
        if one["specials"]:
            write("special_tokens_map.json", one["specials"])
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            pairs = [tokenizer(*pair) for pair in PAIRS]
            return [[tokenizer(text)["input_ids"] for text in TEXTS], [[p["input_ids"], p.get("token_type_ids")] for p in pairs]]
        except Exception as error:
            print(one["base"], one["model"], (one["config"] or {}).get("tokenizer_class"), type(error).__name__, str(error)[:100])
            return None


def main():
    transformers.logging.set_verbosity_error()
    charsmap = json.loads((HERE / "subwords.json").read_text())["charsmap"]
    made = dict(bases())
    path = HERE / "autotokenizer.json"
    fixture = json.loads(path.read_text()) if path.exists() else {}
    rng = random.Random(14)
    cases = [case(rng, copy.deepcopy(made)) for _ in range(CASES)] + list(templates(made)) + CHOSEN
    if fixture.get("cases") and [{k: c[k] for k in cases[0]} for c in fixture["cases"]] == cases:
        made, cases = fixture["bases"], fixture["cases"]
    for one in cases:
        one[MAJOR] = result(made, {k: one[k] for k in ["base", "edit", "config", "model", "specials"]}, charsmap)
    versions = {**fixture.get("transformers", {}), MAJOR: transformers.__version__}
    path.write_text(json.dumps({"transformers": versions, "texts": TEXTS, "pairs": PAIRS, "bases": made, "cases": cases}, separators=(",", ":")) + "\n")
    print(len(cases), "cases,", sum(one[MAJOR] is not None for one in cases), "loaded,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
