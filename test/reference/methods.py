"""Methods that look at attention or at gradients, transcribed in NumPy over a BERT in PyTorch (float64): methods.json, on the
first tiny model. Needs PyTorch and NumPy only.

    python methods.py
"""
import json
import math
import struct
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
FOLDER = HERE / "tiny" / "gelu-new-3-labels"
PAIRS = [("the sea !", "so s ##ing ."), ("d u e t", "the sea ##s r ##i ##s ##ing")]
TEXTS = ["the sea !", "so s ##ing , the sea ##s r ##i ##s ##ing .", "d u e t"]

torch.set_default_dtype(torch.float64)


def load():
    raw = (FOLDER / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    weights = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        assert t["dtype"] == "F32"
        start, end = (8 + size + o for o in t["data_offsets"])
        weights[name] = torch.tensor(np.frombuffer(raw[start:end], "<f4").reshape(t["shape"]).astype("f8"))
    return weights, json.loads((FOLDER / "config.json").read_text())


def linear(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(w, name, x, eps):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps)


def embed(w, c, ids, types=None):
    e = "bert.embeddings"
    x = w[f"{e}.word_embeddings.weight"][ids] + w[f"{e}.position_embeddings.weight"][: len(ids)]
    x = x + w[f"{e}.token_type_embeddings.weight"][types or [0] * len(ids)]
    return norm(w, f"{e}.LayerNorm", x, c["layer_norm_eps"])


def forward(w, c, x):
    """Logits, and the attention weights [heads, n, n] of each block, kept for their gradients."""
    n, width = x.shape
    heads = c["num_attention_heads"]
    split = lambda y: y.view(n, heads, width // heads).transpose(0, 1)
    attention = []
    for i in range(c["num_hidden_layers"]):
        layer = f"bert.encoder.layer.{i}"
        q, k, v = (split(linear(w, f"{layer}.attention.self.{part}", x)) for part in ("query", "key", "value"))
        p = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(width // heads), dim=-1)
        p.requires_grad_(True) if p.is_leaf else p.retain_grad()
        attention.append(p)
        context = (p @ v).transpose(0, 1).reshape(n, width)
        x = norm(w, f"{layer}.attention.output.LayerNorm", linear(w, f"{layer}.attention.output.dense", context) + x, c["layer_norm_eps"])
        h = linear(w, f"{layer}.intermediate.dense", x)
        h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))
        x = norm(w, f"{layer}.output.LayerNorm", linear(w, f"{layer}.output.dense", h) + x, c["layer_norm_eps"])
    return linear(w, "classifier", torch.tanh(linear(w, "bert.pooler.dense", x[0]))), attention


def rows(a):
    return a / a.sum(axis=1, keepdims=True)


def product(matrices):
    joint = matrices[0]
    for a in matrices[1:]:
        joint = a @ joint
    return joint


def explain(w, c, ids, unk, pad, special):
    x = embed(w, c, ids).detach().requires_grad_(True)
    logits, attention = forward(w, c, x)
    target = int(logits.argmax())
    logits[target].backward()
    a = [p.detach().numpy() for p in attention]
    positive = [np.maximum(p.detach().numpy() * p.grad.numpy(), 0).mean(axis=0) for p in attention]
    eye = np.eye(len(ids))

    hybrid = product([rows(p + eye) for p in positive])
    hybrid[0, 0] = 0
    relevancy = eye
    for p in positive:
        relevancy = relevancy + p @ relevancy
    cls = relevancy[0].copy()
    cls[0] = 0

    f = lambda ids: float(forward(w, c, embed(w, c, ids))[0][target])
    steps = 7
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    away = embed(w, c, [i if s else pad for i, s in zip(ids, special)]).detach()
    total = torch.zeros_like(x)
    for node, weight in zip(nodes, weights):
        point = (away + (1 + node) / 2 * (x.detach() - away)).requires_grad_(True)
        forward(w, c, point)[0][target].backward()
        total += weight / 2 * point.grad
    return {
        "logit": float(logits[target]),
        "attention-last": a[-1].sum(axis=1).mean(axis=0).tolist(),
        "rollout": product([rows(p.mean(axis=0) + eye) for p in a]).sum(axis=0).tolist(),
        "grad-rollout": hybrid.sum(axis=0).tolist(),
        "gae": cls.tolist(),
        "saliency": x.grad.norm(dim=1).tolist(),
        "integrated-gradients": ((x.detach() - away) * total).sum(dim=1).tolist(),
        "occlusion": [f(ids) - f(ids[:t] + [unk] + ids[t + 1 :]) for t in range(len(ids))],
    }


def main():
    w, c = load()
    vocab = json.loads((FOLDER / "tokenizer.json").read_text())["model"]["vocab"]
    cases = []
    for text in TEXTS:
        pieces = ["[CLS]", *text.split(), "[SEP]"]
        ids = [vocab.get(piece, vocab["[UNK]"]) for piece in pieces]
        special = [piece in ("[CLS]", "[SEP]") for piece in pieces]
        cases.append({"text": text.replace(" ##", ""), "ids": ids, **explain(w, c, ids, vocab["[UNK]"], vocab["[PAD]"], special)})
    pairs = []
    for text, pair in PAIRS:
        sides = [["[CLS]", *text.split(), "[SEP]"], [*pair.split(), "[SEP]"]]
        ids = [vocab.get(piece, vocab["[UNK]"]) for side in sides for piece in side]
        types = [kind for kind, side in enumerate(sides) for _ in side]
        x = embed(w, c, ids, types).detach().requires_grad_(True)
        logits, _ = forward(w, c, x)
        logits[int(logits.argmax())].backward()
        relevance = (x * x.grad).sum(dim=1).tolist()
        plain = [t.replace(" ##", "") for t in (text, pair)]
        pairs.append({"text": plain[0], "pair": plain[1], "ids": ids, "types": types, "logits": logits.tolist(), "gradient-x-input": relevance})
    (HERE / "methods.json").write_text(json.dumps({"torch": torch.__version__, "steps": 7, "cases": cases, "pairs": pairs}) + "\n")
    for case in cases:
        print(case["text"], case["logit"], case["gae"][:3])


main()
