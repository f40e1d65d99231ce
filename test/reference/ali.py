"""The classifier of Ali et al. (ICML 2022) as its authors published it, transcribed: a random checkpoint, tiny/ali, and its
golden numbers, ali.json. PyTorch in float64; needs nothing else.

    python ali.py

Forward: post-norm blocks of attention alone; no 1/sqrt(d), no mask; LayerNorm in mode "nowb": (x - mean) / (std + eps) with
the unbiased deviation and no weight. Backward: block by block from the output down, each block's input a leaf of its own, the
relevance of its output (gradient times activation) summed and sent back, as the authors' forward_and_explain does.
"""
import json
import struct
from pathlib import Path

import torch

HERE = Path(__file__).parent
FOLDER = HERE / "tiny" / "ali"
WIDTH, HEADS, BLOCKS, CLASSES, POSITIONS, EPS = 24, 3, 3, 2, 32, 1e-12
TEXTS = ["the sea ##ing so", "g o ! t o the sea . t o sea", "d u e t", "so"]
# What the authors' configurations detach: the attention weights, the deviation.
METHODS = {"gradient-x-input": (False, False), "lrp-ah": (True, False), "lrp-ln": (False, True), "lrp-ah-ln": (True, True)}

torch.set_default_dtype(torch.float64)


def weights(vocabulary):
    g = torch.Generator().manual_seed(22)
    shapes = {
        "embeds.word_embeddings.weight": (vocabulary, WIDTH),
        "embeds.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeds.token_type_embeddings.weight": (2, WIDTH),
        "embeds.LayerNorm.weight": (WIDTH,),
        "embeds.LayerNorm.bias": (WIDTH,),
        "pooler.dense.weight": (WIDTH, WIDTH),
        "pooler.dense.bias": (WIDTH,),
        "classifier.weight": (CLASSES, WIDTH),
        "classifier.bias": (CLASSES,),
    }
    for i in range(BLOCKS):
        for part in ("query", "key", "value", "output.dense"):
            shapes[f"attention_layers.{i}.{part}.weight"] = (WIDTH, WIDTH)
            shapes[f"attention_layers.{i}.{part}.bias"] = (WIDTH,)
        # In the state_dict, though mode "nowb" leaves them unused.
        shapes[f"attention_layers.{i}.output.LayerNorm.weight"] = (WIDTH,)
        shapes[f"attention_layers.{i}.output.LayerNorm.bias"] = (WIDTH,)
    made = {}
    for name, shape in shapes.items():
        r = torch.randn(shape, generator=g)
        if len(shape) == 2 and "embeddings" not in name:
            r = r * (0.9 if "query" in name or "key" in name else 1.4) / WIDTH**0.5
        elif name.endswith("LayerNorm.weight"):
            r = 1 + 0.3 * r
        elif len(shape) == 1:
            r = 0.3 * r
        made[name] = r.float()
    return made


def save(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def linear(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def nowb(x, hold):
    std = x.std(dim=-1, keepdim=True)
    return (x - x.mean(dim=-1, keepdim=True)) / ((std.detach() if hold else std) + EPS)


def embed(w, ids):
    x = w["embeds.word_embeddings.weight"][ids] + w["embeds.position_embeddings.weight"][: len(ids)]
    x = x + w["embeds.token_type_embeddings.weight"][0]
    return torch.nn.functional.layer_norm(x, (WIDTH,), w["embeds.LayerNorm.weight"], w["embeds.LayerNorm.bias"], EPS)


def block(w, i, x, hold_weights, hold_deviation):
    split = lambda y: y.view(len(x), HEADS, WIDTH // HEADS).transpose(0, 1)
    q, k, v = (split(linear(w, f"attention_layers.{i}.{part}", x)) for part in ("query", "key", "value"))
    p = torch.softmax(q @ k.transpose(1, 2), dim=-1)
    context = ((p.detach() if hold_weights else p) @ v).transpose(0, 1).reshape(len(x), WIDTH)
    return nowb(linear(w, f"attention_layers.{i}.output.dense", context) + x, hold_deviation)


def explain(w, ids, target, hold_weights, hold_deviation):
    leaf = lambda x: x.detach().clone().requires_grad_(True)
    xs, outs = [], []
    y = embed(w, ids)
    for i in range(BLOCKS):
        xs.append(leaf(y))
        y = block(w, i, xs[-1], hold_weights, hold_deviation)
        outs.append(y)
    top = leaf(y)
    pooled = torch.tanh(linear(w, "pooler.dense", top[0]))
    last = leaf(pooled)
    logits = linear(w, "classifier", last)
    target = int(logits.argmax()) if target is None else target
    logits[target].backward()
    (last.grad * pooled).sum().backward()
    relevance = top.grad * outs[-1]
    for i in reversed(range(BLOCKS)):
        below = xs[i]
        # The gradient of Σ g · y with g a constant; the authors get it from the relevance's own sum.
        (top.grad.detach() * outs[i]).sum().backward()
        relevance = below.grad * below.detach()
        top = below
    return logits.detach(), target, relevance.sum(-1)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer = (HERE / "tiny" / "gelu-new-3-labels" / "tokenizer.json").read_text()
    vocab = json.loads(tokenizer)["model"]["vocab"]
    tensors = weights(len(vocab))
    save(FOLDER / "model.safetensors", tensors)
    (FOLDER / "tokenizer.json").write_text(tokenizer)
    config = dict(model_type="xai_transformer", hidden_size=WIDTH, num_attention_heads=HEADS, n_blocks=BLOCKS, n_classes=CLASSES,
                  layer_norm_eps=EPS)
    (FOLDER / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    w = {name: t.double() for name, t in tensors.items()}
    cases = []
    for text in TEXTS:
        pieces = ["[CLS]", *text.split(), "[SEP]"]
        ids = [vocab[piece] for piece in pieces]
        case = {"text": text.replace(" ##", ""), "ids": ids, "methods": {}}
        for name, hold in METHODS.items():
            logits, target, relevance = explain(w, ids, None, *hold)
            case["logits"], case["target"] = logits.tolist(), target
            case["methods"][name] = relevance.tolist()
        cases.append(case)
    (HERE / "ali.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
    for case in cases:
        print(case["text"], case["logits"], {k: round(sum(v), 4) for k, v in case["methods"].items()})


main()
