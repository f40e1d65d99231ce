"""What the Rust tokenizers make of mixed-script texts by byte-pair encoding and unigrams: ids of all, offsets of some.

    pip install tokenizers==0.21.1 sentencepiece==0.2.0 protobuf      # as in requirements.txt
    python test/reference/subwords.py                                 # writes subwords.json, beside this file
    python test/reference/subwords.py --texts 100000 --seed 2 --out /tmp/big.json
    SUBWORDS_FIXTURE=/tmp/big.json node --import ./test/hook.mjs test/subwords.test.ts

The tokenizers are trained here, each with the normaliser, pre-tokeniser and template that transformers gives the family
it is named for. SentencePiece's character map (nmt_nfkc, in the model files of ALBERT, XLM-R and DeBERTa) comes from the
sentencepiece package.
"""

import argparse
import io
import json
import pathlib
import random

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer import CHOSEN, SCRIPTS, stable, well_formed

here = pathlib.Path(__file__).parent

WORDS = """the a of it is was film story but not very good bad funny great acting plot never hello world don't we'll I'm
they've 1,000 2024 x=y+1; print(f"{a}") naïve café Straße ОНА она мир שלום مرحبا नमस्ते สวัสดี 日本語 中文字 한국어 τὸν ἄνδρα
ﬁne ½ №5 ①② ㌔ ｶﾞ ﾊﾟ Ⅷ ℃ … “quoted” l’été co\u0301te e\u0301 👩‍👩‍👧 👍🏽 ❤️ a\u00a0b a\u3000b""".split(" ")

PAIRS = [["hello world", "a good film"], ["", "x"], ["naïve", ""], ["한국어 값", " <mask> [MASK] end"]]


def text(rng, codes):
    pools = rng.sample(list(SCRIPTS.values()), rng.randint(1, 3)) + ["   "]
    parts = []
    for _ in range(rng.randint(1, 14)):
        kind = rng.random()
        if kind < 0.35:
            parts.append(rng.choice(WORDS) + rng.choice(["", " ", " ", "  ", "\n", ", "]))
        elif kind < 0.42:
            parts.append(rng.choice([" <mask>", "<mask> ", "</s>", "<s>", "<pad>x", "[MASK]", "``", "''", "|||IP|||", "    "]))
        elif kind < 0.5:
            parts.append(chr(rng.choice(codes)))
        else:
            parts.append(rng.choice(rng.choice(pools)))
    return well_formed("".join(parts))


def charsmap():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["abc abd"] * 20), model_writer=model, vocab_size=9, minloglevel=2, hard_vocab_limit=False
    )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def trained(model, trainer, corpus, normalizer=None, pre=None, post=None, added=()):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens([one for one in added if one.special])
    tokenizer.add_tokens([one for one in added if not one.special])
    if post:
        tokenizer.post_processor = post(tokenizer.token_to_id)
    return tokenizer


def build(corpus, precompiled):
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    special = lambda text, **how: AddedToken(text, special=True, normalized=False, **how)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe = lambda size, specials: trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=specials, show_progress=False)
    unigram = lambda specials: trainers.UnigramTrainer(vocab_size=700, special_tokens=specials, unk_token="<unk>", show_progress=False)
    around = lambda a, b: lambda id: processors.TemplateProcessing(
        single=f"{a} $A {b}", pair=f"{a} $A {b} $B:1 {b}:1", special_tokens=[(a, id(a)), (b, id(b))]
    )
    roberta = lambda id: processors.RobertaProcessing(("</s>", id("</s>")), ("<s>", id("<s>")), trim_offsets=True, add_prefix_space=False)
    xlm = lambda id: processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", id("<s>")), ("</s>", id("</s>"))]
    )
    yield "gpt2", trained(
        models.BPE(),
        bpe(700, ["<|endoftext|>"]),
        corpus,
        pre=pre_tokenizers.ByteLevel(add_prefix_space=False),
        post=lambda id: processors.ByteLevel(trim_offsets=False),
    )
    yield "roberta", trained(
        models.BPE(),
        bpe(900, specials),
        corpus,
        pre=pre_tokenizers.ByteLevel(add_prefix_space=True),
        post=roberta,
        added=[special("<mask>", lstrip=True)],
    )
    yield "modernbert", trained(
        models.BPE(),
        bpe(800, ["[CLS]", "[SEP]", "[PAD]", "[UNK]"]),
        corpus,
        normalizer=normalizers.NFC(),
        pre=pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        post=around("[CLS]", "[SEP]"),
        added=[special("[MASK]", lstrip=True), *(AddedToken(" " * n, normalized=True) for n in (2, 3, 4)), AddedToken("|||IP|||")],
    )
    yield "xlm-roberta", trained(
        models.Unigram(),
        unigram(specials),
        corpus,
        normalizer=precompiled,
        pre=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]),
        post=xlm,
        added=[special("<mask>", lstrip=True)],
    )
    yield "albert", trained(
        models.Unigram(),
        unigram(["<pad>", "<unk>", "[CLS]", "[SEP]"]),
        corpus,
        normalizer=normalizers.Sequence(
            [
                normalizers.Replace("``", '"'),
                normalizers.Replace("''", '"'),
                normalizers.NFKD(),
                normalizers.StripAccents(),
                normalizers.Lowercase(),
                precompiled,
            ]
        ),
        pre=pre_tokenizers.Metaspace(prepend_scheme="always"),
        post=around("[CLS]", "[SEP]"),
        added=[special("[MASK]", lstrip=True)],
    )
    yield "deberta-v3", trained(
        models.Unigram(),
        unigram(["[PAD]", "[CLS]", "[SEP]", "<unk>"]),
        corpus,
        normalizer=normalizers.Sequence([normalizers.Strip(), precompiled, normalizers.Replace(Regex(" {2,}"), " ")]),
        pre=pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), pre_tokenizers.Metaspace(prepend_scheme="first")]),
        post=around("[CLS]", "[SEP]"),
        added=[special("[MASK]")],
    )
    # SentencePiece's own byte-pair encoding, with bytes for what it lacks: trained on words, used on whole texts.
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    sentence = trained(
        models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        trainers.BpeTrainer(vocab_size=900, special_tokens=pieces, limit_alphabet=250, show_progress=False),
        corpus,
        pre=pre_tokenizers.Metaspace(prepend_scheme="always"),
        post=lambda id: processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", id("<s>"))]),
    )
    file = json.loads(sentence.to_str())
    file["added_tokens"] = [one for one in file["added_tokens"] if not one["content"].startswith("<0x")]
    file["normalizer"] = {
        "type": "Sequence",
        "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}],
    }
    file["pre_tokenizer"] = None
    yield "sentencepiece-bpe", Tokenizer.from_str(json.dumps(file))


def checksum(ids):
    """FNV-1a over whole ids."""
    sum = 0x811C9DC5
    for id in ids:
        sum = (sum ^ id) * 0x01000193 & 0xFFFFFFFF
    return sum


def rows(tokenizer, texts, full):
    for i, one in enumerate(texts):
        seen = "".join("\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in one)
        encoding = tokenizer.encode(seen)
        if i >= full:
            yield checksum(encoding.ids)
            continue
        units = [0]
        for char in one:
            units.append(units[-1] + (2 if ord(char) > 0xFFFF else 1))
        offsets = [-1 if special else units[at] for pair, special in zip(encoding.offsets, encoding.special_tokens_mask) for at in pair]
        yield [encoding.ids, offsets]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--full", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=here / "subwords.json")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    codes = [code for code in range(0x110000) if stable(code)]
    texts = (CHOSEN + [text(rng, codes) for _ in range(options.texts)])[: options.texts]
    corpus = [" ".join(rng.sample(WORDS, 12)) for _ in range(900)]
    corpus += ["".join(rng.choices(SCRIPTS[name], k=8)) for name in ("accents", "cyrillic", "indic", "emoji") for _ in range(40)]

    precompiled = normalizers.Precompiled(charsmap())
    kinds, shared = {}, None
    for name, tokenizer in build(corpus, precompiled):
        file = json.loads(tokenizer.to_str())
        if file["model"]["type"] == "Unigram":
            # Few bits, so that paths of equal score tie: serde_json reads long numbers with an error in the last bit.
            file["model"]["vocab"] = [[text, round(score * 1024) / 1024] for text, score in file["model"]["vocab"]]
        tokenizer = Tokenizer.from_str(json.dumps(file))
        pairs = [[encoding.ids, encoding.type_ids] for encoding in map(lambda pair: tokenizer.encode(*pair), PAIRS)]
        kinds[name] = {"file": file, "rows": list(rows(tokenizer, texts, options.full)), "pairs": pairs}

    def lift(node):
        """The character map is written once."""
        nonlocal shared
        if isinstance(node, dict):
            if "precompiled_charsmap" in node:
                shared, node["precompiled_charsmap"] = node["precompiled_charsmap"], "charsmap"
            for value in node.values():
                lift(value)
        elif isinstance(node, list):
            for value in node:
                lift(value)

    for kind in kinds.values():
        lift(kind["file"]["normalizer"])
    fixture = {"tokenizers": tokenizers.__version__, "charsmap": shared, "texts": texts, "two": PAIRS, "kinds": kinds}
    pathlib.Path(options.out).write_text(json.dumps(fixture, separators=(",", ":"), ensure_ascii=True) + "\n")
    print(len(texts), "texts,", pathlib.Path(options.out).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
