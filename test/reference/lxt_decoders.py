"""The decoders' numbers, and relprop's, against LXT 2.1: python lxt_decoders.py, with transformers 4, where `npm run build` has run

LXT replaces functions for the whole process, so each family and each of its maps runs in one of its own. Relevance of the vectors that
enter the first block for a logit of the next token; prints the largest difference, of Σ|R|: of LXT from the JSON files' float64, and of
relprop in float32 (dist/cli.js) from LXT. Where LXT has another rule it prints how far that goes:

- The soft cap of Gemma 3's logits, where a config has one: LXT takes the derivative, relprop the identity rule, so that one factor
  a text is between them, (tanh u / u) / (1 - tanh² u) of u = logit before the cap / cap. The later figures are without it.
- LXT 2.1 has no mixtures. The rule of its repository since (models/qwen3_moe.py) is restated here by its own functions: an expert and
  its weight share in halves, the router follows its derivative. `plain` leaves the half out, as 2.1's parts alone would.
"""

import importlib
import json
import math
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch
import transformers
from torch.overrides import TorchFunctionMode

transformers.logging.set_verbosity_error()
HERE = Path(__file__).parent
CLI = HERE.parent.parent / "dist" / "cli.js"
CP = dict(context="values", mixture="values", norm="identity", activation="identity", gate="values")
MAPS = {"attn-lrp": "attnLRP", "cp-lrp, values": "cp_LRP"}
# family, its file, its module in transformers and in LXT, names of configs
FAMILIES = [
    ("llama", "decoders", "llama", ["llama (4)", "llama, no biases, tied (4)", "llama, llama3 (4)", "llama, yarn (4)"]),
    ("qwen2", "decoders", "qwen2", ["qwen2 (4)", "qwen2, listed layers (4)"]),
    ("qwen3", "decoders", "qwen3", ["qwen3 (4)"]),
    ("gemma3", "gemmas", "gemma3", ["gemma3_text (4)", "gemma3_text, a pattern (4)", "gemma3_text, yarn, capped (4)"]),
    ("mixture", "mixtures", "qwen3_moe", ["qwen3_moe (4)", "qwen3_moe, a window (4)"]),
    ("mixture, plain", "mixtures", "qwen3_moe", ["qwen3_moe (4)"]),
]


class Double(TorchFunctionMode):
    """Without transformers' and LXT's own steps to 32 bits."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.__name__ in ("float", "to") and args[0].dtype == torch.float64 and (func.__name__ == "float" or torch.float32 in args):
            return args[0]
        if func.__name__ == "softmax" and args[0].dtype == torch.float64:
            kwargs = {k: v for k, v in kwargs.items() if k != "dtype"}
        return func(*args, **kwargs)


def mixture_map(module, half):
    """LXT's parts for Qwen3-MoE; `half` also for the products of experts and their weights, all that a block adds."""
    from lxt.efficient import patches, rules

    def forward(self, x, *more):
        y, logits = plain(self, x, *more)
        return rules.divide_gradient(y, 2), logits
    block = module.Qwen3MoeSparseMoeBlock
    plain = block.forward
    if half:
        block.forward = forward
    return {module.Qwen3MoeMLP: partial(patches.patch_method, patches.gated_mlp_forward),
            module.Qwen3MoeRMSNorm: partial(patches.patch_method, patches.rms_norm_forward), module: patches.patch_attention}


def relprop(folder, text, method, target):
    own = ["--composite", str(folder / "cp.json")] if method.startswith("cp") else ["--method", method]
    (folder / "cp.json").write_text(json.dumps(CP))
    done = subprocess.run(["node", str(CLI), "explain", "--model", str(folder), "--backend", "wasm", "--json", "--target", str(target), *own, text],
                          check=True, capture_output=True, text=True)
    return torch.tensor([t["relevance"] for t in json.loads(done.stdout)["tokens"]], dtype=torch.float64)


def compare(family, method):
    name, file, kind, wanted = next(f for f in FAMILIES if f[0] == family)
    module = importlib.import_module(f"transformers.models.{kind}.modeling_{kind}")
    from lxt.efficient import monkey_patch
    known = {one["name"]: one for one in json.loads((HERE / f"{file}.json").read_text())[file]}
    if name.startswith("mixture"):
        how = mixture_map(module, half=name == "mixture")
    else:
        how = getattr(importlib.import_module(f"lxt.efficient.models.{kind}"), MAPS[method])
    monkey_patch(module, patch_map=how)
    for config in wanted:
        one = known[config]
        folder = Path(tempfile.mkdtemp())
        (folder / "config.json").write_text(json.dumps(one["config"]))
        for path in (HERE / file / one["checkpoint"] / "model.safetensors", HERE / file / "tokenizer.json"):
            shutil.copy(path, folder)
        (folder / "tokenizer_config.json").write_text(json.dumps(dict(tokenizer_class="PreTrainedTokenizerFast")))
        load = getattr(module, one["config"]["architectures"][0]).from_pretrained
        model = load(folder, torch_dtype=torch.float64, attn_implementation="eager").eval()
        cap = getattr(model.config, "final_logit_softcapping", None)
        off, ours, apart = [], [], []
        for case in one["cases"]:
            with Double():
                words = model.get_input_embeddings()(torch.tensor([case["ids"]])).detach().requires_grad_()
                logit = model(inputs_embeds=words, attention_mask=torch.ones(1, words.shape[1])).logits[0, -1, case["target"]]
                logit.backward()
            found = (words * words.grad).sum(-1)[0]
            expected = torch.tensor(case["methods"][method]["embeddings"], dtype=torch.float64)
            mine = relprop(folder, case["text"], method, case["target"])
            share = lambda a, b: float((a - b).abs().max() / b.abs().sum())
            off.append(share(found, expected))
            if cap:
                t = float(logit) / cap
                found = found * (t / math.atanh(t)) / (1 - t * t)
                apart.append(share(found, expected))
            ours.append(share(mine, found))
        more = f", {max(apart):.1e} but for the soft cap's factor" if cap else ""
        print(f"{method:15} {config + (', plain' if 'plain' in name else ''):32} LXT {max(off):.1e} from float64{more}; relprop {max(ours):.1e} from LXT", flush=True)
        if not cap and "plain" not in name:
            assert max(off) < 1e-6 and max(ours) < 1e-5, config
        shutil.rmtree(folder)


if len(sys.argv) > 1:
    compare(sys.argv[1], sys.argv[2])
else:
    for family, *_ in FAMILIES:
        for method in list(MAPS)[: 1 if "mixture" in family else 2]:
            subprocess.run([sys.executable, "-W", "ignore", __file__, family, method], check=True)
