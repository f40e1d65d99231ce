"""What the Rust tokenizers make of mixed-script texts: ids, and offsets in UTF-16 units.

    pip install tokenizers==0.21.1                            # as in requirements.txt; 0.23.3 writes the same
    python test/reference/tokenizer.py                        # writes tokenizer-offsets.json, beside this file
    python test/reference/tokenizer.py --random 20000 --lines a.tsv b.tsv --seed 2 --out /tmp/big.json
    TOKENIZER_FIXTURE=/tmp/big.json node --import ./test/hook.mjs test/tokenizer.test.ts

Two vocabularies: the shipped model's, and one whose pieces are single letters of many scripts, so that every character's
own offsets show. Random characters are those whose category has not changed since Unicode 3.2, because the Rust crates'
tables are those of Unicode 8 and a JavaScript engine's are its own.
"""

import argparse
import hashlib
import json
import pathlib
import random
import unicodedata

import tokenizers
from tokenizers import Tokenizer

here = pathlib.Path(__file__).parent
shipped = here.parent.parent / "models/sst2-tiny/tokenizer.json"

SCRIPTS = {
    "latin": "abcdefghijklmnopqrstuvwxyzABCDEFGHIZ",
    "accents": "éèêëçñüößåøÉÀÇŐǅİıſﬁŉǰ",
    "nfd": "e\u0301a\u0308n\u0303o\u0302\u0323q\u0307\u0315",
    "greek": "αβγδσςΣΟΔΣΆΐΰ",
    "cyrillic": "абвгджйёЖЙЁ",
    "hebrew": "שלוםעולם\u05b8\u05c1\u05bc\ufb2a",
    "arabic": "مرحباالعالم\u064e\u0651\u0654\ufefb\u0622",
    "indic": "नमस्तेक़ড়োৌதொ",
    "thai": "สวัสดีกำ",
    "hangul": "한국어값\u1112\u1161\u11ab",
    "cjk": "中文日本\uf900\ufa1c豈\U00020000\U0002a6d6\U0002f800\U0002b821あアがｶﾞ",
    "emoji": "👩👍🏽🇩🇪❤\ufe0f🏴\U000e0067\U000e007f😀",
    "joiners": "\u200d\u200c\u200b\u2060\ufeff\u00ad\u200e\u200f\u202e\u2066",
    "spaces": " \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u3000",
    "controls": "\u0000\u0001\u001b\u007f\u009f\ue000\ufffd\ufffe\U000f0000",
    "punctuation": "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~¡«»—…。、٪۔।",
    "symbols": "€©™№½²Ⅷ℃🄰≠∑",
    "surrogates": "\ud800\udbff\udc00\udfff",
}

CHOSEN = [
    "",
    " ",
    "\t\n\r \u3000",
    "\u0000\u0001\u200b",
    "hello",
    "Unbelievably good, isn't it?",
    "Café naïve déjà vu",
    "Cafe\u0301 nai\u0308ve de\u0301ja\u0300 vu",
    "\u0301a leading mark, and \u0301 one after a space",
    "e\u0301\u0323\u0302\u0327x!\u0301中\u0301",
    "ΟΔΟΣ ὈΔΥΣΣΕΎΣ Σ σς",
    "İstanbul Iı ǅ ﬁ ß ẞ Å K",
    "Straße naïve 漢字かな交じり文",
    "𠀀𠀁𪛖 丽 豈 \U0002b821 \U0002b920",
    "한국어 값 \u1112\u1161\u11ab",
    "नमस्ते क़लम কো தொ",
    "שָׁלוֹם עולם \u202emixed\u202c with RTL",
    "مَرْحَبًا بالعالم ٪ ۔",
    "👩‍👩‍👧 👍🏽 🇩🇪 ❤️ 🏴\U000e0067\U000e0062\U000e007f a👍b",
    "soft\u00adhyphen zero\u200bwidth no\u2060break bom\ufeff",
    "nul\u0000in\u0000side esc\u001b[31mred\u001b[0m bell\u0007",
    "\ud800 lone \udc00 a\ud83db \udc4dx",
    "\ue000private\uf8ff \U000f0000 \ufffe \ufdd0 \ufffd",
    "<script>alert(1)</script> &amp; <b onload='x'>",
    "a literal [SEP] and [MASK], [CLS][SEP] or [ SEP ] [sep] [SE [SEP",
    "[UNK][PAD]\u0301[MASK]",
    "tabs\tand\nnew\r\nlines\u0085and\u2028more\u00a0spaces\u3000here",
    "'quoted' «guillemets» — dash… 100% $5 a_b a-b a@b.c #x ^^ ~ `",
    "__proto__ constructor toString hasOwnProperty",
    "x" * 100 + " " + "x" * 101 + " " + "é" * 100 + " " + "e\u0301" * 101,
    "zqxj" * 12,
]


def well_formed(text):
    """JavaScript's view: two surrogates that make a pair are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def stable(code):
    char = chr(code)
    old, new = unicodedata.ucd_3_2_0.category(char), unicodedata.category(char)
    return old == new and old not in ("Cn", "Cs")


def random_text(rng, stable_codes):
    pools = rng.sample(list(SCRIPTS.values()), rng.randint(1, 4)) + ["   "]
    parts = []
    for _ in range(rng.randint(1, 24)):
        kind = rng.random()
        if kind < 0.06:
            parts.append(rng.choice(["[SEP]", "[MASK]", "[CLS]", "[UNK]", "[", "[SE", "##", "##a"]))
        elif kind < 0.12:
            parts.append(chr(rng.choice(stable_codes)))
        else:
            parts.append(rng.choice(rng.choice(pools)))
    return well_formed("".join(parts))


def letters():
    """A tokenizer.json with a piece for each letter the scripts above can become, and for a few pairs."""
    chars = set()
    for text in SCRIPTS.values():
        for form in (text, text.lower(), unicodedata.normalize("NFD", text), unicodedata.normalize("NFD", text).lower()):
            chars.update(char for char in form if not 0xD800 <= ord(char) < 0xE000)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for char in sorted(chars - set("yzжл")):  # some letters stay unknown
        pieces += [char, "##" + char]
    pieces += ["ab", "##bc", "##cab", "중", "##ᅡᆫ", "👩👩", "##👍🏽", "##σς"]
    file = json.loads(shipped.read_text())
    file["model"] = {**file["model"], "vocab": {piece: id for id, piece in enumerate(pieces)}, "max_input_chars_per_word": 20}
    return file


def rows(tokenizer, texts):
    for text in texts:
        seen = "".join("\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in text)
        units = [0]
        for char in text:
            units.append(units[-1] + (2 if ord(char) > 0xFFFF else 1))
        encoding = tokenizer.encode(seen)
        offsets = []
        for (start, end), special in zip(encoding.offsets, encoding.special_tokens_mask):
            offsets += [-1, -1] if special else [units[start], units[end]]
        yield [text, encoding.ids, offsets]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--random", type=int, default=150)
    parser.add_argument("--lines", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=here / "tokenizer-offsets.json")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    stable_codes = [code for code in range(0x110000) if stable(code)]

    lines = [line for path in options.lines for line in pathlib.Path(path).read_text().splitlines()]
    cased = {"lowercase": False, "strip_accents": None}
    raw = {"clean_text": False, "handle_chinese_chars": False}
    sets = []
    for vocabulary, normalizer, share in [
        ("shipped", {}, 3),
        ("letters", {}, 1),
        ("letters", {"strip_accents": False}, 3),
        ("letters", cased, 3),
        ("letters", {**cased, "strip_accents": True}, 6),
        ("letters", raw, 6),
    ]:
        file = letters() if vocabulary == "letters" else json.loads(shipped.read_text())
        file["normalizer"].update(normalizer)
        tokenizer = Tokenizer.from_str(json.dumps(file))
        texts = CHOSEN + [random_text(rng, stable_codes) for _ in range(options.random // share)]
        if not normalizer:
            texts = texts + lines
        sets.append({"vocabulary": vocabulary, "normalizer": normalizer, "rows": list(rows(tokenizer, map(well_formed, texts)))})

    fixture = {
        "tokenizers": tokenizers.__version__,
        "shipped": hashlib.sha256(shipped.read_bytes()).hexdigest(),
        "letters": letters(),
        "sets": sets,
    }
    pathlib.Path(options.out).write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(sum(len(each["rows"]) for each in sets), "texts", pathlib.Path(options.out).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
