"""Checkpoints at random over each family's whole configuration space, as transformers writes and runs them: one line of JSON each.

    python sweep.py OUT.jsonl --seeds 0:200 [--family bert] [--head ForMaskedLM] [--small] [--omit]
    python sweep.py --fields        # fields of the installed configuration classes that no table names

The installed transformers decides: a checkpoint that it refuses to create, to load or to run is left out and counted. Expected
numbers are its own, in float64 with eager attention; relevance by families.py's rules. `noise` is how far transformers' own
float32 is from them, relative to the test's bounds: where it is above a twentieth, float32 does not settle the numbers.

A line: { seed, family, head, version, config (what was drawn), files: { name: text, or base64 of safetensors }, cases, noise }.
"""
import argparse
import base64
import copy
import json
import pathlib
import random
import sys
import tempfile
import warnings

import torch
import transformers
from transformers import AutoTokenizer

from families import METHODS, WORDS, Rules, Whole, entrance, forget, short
from sweep_images import picture, preprocessor, processed
from sweep_spaces import BASE, CAUSAL, CHOICE, FAMILIES, IMAGE, IMAGES, MLM, NEXT, PRE, QA, SEQUENCE, TAUGHT, TOKEN, draw, unknown
from sweep_tokenizers import build, text

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity(50)
transformers.utils.logging.disable_progress_bar()
WHOLE_TEXT = [SEQUENCE, IMAGE, TAUGHT, NEXT, "ForMaskedImageModeling"]
FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "preprocessor_config.json"]


def randomize(model, seed, scale):
    """No weight at its initial value; `scale` is that of the embeddings."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, w in model.named_parameters():
            r = torch.randn(w.shape, generator=generator)
            wide = w[0].numel() if w.dim() > 1 else 1
            if w.dim() < 2 and "weight" in key:
                w.copy_(1 + 0.3 * r)
            elif w.dim() < 2:
                w.copy_(0.3 * r)
            elif "norm" in key:
                w.copy_(1 + 0.3 * r)
            elif "embed" in key or "wte" in key or "wpe" in key or "token" in key:
                w.copy_(0.7 * scale * r)
            else:
                w.copy_(r * 1.2 / (w.shape[0] if "c_" in key else wide) ** 0.5)
    model.tie_weights()


def write(folder, family, head, fields, labels, seed, rng, tokenizer):
    """The checkpoint as save_pretrained leaves it."""
    prefix = FAMILIES[family][0]
    config = getattr(transformers, prefix + "Config")(**fields, **labels)
    config._attn_implementation = "eager"
    model = getattr(transformers, prefix + head)(config)
    randomize(model, seed, rng.choice([1, 1, 1, 1, 1e-2, 1e-3]))
    dtype = rng.choice([torch.float32] * 3 + [torch.float16, torch.bfloat16])
    model.to(dtype)
    model.save_pretrained(folder)
    if tokenizer:
        tokenizer.save_pretrained(folder)
    return config


class Model:
    def __init__(self, folder, family, head):
        kind = getattr(transformers, FAMILIES[family][0] + head)
        self.model = kind.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
        self.model.config.return_dict, self.model.config.torchscript = True, False
        for p in self.model.parameters():
            p.requires_grad_(False)
        self.rules = [None]
        known = tuple(each[0] if isinstance(each, tuple) else each for each in transformers.activations.ACT2CLS.values())
        for module in list(self.model.modules()):
            for key, child in module.named_children():
                if isinstance(child, known + (torch.nn.GELU, torch.nn.Tanh)) or type(child).__name__ == "BloomGelu":
                    setattr(module, key, Whole(child, self.rules))
        base = self.model.base_model
        words = [m for n, m in base.named_modules() if n.split(".")[-1] in WORDS]
        self.enters = entrance(base, words)
        self.points = {"embeddings": self.enters, **({"words": words[0]} if words else {})}
        if words and words[0] is self.enters:
            del self.points["embeddings"]

    def run(self, given, method="gradient-x-input"):
        """The model's output, and by reading point the tensor there: words are what gradients start at, where there are any."""
        forget(self.model)
        kept = {}

        def see(point):
            def hook(module, args, y):
                if point in kept:
                    return y
                if point == list(self.points)[-1]:
                    kept[point] = y.detach().requires_grad_()
                else:
                    kept[point] = y
                    if y.requires_grad:
                        y.retain_grad()
                return kept[point]
            return hook
        hooks = [module.register_forward_hook(see(point)) for point, module in self.points.items()]
        with Rules(method) as self.rules[0]:
            y = self.model(**given)
        self.rules[0] = None
        for hook in hooks:
            hook.remove()
        return y, kept

    def explain(self, given, explained):
        result = {}
        for method in METHODS:
            y, kept = self.run(given, method)
            explained(y).backward()
            result[method] = {point: (x * x.grad).sum(-1)[0].detach() for point, x in kept.items()}
        return result


def logits(y, family, head):
    """All logits of an output: of one text, or [tokens, classes]."""
    if head == QA:
        return torch.stack([y.start_logits[0], y.end_logits[0]], -1)
    if head == BASE and family in IMAGES:
        return y.last_hidden_state[0, 0] if y.pooler_output is None else y.pooler_output[0]
    if head == BASE:
        return y.last_hidden_state[0].mean(0)
    if head == "DoubleHeadsModel":
        return y.logits[0, 0]
    if head == "ForMaskedImageModeling":
        return y.reconstruction[0].flatten()
    found = y.prediction_logits if hasattr(y, "prediction_logits") else y.logits
    return found[0]


def questions(head, scores, encoding, special_ids, rng):
    """What is explained: the token that is read, the target, and the number as a function of all logits."""
    n = len(encoding["input_ids"]) if encoding else 0
    if head == QA:
        own = [i for i, (s, q) in enumerate(zip(special_ids, encoding.sequence_ids())) if not s and q == 1]
        spans = [(i, j) for i in own for j in own if i <= j < i + 30]
        if not spans:
            return
        score = lambda s: float(scores[s[0], 0] + scores[s[1], 1])
        i, j = max(spans, key=score)
        if sum(score(s) > score((i, j)) - 1e-4 for s in spans) > 1:  # rounding would decide
            return
        yield {"span": [i, j], "target": "answer", "logits": [scores[i, 0], scores[j, 1]]}, lambda s: s[i, 0] + s[j, 1]
        return
    if head == BASE or head in WHOLE_TEXT or head == CHOICE:
        target = rng.randrange(len(scores))
        yield {"target": target, "logits": list(scores)}, lambda s: s[target]
        return
    if scores.dim() == 1:  # electra's discriminator: one number a token
        k = rng.randrange(n)
        yield {"token": k, "target": 0, "logits": [scores[k]]}, lambda s: s[k]
        return
    lm = head in (MLM, PRE, CAUSAL, "LMHeadModel", "DoubleHeadsModel")
    k = n - 1 if head in (CAUSAL, "LMHeadModel", "DoubleHeadsModel") and rng.random() < 0.6 else rng.randrange(n)
    target = int(scores[k].argmax())
    told = [{"index": int(i), "logit": scores[k, i]} for i in scores[k].argsort(descending=True)[:5]] if lm else list(scores[k])
    yield {"token": k, "target": target, "logits": told}, lambda s: s[k, target]


def rounded(x):
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)) or torch.is_tensor(x) and x.dim():
        return [rounded(v) for v in x]
    return short(x) if torch.is_tensor(x) else x


def inputs(family, head, special, tokenizer, rng, folder):
    """Cases, each with what the model is given."""
    if family in IMAGES:
        for _ in range(2):
            image, raw = picture(rng, json.loads((folder / "config.json").read_text()))
            yield raw, None, {"pixel_values": processed(folder, image)}
        return
    for pair in ([True, True] if head in (QA, CHOICE) else [False, rng.random() < 0.5]):
        first = text(rng, special, mask=head in (MLM, PRE) and rng.random() < 0.7)
        case = {"text": first, **({"pair": text(rng, special, rng.randint(1, 4))} if pair else {})}
        e = tokenizer(*case.values(), return_special_tokens_mask=True)
        if not e["input_ids"]:
            continue
        given = {k: torch.tensor([v]) for k, v in e.items() if k != "special_tokens_mask"}
        yield case, e, {k: v[None] for k, v in given.items()} if head in ("DoubleHeadsModel", CHOICE) else given  # of one choice


def off(actual, expected):
    """How far float32 is off, as a part of what the test allows."""
    if isinstance(expected, dict):
        return max(off(actual[k], expected[k]) for k in expected)
    return float((actual - expected).abs().max() / (1e-5 * expected.abs().sum()).clamp(min=1e-300))


def cases(folder, family, head, special, rng):
    model = Model(folder, family, head)
    single = copy.deepcopy(model)
    single.model.float()
    tokenizer = AutoTokenizer.from_pretrained(folder) if special else None
    for case, e, given in inputs(family, head, special, tokenizer, rng, folder):
        y, _ = model.run(given)
        scores = logits(y, family, head).detach()
        for asked, explained in questions(head, scores, e, e and e["special_tokens_mask"], rng):
            methods = model.explain(given, lambda y: explained(logits(y, family, head)))
            if not all(v.isfinite().all() for m in methods.values() for v in m.values()) or not scores.isfinite().all():
                raise ArithmeticError("not finite")
            narrow = {k: v.float() if v.is_floating_point() else v for k, v in given.items()}
            rough = single.explain(narrow, lambda y: explained(logits(y, family, head)))
            z = logits(single.run(narrow)[0], family, head).detach()
            noise = {"logits": float(((z - scores).abs() / scores.abs().clamp(min=1)).max() / 1e-4),
                     "relevance": {m: {p: off(rough[m][p], methods[m][p]) for p in methods[m]} for m in methods}}
            yield {**case, **({"ids": e["input_ids"]} if e else {}), **rounded(asked), "methods": rounded(methods),
                   "noise": json.loads(json.dumps(noise), parse_float=lambda s: float(f"{float(s):.2g}"))}


def omitted(folder, seed):
    """Takes some fields out of config.json, as older files lack them: the class's defaults are what transformers then reads."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rng = random.Random(seed)
    names = [name for name in config if name not in ("architectures", "model_type")]
    gone = rng.sample(names, rng.randint(1, min(6, len(names))))
    path.write_text(json.dumps({name: value for name, value in config.items() if name not in gone}))
    return gone


def checkpoint(seed, family, head, small, omit=False):
    rng = random.Random(f"{family} {head} {seed}")
    images = family in IMAGES
    tokenizer, special = (None, None) if images else build(rng, family)
    fields = draw(rng, family, small)
    if not images:
        names = tokenizer.get_vocab()
        fields["vocab_size"] = len(names) + rng.choice([0, 0, 0, 1, 3])
        if fields.get("pad_token_id", 0) is not None and rng.random() < 0.7:
            fields["pad_token_id"] = tokenizer.pad_token_id
        if head == "DoubleHeadsModel" and fields.get("summary_type", "cls_index") == "attn":
            fields.pop("summary_type")
    labels = {}
    if head in (SEQUENCE, TOKEN, IMAGE, TAUGHT) or rng.random() < 0.1 and head != QA:
        labels["num_labels"] = rng.choice([3, 2, 1, 5, 4])
        if rng.random() < 0.3:
            labels["id2label"] = {i: f"class {i}" for i in range(labels.pop("num_labels"))}
            labels["label2id"] = {name: i for i, name in labels["id2label"].items()}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, family, head, fields, labels, seed, rng, tokenizer)
        if images:
            (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(rng, family, fields)))
        if omit:
            fields["omitted"] = omitted(folder, seed)
        found = list(cases(folder, family, head, special, rng))
        if not found:
            raise ValueError("no case")
        files = {n: json.dumps(json.loads((folder / n).read_text()), separators=(",", ":"), ensure_ascii=False) for n in FILES if (folder / n).exists()}
        files["model.safetensors"] = base64.b64encode((folder / "model.safetensors").read_bytes()).decode()
    return {"seed": seed, "family": family, "head": head, "version": transformers.__version__, "drawn": {**fields, **labels}, "files": files, "cases": found}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out", nargs="?")
    p.add_argument("--seeds", default="0:10")
    p.add_argument("--family")
    p.add_argument("--head")
    p.add_argument("--small", action="store_true")
    p.add_argument("--omit", action="store_true")
    p.add_argument("--fields", action="store_true")
    p.add_argument("--trace", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(1)
    if a.fields:
        print(transformers.__version__, json.dumps({family: unknown(family) for family in FAMILIES}))
        return
    first, last = map(int, a.seeds.split(":"))
    left = {}
    with open(a.out, "w") as out:
        for seed in range(first, last):
            for family in a.family.split(",") if a.family else FAMILIES:
                heads = [h for h in FAMILIES[family][2] if not a.head or h in a.head.split(",")]
                for head in [heads[seed % len(heads)]] if heads else []:
                    try:
                        out.write(json.dumps(checkpoint(seed, family, head, a.small, a.omit), separators=(",", ":"), ensure_ascii=False) + "\n")
                        out.flush()
                    except Exception as error:
                        if a.trace:
                            raise
                        reason = f"{family} {head} {type(error).__name__}: {error}".split("\n")[0][:150]
                        left[reason] = left.get(reason, 0) + 1
    for reason, n in sorted(left.items()):
        print(f"{n:4d} left out: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
