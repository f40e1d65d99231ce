"""What shipped tokenizers make of 2,000 mixed-script texts: checksums of ids, by the Rust library as transformers uses it.

    npm --prefix test/real ci --ignore-scripts
    python test/real/real.py          # with transformers 4.57, which wrote these files; writes real.json, beside this file

1,500 texts are subwords.json's; 500 more hold code, numbers, emoji, right-to-left and South-East Asian scripts, combining
marks, controls and runs of white space.
"""

import base64
import json
import pathlib
import random
import struct

import transformers
from tokenizers import Tokenizer
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
MORE = """def f(x):\n    return x**2  # ok|for (let i=0;i<10;i++){a[i]+=1}|SELECT * FROM t WHERE id=42;|3.14159e-10|1234567890|١٢٣|२०२४|שלום עולם|مرحبا بالعالم|สวัสดีชาวโลก
|မင်္ဂလာပါ|ខ្មែរ|日本語のテキスト|中文字符测试|한국어|👩‍👩‍👧‍👦|👍🏽|🇩🇪🇫🇷|e\u0301\u0308|a\u200db|\u200e\u200f|\u0007|\u0000|\t\t\t|\n\n\n|\r\n|          |
| \n \n|it's we'll I'M THEY'RE|'ſ|<|im_start|>|<bos>|http://x.y/z?q=1&r=%20|C'est l’été|ÀÉÎ|straße|ﬁ|Ⅷ|½|_snake_case|CamelCase|kebab-case|......|!!??|—–|“”|\ufeff|\u00a0|\u3000|ʼn|ǆ|
|𝒳𝟘|ⓐ|Iİı|Σσς""".split("|")


def checksum(ids):
    sum = 0x811C9DC5
    for id in ids:
        sum = (sum ^ id) * 0x01000193 & 0xFFFFFFFF
    return sum


def main():
    rng = random.Random(3)
    subwords = json.loads((HERE.parent / "reference" / "subwords.json").read_text())["texts"]
    texts = [text for text in subwords if not any(0xD800 <= ord(c) < 0xE000 for c in text)][:1500]
    assert len(texts) == 1500
    more = ["".join(rng.choice(MORE) + rng.choice(["", " ", "  ", "\n"]) for _ in range(rng.randint(1, 12))) for _ in range(500)]
    out = {"transformers": transformers.__version__, "more": more, "kinds": {}}
    for folder in sorted((HERE / "node_modules" / "@lenml").glob("tokenizer-*")):
        models = folder / "models"
        try:
            tokenizer = AutoTokenizer.from_pretrained(models)
            encode = lambda text: tokenizer(text)["input_ids"]
        except ValueError:  # no class is named, or one that transformers does not have
            tokenizer = Tokenizer.from_file(str(models / "tokenizer.json"))
            encode = lambda text: tokenizer.encode(text).ids
        sums = [checksum(encode(text)) for text in texts + more]
        out["kinds"][folder.name] = base64.b64encode(struct.pack(f"<{len(sums)}I", *sums)).decode()
        print(folder.name, type(tokenizer).__name__)
    (HERE / "real.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
