"""What the Rust tokenizers do to every character, and how Unigram's scores and BPE's suffixes are read: characters.json.

    python characters.py        # tokenizers 0.22.2 and 0.23.x give the same
"""
import json
import random

import tokenizers
from golden import HERE
from tokenizers import Tokenizer, models, normalizers as N, pre_tokenizers as P

CODES = [c for c in [*range(0x33480), *range(0xE0000, 0xE0200), 0xF0000, 0x10FFFF] if not 0xD800 <= c < 0xE000]
ASKED = {
    "clean_text": N.BertNormalizer(True, False, False, False),
    "strip_accents": N.BertNormalizer(False, False, True, False),
    "StripAccents": N.StripAccents(),
    "Punctuation": P.Punctuation(),
    **{form: getattr(N, form)() for form in ["NFC", "NFD", "NFKC", "NFKD"]},
}


def ranges(codes):
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def changed(asked, c):
    """Whether a letter, the character and a letter come out as anything else."""
    text = f"a{chr(c)}b"
    return asked.normalize_str(text) != text if hasattr(asked, "normalize_str") else len(asked.pre_tokenize_str(text)) > 1


def main():
    rng = random.Random(14)
    found = {"tokenizers": tokenizers.__version__, "last": CODES[-1],
             "changed": {name: ranges([c for c in CODES if changed(asked, c)]) for name, asked in ASKED.items()}}
    # Scores as they are written and as they are read: some lose the last bit.
    scores = [-rng.random() * 20 for _ in range(200)]
    numbers = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [["<unk>", 0.0]] + [[f"p{i}", s] for i, s in enumerate(scores)]}
    file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    read = json.loads(Tokenizer.from_str(json.dumps({**file, "model": numbers})).to_str())["model"]["vocab"]
    found["scores"] = [[given, there] for given, (_, there) in zip(scores, read[1:])]
    pieces = {p: i for i, p in enumerate(["<unk>", "a", "b", "a</w>", "##b"] + [f"<0x{b:02X}>" for b in range(256)])}
    found["bytes"] = []
    for how in [{"end_of_word_suffix": "</w>"}, {"continuing_subword_prefix": "##"}]:
        t = Tokenizer(models.BPE(pieces, [], unk_token="<unk>", byte_fallback=True, **how))
        found["bytes"].append([json.loads(t.to_str()), [[text, t.encode(text).ids] for text in ["ab", "aé", "éa", "中"]]])
    path = HERE / "characters.json"
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
