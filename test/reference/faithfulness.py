"""The protocol ali2022 in float64: faithfulness.json, which the tests compare `relprop evaluate` with.

    python faithfulness.py dev.tsv            # the first 200 sentences of SST-2; a minute
    python faithfulness.py                    # the 40 of ../corpus/reviews.tsv, with their logits: faithfulness-sample.json
    python faithfulness.py … --check          # recompute and compare

SST-2's sentences (columns `sentence`, `label`) are not in this repository, and only means are written. Those of
../corpus/reviews.tsv were written and labelled for these tests. Relevance comes from bert.py; perturbation and scores are written from the paper's procedure, without a look at the product's.
"""
import csv
import hashlib
import json
import math
import pathlib
import sys

import numpy as np
import torch
from tokenizers import Tokenizer

from bert import ACTIVATIONS, METHODS, Bert

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = HERE / "../corpus/reviews.tsv"
FOLDER = HERE / "../../models/sst2-tiny"
EXAMPLES = 200
# Before the embeddings' norm these two are rounding noise.
JUDGED = [("embeddings", m) for m in METHODS] + [("embedding-sum", m) for m in METHODS if m not in ("gradient-x-input", "lrp-ah")]


def predict(model, ids):
    """Logits of a batch of texts of one length [B, T], plainly."""
    w = model.weights
    linear = lambda name, x: x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(name, x):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], model.eps)

    B, T = ids.shape
    e = "bert.embeddings."
    x = norm(e + "LayerNorm", w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:T] + w[e + "token_type_embeddings.weight"][0])
    act = ACTIVATIONS[model.config["hidden_act"]][0]
    for i in range(model.layers):
        n = f"bert.encoder.layer.{i}."
        q, k, v = (linear(f"{n}attention.self.{p}", x).view(B, T, model.heads, -1).transpose(1, 2) for p in ("query", "key", "value"))
        p = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), -1)
        c = (p @ v).transpose(1, 2).reshape(B, T, -1)
        x = norm(n + "attention.output.LayerNorm", x + linear(n + "attention.output.dense", c))
        x = norm(n + "output.LayerNorm", x + linear(n + "output.dense", act(linear(n + "intermediate.dense", x))))
    return linear("classifier", torch.tanh(linear("bert.pooler.dense", x[:, 0])))


def judge(model, ids, label, relevance, unk):
    """One text: E of activation, E and M of pruning, at each fraction."""
    ids, relevance, N = np.array(ids), np.array(relevance), len(ids)
    fracs = np.linspace(0.0, 1.0, 11)
    activation, pruning = [], []
    most, smallest = np.argsort(-relevance), np.argsort(np.abs(relevance))
    for frac in fracs:
        n = int(np.ceil(frac * N))
        shown = np.full(N, unk)
        shown[most[:n]] = ids[most[:n]]
        activation.append(shown)
        left = ids.copy()
        left[smallest[:n]] = unk
        pruning.append(left)
    with torch.no_grad():
        y0 = predict(model, torch.tensor(ids)[None])[0]
        y = predict(model, torch.tensor(np.stack(activation + pruning)))
    E = torch.softmax(y, -1)[:, label].numpy()
    M = ((y0 - y[11:]) ** 2).sum(-1).numpy()
    return E[:11], E[11:], M


def main():
    model = Bert(FOLDER)
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    unk = tokenizer.token_to_id("[UNK]")
    given = [argument for argument in sys.argv[1:] if argument != "--check"]
    with open(given[0] if given else SAMPLE, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[:EXAMPLES]
    curves = {key: [] for key in JUDGED}
    for row in rows:
        ids, label = tokenizer.encode(row["sentence"]).ids, int(row["label"])
        for method in METHODS:
            walked = model.explain(ids, method, target=label)
            for point, name in JUDGED:
                if name == method:
                    curves[point, name].append(judge(model, ids, label, walked[point]["relevance"], unk))
    area = lambda ys: round(float(np.trapz(np.nanmean(ys, 0), np.linspace(0.0, 1.0, 11))), 9)
    results = {}
    for (point, method), found in curves.items():
        activation, pruning, distance = (np.stack(ys) for ys in zip(*found))
        results.setdefault(point, {})[method] = {"auac": area(activation), "auMse": area(distance), "aupc": area(pruning)}
    sha256 = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()
    out = {"protocol": "ali2022", "model": "sst2-tiny", "sha256": sha256, "examples": len(rows), "results": results}
    if not given:
        with torch.no_grad():
            logits = [predict(model, torch.tensor(tokenizer.encode(row["sentence"]).ids)[None])[0] for row in rows]
        out["right"] = sum(int(y.argmax()) == int(row["label"]) for y, row in zip(logits, rows))
        out["logits"] = [[round(float(v), 9) for v in y] for y in logits]
    path = HERE / ("faithfulness.json" if given else "faithfulness-sample.json")
    if "--check" in sys.argv:
        assert json.loads(path.read_text()) == out, "faithfulness.json says otherwise"
    else:
        path.write_text(json.dumps(out, indent=1) + "\n")
    print(json.dumps(results, indent=1))


main()
