"""Each activation of transformers' ACT2FN in a tiny BERT, by transformers itself in float64: activations.json.

    python activations.py           # write
    python activations.py --check   # compare the installed version's with what is there

One checkpoint, families/bert-sequence, whose config's hidden_act is another each time. Relevance is by families.py's rules.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from transformers.activations import ACT2CLS

from families import SEQUENCE, Model, Whole, fed, short, worst
from golden import HERE

CHECKPOINT = HERE / "families" / "bert-sequence"
TEXT = "The sea is so!"
LEARNED = ["prelu", "xielu"]
KINDS = tuple(kind[0] if isinstance(kind, tuple) else kind for kind in ACT2CLS.values())


def case(name):
    with tempfile.TemporaryDirectory() as folder:
        for file in ["model.safetensors", "tokenizer.json"]:
            shutil.copy(CHECKPOINT / file, folder)
        config = json.loads((CHECKPOINT / "config.json").read_text())
        (Path(folder) / "config.json").write_text(json.dumps({**config, "hidden_act": name}))
        model = Model(Path(folder), "Bert", SEQUENCE)
        for module in list(model.model.base_model.encoder.modules()):
            for key, child in module.named_children():
                if isinstance(child, KINDS):
                    setattr(module, key, Whole(child, model.rules))
        encoding, given = fed(Tokenizer.from_file(str(CHECKPOINT / "tokenizer.json")), True, TEXT)
        logits = model.run(given, "gradient-x-input")[0].logits[0]
        target = int(logits.argmax())
        found = {"text": TEXT, "ids": encoding.ids, "target": target, "logits": [short(x) for x in logits]}
        return {**found, "methods": model.explain(given, lambda y, _: y.logits[0, target])}


def main():
    found = [{"name": name, "cases": [case(name)]} for name in ACT2CLS if name not in LEARNED]
    path = HERE / "activations.json"
    if "--check" in sys.argv[1:]:
        there = {each["name"]: each for each in json.loads(path.read_text())["activations"]}
        print(transformers.__version__, len(found), "of", len(there), "differ by at most", max(worst(each, there[each["name"]]) for each in found))
        return
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    path.write_text(json.dumps({"versions": versions, "activations": found}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
