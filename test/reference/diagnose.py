"""What relprop diagnose tells of models/sst2-tiny, once more in NumPy and float64: forward pass, ranks by numpy's SVD, and the
gradients of the projections by a backward pass written by hand.

  ENV/bin/python diagnose.py        (numpy alone)
"""

import json
import re
import struct
from math import erf
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MODEL = HERE.parent.parent / "models" / "sst2-tiny"
TEXTS = [
    ("A gorgeous, witty, seductive movie.", [0]),
    ("not a bad movie", [1, 2]),
    ("The plot is so predictable and the acting so wooden that even the popcorn gets bored.", [0, 3, 7]),
]
verf = np.vectorize(erf)


def weights():
    data = (MODEL / "model.safetensors").read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + n])
    kinds = {"F16": np.float16, "F32": np.float32}
    found = {}
    for name, one in header.items():
        if name != "__metadata__":
            start, end = one["data_offsets"]
            raw = np.frombuffer(data[8 + n + start : 8 + n + end], kinds[one["dtype"]])
            found[name] = raw.astype(np.float64).reshape(one["shape"])
    return found


def tokens(text, vocab):
    ids = [vocab["[CLS]"]]
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        at = 0
        while at < len(word):
            end = next(e for e in range(len(word), at, -1) if ("##" if at else "") + word[at:e] in vocab)
            ids.append(vocab[("##" if at else "") + word[at:end]])
            at = end
    return [*ids, vocab["[SEP]"]]


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def norm(x, w, b, eps):
    m, v = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    h = (x - m) / np.sqrt(v + eps)
    return h * w + b, (h, np.sqrt(v + eps), w)


def norm_back(g, kept):
    h, dev, w = kept
    g = g * w
    return (g - g.mean(-1, keepdims=True) - h * (g * h).mean(-1, keepdims=True)) / dev


def run(w, config, ids, chosen):
    eps, heads = config["layer_norm_eps"], config["num_attention_heads"]
    emb = "bert.embeddings."
    table = lambda kind: w[f"{emb}{kind}_embeddings.weight"]  # noqa: E731
    x = table("word")[ids] + table("position")[: len(ids)] + table("token_type")[0]
    x, _ = norm(x, w[emb + "LayerNorm.weight"], w[emb + "LayerNorm.bias"], eps)
    n, d = x.shape
    stream, blocks, kept = [x], [], []
    for i in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{i}."
        lin = lambda x, name: x @ w[f"{at}{name}.weight"].T + w[f"{at}{name}.bias"]  # noqa: B023, E731
        split = lambda x: x.reshape(n, heads, -1).transpose(1, 0, 2)  # noqa: E731
        q, k, v = (split(lin(x, f"attention.self.{name}")) for name in ("query", "key", "value"))
        p = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(d / heads))
        c = (p @ v).transpose(1, 0, 2).reshape(n, d)
        handed = lin(c, "attention.output.dense")
        a, n1 = norm(x + handed, w[at + "attention.output.LayerNorm.weight"], w[at + "attention.output.LayerNorm.bias"], eps)
        u = lin(a, "intermediate.dense")
        act = u / 2 * (1 + verf(u / np.sqrt(2)))
        y, n2 = norm(a + lin(act, "output.dense"), w[at + "output.LayerNorm.weight"], w[at + "output.LayerNorm.bias"], eps)
        kept.append((x, q, k, v, p, n1, u, n2))
        entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(-1).mean(-1)
        variance = handed.var(-1)
        slope, intercept = np.polyfit(np.log(np.arange(1, n + 1)), np.log(variance), 1)
        blocks.append(
            {
                "entropy": entropy.tolist(),
                "mass": p[:, :, chosen].sum(-1).mean(-1).tolist(),
                "variance": variance.tolist(),
                "slope": slope,
                "intercept": intercept,
            }
        )
        stream.append(y)
        x = y
    h = np.tanh(x[0] @ w["bert.pooler.dense.weight"].T + w["bert.pooler.dense.bias"])
    logits = h @ w["classifier.weight"].T + w["classifier.bias"]
    top = int(logits.argmax())

    g = np.zeros((n, d))
    g[0] = (w["classifier.weight"][top] * (1 - h**2)) @ w["bert.pooler.dense.weight"]
    for i in reversed(range(len(kept))):
        at = f"bert.encoder.layer.{i}."
        x, q, k, v, p, n1, u, n2 = kept[i]
        g = norm_back(g, n2)
        gu = (g @ w[at + "output.dense.weight"]) * ((1 + verf(u / np.sqrt(2))) / 2 + u * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi))
        g = norm_back(g + gu @ w[at + "intermediate.dense.weight"], n1)
        gc = (g @ w[at + "attention.output.dense.weight"]).reshape(n, heads, -1).transpose(1, 0, 2)
        gp = gc @ v.transpose(0, 2, 1)
        gs = p * (gp - (p * gp).sum(-1, keepdims=True)) / np.sqrt(d / heads)
        join = lambda x: x.transpose(1, 0, 2).reshape(n, d)  # noqa: E731
        parts = {"query": join(gs @ k), "key": join(gs.transpose(0, 2, 1) @ q), "value": join(p.transpose(0, 2, 1) @ gc)}
        blocks[i]["gradients"] = {name: float(np.linalg.norm(part.T @ x)) for name, part in parts.items()}
        for name, part in parts.items():
            g = g + part @ w[f"{at}attention.self.{name}.weight"]

    return {"logits": logits.tolist(), "stream": [alike(x) for x in stream], "blocks": blocks}


def ranks(x):
    s = np.linalg.svd(x, compute_uv=False)
    share = s / s.sum()
    share = share[share > 0]
    return {
        "norm": float(np.linalg.norm(x)),
        "stableRank": float((s**2).sum() / s[0] ** 2),
        "effectiveRank": float(np.exp(-(share * np.log(share)).sum())),
    }


def alike(x):
    n = len(x)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = ~np.eye(n, dtype=bool)
    return {
        "cosine": float((unit @ unit.T)[pairs].mean()),
        "alignment": float((x @ x.T)[pairs].sum() / ((n - 1) * (x**2).sum())),
        "residual": float(np.linalg.norm(x - x.mean(0)) / np.linalg.norm(x)),
        **ranks(x),
    }


def main():
    w, config = weights(), json.loads((MODEL / "config.json").read_text())
    vocab = json.loads((MODEL / "tokenizer.json").read_text())["model"]["vocab"]
    told = {"texts": []}
    for text, chosen in TEXTS:
        ids = tokens(text, vocab)
        told["texts"].append({"text": text, "tokens": chosen, "ids": ids, **run(w, config, ids, chosen)})
    told["weights"] = {name: ranks(x) for name, x in w.items() if x.ndim == 2 and "embeddings" not in name}
    (HERE / "diagnose.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
