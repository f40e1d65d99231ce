"""Relevance of rotary positions (PA-LRP, arXiv 2506.02138) in float64: positional.json, of the checkpoints of decoders.py, gemmas.py
and mixtures.py under the configs of transformers 4.

    python positional.py                # with transformers 4
    python positional.py --check        # recomputes and compares

attn-lrp as in families.py, where a product of two tensors that need a gradient is shared in halves. Cosines and sines need one here, so
that a turned query or key shares with them; positions' relevance is what reaches them, token by token, of all blocks together.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer

import families
from families import HERE, fed
from golden import short

transformers.logging.set_verbosity_error()
FILES = ["decoders", "gemmas", "mixtures"]
MORE = ["llama, yarn (4)", "llama, no biases, tied (4)", "phi3, longrope of a part, as it was called (4)"]
PATH = HERE / "positional.json"


def turning(module, kept):
    """The module's rotation, by cosines and sines that need a gradient."""
    turn = module.apply_rotary_pos_emb

    def turned(q, k, cos, sin, *more, **others):
        if not torch.is_grad_enabled():
            return turn(q, k, cos, sin, *more, **others)
        leaves = [x.detach().clone().requires_grad_() for x in (cos, sin)]
        kept.extend(leaves)
        return turn(q, k, *leaves, *more, **others)
    module.apply_rotary_pos_emb = turned
    return turn


def explained(one, file):
    folder = Path(tempfile.mkdtemp())
    (folder / "config.json").write_text(json.dumps(one["config"]))
    shutil.copy(HERE / file / one["checkpoint"] / "model.safetensors", folder)
    m = families.Model(folder, one["config"]["architectures"][0], "")
    case = one["cases"][0]
    e, given = fed(Tokenizer.from_file(str(HERE / file / "tokenizer.json")), False, case["text"])
    module = sys.modules[type(m.model).__module__]
    kept = []
    turn = turning(module, kept)
    y, (x,) = m.run(given, "attn-lrp", "embeddings")
    module.apply_rotary_pos_emb = turn
    y.logits[0, -1, case["target"]].backward()
    shutil.rmtree(folder)
    positional = sum((leaf * leaf.grad).sum(-1)[0] for leaf in kept)
    relevance = (x * x.grad).sum(-1)[0]
    return {"name": one["name"], "text": case["text"], "target": case["target"], "relevance": [short(r) for r in relevance],
            "positional": [short(r) for r in positional]}


def main():
    torch.set_num_threads(1)
    found = []
    for file in FILES:
        for one in json.loads((HERE / f"{file}.json").read_text())[file]:
            name = one["name"]
            if "(4)" not in name or "bloom" in name or ("," in name and name not in MORE):
                continue
            found.append(explained(one, file))
    if "--check" in sys.argv:
        known = json.loads(PATH.read_text())
        off = max(abs(a - b) for x, y in zip(found, known) for k in ("relevance", "positional") for a, b in zip(x[k], y[k]))
        print("largest difference", off)
        return
    PATH.write_text("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in found) + "\n]\n")
    print(f"{PATH.stat().st_size} bytes, {len(found)} checkpoints")


if __name__ == "__main__":
    main()
