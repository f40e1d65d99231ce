"""Two one-layer models trained from scratch, whose regimes papers describe (NumPy alone).

  benign    Jiang et al. 2024: f(X) = mean over queries of softmax(X W_Qᵀ W_K Xᵀ) X W_Vᵀ w_O, one signal token among noise,
            full-batch gradient descent on the logistic loss; signals of five strengths, from harmful to benign overfitting
  low_rank  Li et al. 2024: F(X) = mean over queries of aᵀ ReLU(W_O W_V Xᵀ softmax), two of twelve patterns matter, SGD on
            the hinge loss; before and after training

Writes one-layer/NAME/{config.json,model.safetensors} and one-layer.json. Data come from the same generator as
test/systems.ts has, so that no data need to be kept.

  ENV/bin/python one_layer.py
"""

import json
import struct
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
rng_scale = np.sqrt(2.0)


def random(n, seed):
    """Like test/support.ts: xorshift32 as float32 in [-1, 1)."""
    state = (seed * 2654435761) & 0xFFFFFFFF or 1
    out = np.empty(n, np.float32)
    for i in range(n):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        out[i] = state / 2**32 * 2 - 1
    return out.astype(np.float64)


def normal(n, m, seed, by=1.0):
    """Like test/systems.ts: sums of six, rounded to float32."""
    draws = random(6 * n * m, seed).reshape(n * m, 6)
    sums = np.zeros(n * m)
    for k in range(6):
        sums = sums + draws[:, k]
    return np.float32(by * (sums / rng_scale)).astype(np.float64).reshape(n, m)


def save(name, config, tensors):
    folder = HERE / "one-layer" / name
    folder.mkdir(parents=True, exist_ok=True)
    header, data, at = {}, b"", 0
    for key, value in tensors.items():
        raw = np.ascontiguousarray(value, np.float32).tobytes()
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        data, at = data + raw, at + len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rounded(*weights):
    return [np.float32(w).astype(np.float64) for w in weights]


# ---- benign overfitting

D, M, WIDTH, TRAIN, TEST = 200, 4, 8, 20, 200


def examples(n, strength, seed):
    """Token 1 is the signal, ± by the label; the others noise that is orthogonal to both signals."""
    x = np.zeros((n, M, D))
    x[:, 1:, 2:] = normal(n * (M - 1), D - 2, seed).reshape(n, M - 1, D - 2)
    y = np.array([1.0 if i % 2 == 0 else -1.0 for i in range(n)])
    x[np.arange(n), 0, (y < 0).astype(int)] = strength
    return x, y


def attend(x, q, k):
    return softmax((x @ q.T) @ (x @ k.T).transpose(0, 2, 1))


def benign(strength):
    x, y = examples(TRAIN, strength, 1)
    q, k, v = (normal(WIDTH, D, s, 0.02) for s in (11, 12, 13))
    o = np.array([1.0, -1.0] * (WIDTH // 2)) / np.sqrt(WIDTH)
    rate = 0.05
    for step in range(20000):
        p = attend(x, q, k)
        u = x @ (v.T @ o)  # each token's value along w_O
        f = (p @ u[:, :, None])[:, :, 0].mean(1)
        loss = np.log1p(np.exp(-y * f)).mean()
        if loss < 0.01:
            break
        gf = -y / (1 + np.exp(y * f)) / TRAIN
        gp = gf[:, None, None] / M * u[:, None, :]
        gs = p * (gp - (p * gp).sum(-1, keepdims=True))
        gu = gf[:, None] / M * p.sum(1)
        gv = np.outer(o, np.einsum("nm,nmd->d", gu, x))
        xq, xk = x @ q.T, x @ k.T
        gq = np.einsum("nlw,nld->wd", gs @ xk, x)
        gk = np.einsum("nlw,nld->wd", gs.transpose(0, 2, 1) @ xq, x)
        q, k, v = q - rate * gq, k - rate * gk, v - rate * gv
    q, k, v, o = rounded(q, k, v, o)

    def measured(x, y):
        p = attend(x, q, k)
        f = (p @ (x @ (v.T @ o))[:, :, None])[:, :, 0].mean(1)
        return {
            "logits": f.tolist(),
            "loss": float(np.log1p(np.exp(-y * f)).mean()),
            "error": float((y * f <= 0).mean()),
            "own": float(p[:, 0, 0].mean()),  # the signal query on itself
            "others": float(p[:, 1:, 0].mean()),  # a noise query on the signal
        }

    name = f"benign-{strength:g}"
    save(
        name,
        {
            "model_type": "one_layer_vit",
            "architectures": ["OneLayerViTForTabularClassification"],
            "problem_type": "multi_label_classification",
            "hidden_size": D,
            "num_hidden_layers": 1,
            "id2label": {"0": "positive"},
        },
        {
            "layers.0.attention.query.weight": q,
            "layers.0.attention.key.weight": k,
            "layers.0.attention.value.weight": v,
            "classifier.weight": o[None],
        },
    )
    told = {"strength": strength, "steps": step, "train": measured(x, y), "test": measured(*examples(TEST, strength, 2))}
    print(name, step, {s: {a: round(b, 3) for a, b in told[s].items() if a != "logits"} for s in ("train", "test")})
    return told


# ---- low rank and sparse

d, PATTERNS, TOKENS, NEURONS, STEPS = 20, 12, 10, 60, 1500


def patterns(n, seed):
    """Three tokens of the two patterns that matter, most of them the label's; the others of the ten that do not."""
    draws = (random(n * TOKENS, seed) + 1) / 2
    x = normal(n * TOKENS, d, seed + 1, 0.03).reshape(n, TOKENS, d)
    y = np.array([1.0 if i % 2 == 0 else -1.0 for i in range(n)])
    for i in range(n):
        mine, other = (0, 1) if y[i] > 0 else (1, 0)
        row = draws[i * TOKENS : (i + 1) * TOKENS]
        own = [mine, mine, other if row[0] < 0.5 else mine]
        for t in range(TOKENS):
            x[i, t, own[t] if t < 3 else 2 + int(row[t] * (PATTERNS - 2))] += 1
    return np.float32(x).astype(np.float64), y


def low_rank():
    q, k = normal(d, d, 21, 0.01), normal(d, d, 22, 0.01)
    q, k = q + 0.3 * np.eye(d), k + 0.3 * np.eye(d)
    v, o = np.eye(d) + normal(d, d, 23, 0.01), normal(NEURONS, d, 24, 0.05)
    a = np.array([1.0, -1.0] * (NEURONS // 2)) / np.sqrt(NEURONS)
    start = rounded(q, k, v, o)
    x, y = patterns(400, 31)

    def forward(x, q, k, v, o):
        p = softmax((x @ q.T) @ (x @ k.T).transpose(0, 2, 1))
        c = p @ (x @ v.T)
        h = c @ o.T
        return p, c, h, (np.maximum(h, 0) @ a).mean(1)

    batch, rate = 20, 0.1
    for step in range(STEPS):
        at = np.arange(step * batch, (step + 1) * batch) % len(x)
        xb, yb = x[at], y[at]
        p, c, h, f = forward(xb, q, k, v, o)
        gf = -yb * (yb * f < 1) / batch
        gh = gf[:, None, None] / TOKENS * a * (h > 0)
        gc = gh @ o
        go = np.einsum("nlm,nld->md", gh, c)
        values = xb @ v.T
        gp = gc @ values.transpose(0, 2, 1)
        gv = np.einsum("nld,nle->de", p.transpose(0, 2, 1) @ gc, xb)
        gs = p * (gp - (p * gp).sum(-1, keepdims=True))
        xq, xk = xb @ q.T, xb @ k.T
        gq = np.einsum("nlw,nld->wd", gs @ xk, xb)
        gk = np.einsum("nlw,nld->wd", gs.transpose(0, 2, 1) @ xq, xb)
        q, k, v, o = q - rate * gq, k - rate * gk, v - rate * gv, o - rate * go
    end = rounded(q, k, v, o)
    config = {
        "model_type": "one_layer_vit",
        "architectures": ["OneLayerViTForTabularClassification"],
        "problem_type": "multi_label_classification",
        "hidden_size": d,
        "num_hidden_layers": 1,
        "hidden_act": "relu",
        "id2label": {"0": "first"},
    }
    for name, (q, k, v, o) in (("low-rank-start", start), ("low-rank", end)):
        tensors = {
            "layers.0.attention.query.weight": q,
            "layers.0.attention.key.weight": k,
            "layers.0.attention.value.weight": v,
            "layers.0.feedforward.up.weight": o,
            "classifier.weight": np.float32(a)[None],
        }
        save(name, config, tensors)
    a = np.float32(a).astype(np.float64)

    xt, yt = patterns(400, 41)
    ranks = {}
    for name, before, after in zip(("query", "key", "value", "neurons"), start, end):
        s = np.linalg.svd(after - before, compute_uv=False)
        share = s / s.sum()
        ranks[name] = {
            "stable": float((s**2).sum() / s[0] ** 2),
            "effective": float(np.exp(-(share * np.log(share)).sum())),
            "top2": float((s[:2] ** 2).sum() / (s**2).sum()),
        }
    order = np.argsort(np.linalg.norm(end[3], axis=1), kind="stable")
    curves = {}
    for name, by in (("smallest", order), ("largest", order[::-1])):
        curves[name] = []
        for share in (0, 0.25, 0.4, 0.5, 0.75, 0.9):
            o = end[3].copy()
            o[by[: int(round(share * NEURONS))]] = 0
            f = forward(xt, *end[:3], o)[3]
            hinge = np.maximum(0, 1 - yt * f).mean()
            curves[name].append({"share": share, "hinge": float(hinge), "error": float((yt * f <= 0).mean())})
    mass = {}
    for name, weights in (("start", start), ("end", end)):
        mass[name] = float(forward(xt, *weights)[0][:, :, :3].sum(-1).mean())
    print(ranks, mass, *curves.items(), sep="\n")
    return {"logits": forward(xt, *end)[3].tolist(), "ranks": ranks, "mass": mass, "curves": curves}


if __name__ == "__main__":
    told = {"benign": [benign(s) for s in (0.5, 2, 4, 8, 14)], "low_rank": low_rank()}
    (HERE / "one-layer.json").write_text(json.dumps(told) + "\n")
