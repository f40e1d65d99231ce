"""A BERT classifier in PyTorch whose backward pass is layer-wise relevance propagation.

Nothing here is a hand-written backward: every rule is a change of the *forward* that leaves its value alone
(a detached factor, a gradient that is scaled on its way back) and torch.autograd does the rest. Written from the rules
and the ledger's definitions, without a look at the product's operations or kernels.

Every op reads private copies of its inputs. After the backward, the copy's gradient is what this op sent to that
input and the output's gradient is what came in, so the ledger's entries come from formulas over the incoming
gradient, and each is checked against its definition <y, g_y> - sum <x, g_x>.
"""
import json
import math
import pathlib

import torch
from safetensors.torch import load_file

METHODS = {
    "cp-lrp":           dict(attention="values",   norm="identity", activation="identity"),
    "lrp-ah":           dict(attention="values",   norm="gradient", activation="gradient"),
    "lrp-ln":           dict(attention="gradient", norm="identity", activation="gradient"),
    "lrp-ah-ln":        dict(attention="values",   norm="identity", activation="gradient"),
    "attn-lrp":         dict(attention="uniform",  norm="identity", activation="identity"),
    "gradient-x-input": dict(attention="gradient", norm="gradient", activation="gradient"),
}
POINTS = ["embeddings", "embedding-sum", "words"]
ENTRIES = ["logit", "tokens", "biases", "norms", "constants", "softmax", "products", "activations", "epsilon", "residual"]


class ScaleGradient(torch.autograd.Function):
    """y = x; the gradient is multiplied by a constant or a tensor."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.factor, None


# ------------------------------------------------------------------------------------------------ activations
# name -> (f, f(x)/x with its limit at 0, f(x) - x f'(x))

def _phi(x):
    return torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _Phi(x):
    return 0.5 * torch.special.erfc(-x / math.sqrt(2))   # no cancellation in the left tail


def _tanh_secant(x):
    small = x.abs() < 1e-3
    return torch.where(small, 1 - x * x / 3 + 2 * x ** 4 / 15, torch.tanh(x) / torch.where(small, torch.ones_like(x), x))


_C = math.sqrt(2 / math.pi)


def _u(x):
    return _C * (x + 0.044715 * x ** 3)


ACTIVATIONS = {
    "gelu": (lambda x: x * _Phi(x), _Phi, lambda x: -x * x * _phi(x)),
    "gelu_new": (
        lambda x: 0.5 * x * (1 + torch.tanh(_u(x))),
        lambda x: 0.5 * (1 + torch.tanh(_u(x))),
        lambda x: -0.5 * x * x / torch.cosh(_u(x)) ** 2 * _C * (1 + 3 * 0.044715 * x * x),
    ),
    "relu": (torch.relu, lambda x: (x > 0).to(x.dtype), torch.zeros_like),
    "silu": (
        lambda x: x * torch.sigmoid(x),
        torch.sigmoid,
        lambda x: -x * x * torch.sigmoid(x) * torch.sigmoid(-x),
    ),
    "tanh": (torch.tanh, _tanh_secant, lambda x: torch.tanh(x) - x / torch.cosh(x) ** 2),
}


# ------------------------------------------------------------------------------------------------ the model

class Bert:
    def __init__(self, folder, dtype=torch.float64):
        folder = pathlib.Path(folder)
        self.config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dtype = dtype
        self.weights = {k: v.to(dtype) for k, v in load_file(str(folder / "model.safetensors")).items()}
        self.layers = self.config["num_hidden_layers"]
        self.heads = self.config["num_attention_heads"]
        self.eps = self.config["layer_norm_eps"]

    def explain(self, ids, method, target=None, contrast=None, epsilon=0.0):
        """One forward and one backward. Returns logits, and by reading point relevance, ledger, and elements x*g."""
        return Walk(self, METHODS[method], epsilon).run(ids, target, contrast)


class Walk:
    def __init__(self, model, rules, epsilon):
        self.m, self.rules, self.epsilon = model, rules, epsilon
        self.ops = []            # (entry -> closed form, output, inputs, label, above the embedding norm?)
        self.worst = {}          # label -> largest |closed form - definition|

    # -- one op: private copies of its inputs, its output, and what it keeps

    def copies(self, *xs):
        out = []
        for x in xs:
            c = x.clone()
            if c.requires_grad:
                c.retain_grad()
            out.append(c)
        return out

    def record(self, label, y, inputs, kept):
        y = y.clone() if y.is_leaf else y
        y.retain_grad()
        self.ops.append((label, y, inputs, kept))
        return y

    def linear(self, name, x):
        W, b = self.m.weights[name + ".weight"], self.m.weights[name + ".bias"]
        (x,) = self.copies(x)
        y = x @ W.T + b
        if self.epsilon:
            z = y.detach()
            s = torch.where(z < 0, -self.epsilon, self.epsilon).to(z.dtype)
            factor = z / (z + s)
            y = ScaleGradient.apply(y, factor)
            kept = lambda g: {"biases": dot(b.expand_as(g), g * factor), "epsilon": dot(s, g * factor)}
        else:
            kept = lambda g: {"biases": dot(b.expand_as(g), g)}
        return self.record("linear", y, [x], kept)

    def norm(self, name, x):
        gamma, beta = self.m.weights[name + ".weight"], self.m.weights[name + ".bias"]
        (x,) = self.copies(x)
        centred = x - x.mean(-1, keepdim=True)
        var = (centred * centred).mean(-1, keepdim=True)
        sigma = torch.sqrt(var + self.m.eps)
        plain = self.rules["norm"] == "gradient"
        y = centred / (sigma if plain else sigma.detach()) * gamma + beta
        xhat, share = (centred / sigma).detach(), (var / (var + self.m.eps)).detach()

        def kept(g):
            total = dot(beta.expand_as(g), g)
            if plain:
                total += dot(share.expand_as(g), g * gamma * xhat)
            return {"norms": total}
        return self.record("norm " + self.rules["norm"], y, [x], kept)

    def activation(self, name, x):
        f, secant, bend = ACTIVATIONS[name]
        (x,) = self.copies(x)
        if self.rules["activation"] == "identity":
            y, kept = x * secant(x.detach()), lambda g: {"activations": 0.0}
        else:
            z = x.detach()
            y, kept = f(x), lambda g: {"activations": dot(bend(z), g)}
        return self.record(f"{name} {self.rules['activation']}", y, [x], kept)

    def softmax(self, s):
        (s,) = self.copies(s)
        p = torch.softmax(s, -1)
        q = p.detach()
        logq = torch.log(torch.where(q > 0, q, torch.ones_like(q)))
        share = q * (1 - logq + (q * logq).sum(-1, keepdim=True))
        return self.record("softmax", p, [s], lambda g: {"softmax": dot(share, g)})

    def product(self, label, a, b, multiply):
        a, b = self.copies(a, b)
        y = multiply(a, b)
        uniform = self.rules["attention"] == "uniform"
        if uniform:
            y = ScaleGradient.apply(y, 0.5)
        z = y.detach()
        return self.record(f"{label} {self.rules['attention']}", y, [a, b], lambda g: {"products": 0.0 if uniform else -dot(z, g)})

    def attention(self, name, x):
        T, H = x.shape[0], self.m.heads
        split = lambda y: y.reshape(T, H, -1).transpose(0, 1)
        frozen = self.rules["attention"] == "values"
        d = x.shape[1] // H
        v = split(self.linear(name + "self.value", x))
        if frozen:               # probabilities are constants: nothing is sent to them
            with torch.no_grad():
                w = self.m.weights
                q, k = (split(x @ w[f"{name}self.{n}.weight"].T + w[f"{name}self.{n}.bias"]) for n in ("query", "key"))
                p = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(d), -1)
            (v,) = self.copies(v)
            c = self.record("context values", p @ v, [v], lambda g: {"products": 0.0})
        else:
            q, k = (split(self.linear(f"{name}self.{n}", x)) for n in ("query", "key"))
            s = self.product("scores", q, k, lambda a, b: a @ b.transpose(1, 2) / math.sqrt(d))
            c = self.product("context", self.softmax(s), v, lambda a, b: a @ b)
        return c.transpose(0, 1).reshape(T, -1)

    def run(self, ids, target, contrast):
        m, w = self.m, self.m.weights
        T = len(ids)
        self.ops = []
        words = w["bert.embeddings.word_embeddings.weight"][ids].clone().requires_grad_()
        constant = w["bert.embeddings.position_embeddings.weight"][:T] + w["bert.embeddings.token_type_embeddings.weight"][0]
        total = words + constant
        total.retain_grad()
        x = self.norm("bert.embeddings.LayerNorm", total)
        embeddings = x
        act = m.config["hidden_act"]
        for i in range(m.layers):
            n = f"bert.encoder.layer.{i}."
            x = self.norm(n + "attention.output.LayerNorm",
                          x + self.linear(n + "attention.output.dense", self.attention(n + "attention.", x)))
            h = self.activation(act, self.linear(n + "intermediate.dense", x))
            x = self.norm(n + "output.LayerNorm", x + self.linear(n + "output.dense", h))
        pooled = self.activation("tanh", self.linear("bert.pooler.dense", x[0:1]))
        logits = self.linear("classifier", pooled)

        if target is None:
            target = int(logits.argmax())
        seed = torch.zeros_like(logits)
        seed[0, target] += 1
        if contrast is not None:
            seed[0, contrast] -= 1
        logits.backward(seed)

        entries = dict.fromkeys(ENTRIES, 0.0)
        above = None
        for label, y, inputs, kept in self.ops:
            g = torch.zeros_like(y) if y.grad is None else y.grad
            parts = kept(g)
            defined = dot(y, g) - sum(dot(c, c.grad) for c in inputs if c.grad is not None)
            self.worst[label] = max(self.worst.get(label, 0.0), abs(defined - sum(parts.values())))
            for entry, amount in parts.items():
                entries[entry] += amount
            if above is None:    # the first op is the embedding norm: not above `embeddings`
                first, above = parts["norms"], True

        out = {"logits": logits.detach()[0], "target": target, "worst": self.worst}
        logit = dot(logits, seed)
        for point, read in (("embeddings", embeddings), ("embedding-sum", total), ("words", words)):
            elements = (read * read.grad).detach()
            ledger = dict(entries)
            if point == "embeddings":
                ledger["norms"] -= first
            if point == "words":
                ledger["constants"] = dot(constant, total.grad)
            ledger["logit"] = logit
            ledger["tokens"] = float(elements.double().sum())
            ledger["residual"] = logit - sum(ledger[e] for e in ENTRIES[1:-1])
            relevance = elements.sum(-1)
            size = float(relevance.abs().double().sum()) + sum(abs(ledger[e]) for e in ENTRIES[2:-1])
            out[point] = {"relevance": relevance, "elements": elements, "ledger": ledger, "closure": abs(ledger["residual"]) / size}
        return out


def dot(a, b):
    return float((a.detach().double() * b.detach().double()).sum())


def difference(a, b):
    """e = max |dR| / sum |R|, b the reference."""
    a, b = a.double(), b.double()
    return float((a - b).abs().max() / b.abs().sum())
