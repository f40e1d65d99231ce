"""Tiny random sentence-transformers models, saved by that library itself, with its vectors and relevance in float64 PyTorch:
sentence/<name>/ and sentence.json.

    python sentence.py            # write those of the installed release: 5.x or 6.x
    python sentence.py --check    # recompute all that are there and compare with sentence.json

Needs sentence-transformers 5.1.2 with transformers 4.57.6, or 6.2.0 with 5.24.0. The rules are families.py's; a vector's
length is detached like a norm's deviation.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer, models
from transformers import PreTrainedTokenizerFast

import families
from families import ACT, DISTIL, GPT2, METHODS, NARROW, SMALL, Whole, make, worst
from golden import HERE, sha256, short

RELEASE = sentence_transformers.__version__.split(".")[0]
FOLDER = HERE / "sentence"
TEXTS = ["The sea is so!", "so sing, the seas rising in the dust.", "go to a duet by the sea . xyz", "Sun",
         "the sea so the sea is in the sun , who sings ? go, it is so; the sea sings in the dust so there is a host ."]
PAIRS = [(0, 1), (2, 0), (3, 4)]
ROBERTA = dict(SMALL, **ACT, type_vocab_size=1)


class Rules(families.Rules):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func.__name__ == "normalize" and self.method != "gradient-x-input":
            x = args[0]
            return x / x.norm(dim=-1, keepdim=True).clamp_min(1e-12).detach()
        return super().__torch_function__(func, types, args, kwargs)


def rough(module, seed):
    """No weight at its initial value."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for w in module.parameters():
            w.copy_(torch.randn(w.shape, generator=random) / (w.shape[-1] ** 0.5 if w.dim() > 1 else 1.5))
    return module


def dense(wide, out, act, seed, **how):
    return rough(models.Dense(wide, out, activation_function=act, **how), seed)


# name: release that saves it, family and config, encoder's settings, modules above it, how the files are changed afterwards
MODELS = {
    "bert-cls-normalize": ("5", "Bert", dict(SMALL, **ACT), {}, lambda: [models.Pooling(12, "cls"), models.Normalize()], {}),
    "distilbert-mean-dense": ("5", "DistilBert", DISTIL, dict(max_seq_length=128), lambda: [
        models.Pooling(12, "mean"), dense(12, 7, torch.nn.Tanh(), 1)], {}),
    "mpnet-max": ("5", "MPNet", dict(SMALL, **ACT), {}, lambda: [models.Pooling(12, "max")], {}),
    "bert-old-layout": ("5", "Bert", dict(SMALL, **ACT), dict(max_seq_length=14, do_lower_case=True), lambda: [
        models.Pooling(12, pooling_mode_mean_tokens=True, pooling_mode_max_tokens=True), models.LayerNorm(24), dense(24, 6, torch.nn.GELU(), 2)],
        dict(old=True, cased=True)),
    "albert-prompt": ("5", "Albert", dict(NARROW, hidden_act="gelu_new", layer_norm_eps=1e-6), {}, lambda: [
        models.Pooling(12, "mean", include_prompt=False), models.Normalize()], dict(prompt="who sings: ")),
    "roberta-all-modes": ("6", "Roberta", ROBERTA, dict(max_seq_length=16), lambda: [
        models.Pooling(12, ("max", "cls", "weightedmean", "mean", "lasttoken", "mean_sqrt_len_tokens")), dense(72, 9, torch.nn.Identity(), 3, bias=False),
        models.LayerNorm(9), models.Normalize()], {}),
    "bert-residual": ("6", "Bert", dict(SMALL, **ACT), {}, lambda: [
        models.Pooling(12, "mean"), dense(12, 12, torch.nn.ReLU(), 4, use_residual=True), models.Normalize(), dense(12, 5, torch.nn.Tanh(), 5, use_residual=True)], {}),
    "gpt2-weighted": ("6", "GPT2", GPT2, {}, lambda: [models.Pooling(12, ("weightedmean", "lasttoken"), include_prompt=False)], dict(prompt="go, the sea ")),
    "electra-lower": ("6", "Electra", dict(NARROW, **ACT), dict(do_lower_case=True), lambda: [models.Pooling(12, "lasttoken")], dict(cased=True, prompt="The ")),
    "xlm-roberta-cls-prompt": ("6", "XLMRoberta", ROBERTA, dict(max_seq_length=40), lambda: [models.Pooling(12, "cls", include_prompt=False)], dict(prompt="is it so? ")),
}


def save(name):
    _, family, config, settings, above, changes = MODELS[name]
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as plain:
        made = make(f"../sentence/{name}", family, config, families.BASE)
        shutil.copytree(made, plain, dirs_exist_ok=True)
        shutil.rmtree(made)
        shutil.rmtree(Path(plain) / "1_Pooling", ignore_errors=True)
        (Path(plain) / "modules.json").unlink(missing_ok=True)
        tokenizer = json.loads((Path(plain) / "tokenizer.json").read_text())
        if changes.get("cased"):
            tokenizer["normalizer"]["lowercase"] = False
            (Path(plain) / "tokenizer.json").write_text(json.dumps(tokenizer))
        PreTrainedTokenizerFast(tokenizer_file=f"{plain}/tokenizer.json", unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
                                mask_token="[MASK]", model_input_names=["input_ids", "attention_mask"]).save_pretrained(plain)
        encoder = models.Transformer(plain, **settings)
        prompt = changes.get("prompt")
        prompts = dict(prompts={"task": prompt}, default_prompt_name="task") if prompt else {}
        model = SentenceTransformer(modules=[encoder, *above()], **prompts, device="cpu")
        model.save_pretrained(str(folder), create_model_card=False)
    for spare in ["README.md", "1_Pooling/README.md"]:
        (folder / spare).unlink(missing_ok=True)
    if changes.get("old"):  # as releases before 1.0 saved it: all of the encoder in a folder of its own, four flags of pooling
        (folder / "0_Transformer").mkdir()
        for file in list(folder.iterdir()):
            if file.is_file() and file.name not in ("modules.json", "config_sentence_transformers.json"):
                file.rename(folder / "0_Transformer" / file.name)
        (folder / "config_sentence_transformers.json").unlink()
        listed = json.loads((folder / "modules.json").read_text())
        listed[0]["path"] = "0_Transformer"
        (folder / "modules.json").write_text(json.dumps(listed))
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
        kept = ["word_embedding_dimension", "pooling_mode_cls_token", "pooling_mode_mean_tokens", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens"]
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({k: pooling[k] for k in kept}))


class Model:
    def __init__(self, folder):
        self.model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"attn_implementation": "eager"}).double().eval()
        for p in self.model.parameters():
            p.requires_grad_(False)
        base = next(m for m in self.model.modules() if isinstance(m, transformers.PreTrainedModel))
        self.rules = [None]
        for module in list(base.modules()):
            for key, child in module.named_children():
                if type(child).__name__ == "NewGELUActivation":
                    setattr(module, key, Whole(child, self.rules))
        self.enters = base.drop if hasattr(base, "drop") else base.embeddings

    def fed(self, text):
        prompt = self.model.prompts.get(self.model.default_prompt_name) or ""
        if RELEASE == "6":
            return self.model.preprocess([text], prompt=prompt)
        features = self.model.tokenize([prompt + text])
        if prompt:
            features["prompt_length"] = self.model._get_prompt_length(prompt)
        return features

    def run(self, text, method, hooked=False):
        kept = []

        def start(module, args, y):
            kept.append(y.detach().requires_grad_())
            return kept[0]
        hook = self.enters.register_forward_hook(start) if hooked else None
        features = self.fed(text)
        ids = features["input_ids"][0].tolist()
        with torch.set_grad_enabled(hooked), Rules(method) as self.rules[0]:
            y = self.model(features)["sentence_embedding"][0]
        self.rules[0] = None
        if hook:
            hook.remove()
        return y, kept, ids

    def explain(self, text, explained):
        out = {}
        for method in METHODS:
            y, (x,), _ = self.run(text, method, True)
            explained(y, method).backward()
            out[method] = [short(r) for r in (x * x.grad).sum(-1)[0]]
        return out


def cases(folder):
    m = Model(folder)
    found = [m.run(t, "gradient-x-input") for t in TEXTS]
    told = torch.tensor(m.model.encode(TEXTS))  # the library's own way, all texts at once
    for row, (y, _, _) in zip(told, found):
        assert (row - y).abs().max() < 1e-9, (row, y)
    texts = [{"text": t, "ids": ids, "vector": [short(v) for v in y]} for t, (y, _, ids) in zip(TEXTS, found)]
    asked = []
    for i, j in PAIRS:
        other = found[j][0]

        def cosine(y, method):
            size = y.norm()
            return y @ other / ((size if method == "gradient-x-input" else size.detach()) * other.norm())
        base = {"text": i, "other": j}
        u = found[i][0]
        asked.append({**base, "of": "cosine", "value": short(u @ other / (u.norm() * other.norm())), "methods": m.explain(TEXTS[i], cosine)})
        asked.append({**base, "of": "dot", "value": short(u @ other), "methods": m.explain(TEXTS[i], lambda y, _: y @ other)})
    asked.append({"text": 1, "target": 2, "value": short(found[1][0][2]), "methods": m.explain(TEXTS[1], lambda y, _: y[2])})
    weights = sorted(folder.rglob("*.safetensors"))
    return {"name": folder.name, "sha256": [sha256(w) for w in weights], "texts": texts, "asked": asked}


def main():
    torch.set_num_threads(1)
    path = HERE / "sentence.json"
    known = json.loads(path.read_text())["models"] if path.exists() else []
    only = [a for a in sys.argv[1:] if not a.startswith("-")]
    if "--check" in sys.argv:
        for one in known:
            off = worst({"saved by": one["saved by"], **cases(FOLDER / one["name"])}, one)
            print(f"{off:8.1e}  {one['name']}")
        return
    made = {}
    for name, (release, *_) in MODELS.items():
        if release != RELEASE or (only and name not in only):
            continue
        save(name)
        made[name] = {"saved by": f"sentence-transformers {sentence_transformers.__version__}, transformers {transformers.__version__}", **cases(FOLDER / name)}
        print(f"{sum(f.stat().st_size for f in (FOLDER / name).rglob('*') if f.is_file()):7d} bytes  {name}")
    all_of = [made.get(name) or next((k for k in known if k["name"] == name), None) for name in MODELS]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in all_of if one)
    path.write_text('{"models": [\n' + lines + "\n]}\n")
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
