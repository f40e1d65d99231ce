"""families.json's GPT-2 against LXT: python lxt_gpt2.py

LXT replaces classes for the whole process, so each of its two maps runs in one of its own. Relevance of word vectors for the
next token's logit; prints the largest difference, of Σ|R|, and stops beyond 1e-10.
"""

import json
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
MAPS = {"attn-lrp": "attnLRP", "cp-lrp": "cp_LRP"}


def compare(method):
    from lxt.efficient import monkey_patch
    from lxt.efficient.models import gpt2 as maps
    from transformers.models.gpt2 import modeling_gpt2

    monkey_patch(modeling_gpt2, patch_map=getattr(maps, MAPS[method]))
    folder = HERE / "families" / "gpt2-lm"
    load = modeling_gpt2.GPT2LMHeadModel.from_pretrained
    model = load(folder, torch_dtype=torch.float64, attn_implementation="eager").eval()
    family = next(f for f in json.loads((HERE / "families.json").read_text())["families"] if f["name"] == "gpt2-lm")
    worst, n = 0.0, 0
    for case in family["cases"]:
        if "continuation" in case or "contrast" in case:
            continue
        words = model.transformer.wte(torch.tensor([case["ids"]])).detach().requires_grad_()
        logits = model(inputs_embeds=words).logits[0, -1]
        target = case.get("target")
        logits[int(logits.argmax()) if target is None else target].backward()
        found = (words * words.grad).sum(-1)[0]
        expected = torch.tensor(case["methods"][method]["words"], dtype=torch.float64)
        worst, n = max(worst, float((found - expected).abs().max() / expected.abs().sum())), n + 1
    print(f"{method}: {n} texts, largest difference {worst:.1e} of Σ|R|")
    assert n and worst < 1e-7, worst


if len(sys.argv) > 1:
    compare(sys.argv[1])
else:
    for method in MAPS:
        subprocess.run([sys.executable, __file__, method], check=True)
