"""Configs that change what a family computes: families/ and variants/ under other settings, and what transformers makes of
them, in variants.json.

    python variants.py            # writes both; transformers 5, and then, for what only transformers 4 knows:
    python variants.py --check    # recomputes with the transformers that is installed and compares; adds what is missing

A variant is a checkpoint with some fields of its config.json replaced, so that one file of weights serves many; `more` are
tensors that its file has beside the checkpoint's, by shape (see filled()), and `less` those that it lacks. Both major versions
must agree on it, unless `only` names the one that knows it. Relevance is that of families.py.
"""
import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import families
from families import ACT, DEBERTA, GPT2, HERE, IMAGE, NARROW, SMALL, SEQUENCE, TOKEN, QA, MLM, Model, fed, make, top, worst
from golden import short

MAJOR = transformers.__version__.split(".")[0]
METHODS = families.METHODS
DOUBLE = "DoubleHeadsModel"
NEXT, CHOICE, PRE = "ForNextSentencePrediction", "ForMultipleChoice", "ForPreTraining"
TINY = dict(SMALL, **ACT, num_hidden_layers=1)

# ---- checkpoints: made once, with the weights of several heads in one file

CONV = dict(DEBERTA, conv_kernel_size=3, conv_act="gelu", conv_groups=3, embedding_size=8, position_biased_input=True, type_vocab_size=2, share_att_key=False)
WIDE = dict(DEBERTA, conv_kernel_size=5, embedding_size=15, position_buckets=4, max_relative_positions=10, num_hidden_layers=1)
ODD = dict(IMAGE, image_size=[21, 29], patch_size=[8, 6], qkv_bias=False, pooler_act="gelu", pooler_output_size=7, num_hidden_layers=1)
DINO = dict(hidden_size=12, num_attention_heads=3, num_hidden_layers=2, mlp_ratio=2, image_size=24, patch_size=8, layer_norm_eps=1e-6)
MADE = {
    "bert-relative": ("Bert", dict(TINY, position_embedding_type="relative_key"), [SEQUENCE]),  # transformers 4 alone
    "bert-pruned": ("Bert", dict(TINY, pruned_heads={0: [1]}), [SEQUENCE]),  # transformers 4 alone
    "bert-pairs": ("Bert", TINY, [NEXT, CHOICE]),
    "albert-relative": ("Albert", dict(NARROW, **ACT, num_hidden_layers=1, position_embedding_type="relative_key_query"), [SEQUENCE]),
    "electra": ("Electra", dict(NARROW, **ACT, num_hidden_layers=1), [PRE, CHOICE]),
    "gpt2": ("GPT2", GPT2, [SEQUENCE, TOKEN, QA, DOUBLE]),
    "deberta-conv": ("DebertaV2", CONV, [SEQUENCE, MLM]),
    "deberta-wide": ("DebertaV2", WIDE, [TOKEN]),
    "vit": ("ViT", ODD, ["ForImageClassification", "Model"]),
    "deit": ("DeiT", dict(IMAGE, num_hidden_layers=1, pooler_output_size=5), ["Model"]),
    "dinov2": ("Dinov2", DINO, ["ForImageClassification", "Model"]),
    "dinov2-swiglu": ("Dinov2", dict(DINO, use_swiglu_ffn=True), ["Model"]),
}


def checkpoint(name):
    family, config, heads = MADE[name]
    folder = HERE / "variants" / name
    shutil.rmtree(folder, ignore_errors=True)
    all_ = {}
    for head in heads:
        made = make(f"{'gpt2-' if family == 'GPT2' else ''}{name}-part", family, config, head)
        for key, w in load_file(made / "model.safetensors").items():
            # a bare model's tensors have no prefix
            key = {"ViT": "vit.", "Dinov2": "dinov2."}.get(family, "") + key if head == "Model" and len(heads) > 1 else key
            all_.setdefault(key, w)
        shutil.move(made, folder) if head == heads[0] else shutil.rmtree(made)
    for file in folder.iterdir():
        if file.suffix != ".safetensors" and file.name not in ("config.json", "tokenizer.json"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    if family in ("ViT", "DeiT", "Dinov2"):
        (folder / "tokenizer.json").unlink(missing_ok=True)
    save_file(all_, folder / "model.safetensors", metadata={"format": "pt"})


# ---- variants: name, checkpoint, class, config; `without` fields, `only` of this major version

FULL, SLIDING = "full_attention", "sliding_attention"


def ropes(full, sliding):
    return {"rope_parameters": {FULL: dict(rope_theta=1000.0, **full), SLIDING: dict(rope_theta=100.0, **sliding)}}


OLD = ["global_rope_theta", "local_rope_theta", "global_attn_every_n_layers"]
YARN = dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=16, beta_fast=4.0, beta_slow=0.5)
LLAMA = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=24)
LONG = dict(rope_type="longrope", short_factor=[1.0, 1.5, 2.0, 3.0], long_factor=[4.0] * 4, factor=3.0, original_max_position_embeddings=64)
TYPES = {"layer_types": [FULL, SLIDING, SLIDING, FULL]}
M, G, D, V, N = ("families/modernbert-sequence", "ModernBert", SEQUENCE), "variants/gpt2", "variants/deberta-conv", "variants/vit", "variants/dinov2"
# Tensors that a class has or has not by a flag of its config.
NORMS = ["model.embeddings.norm", "model.final_norm", "head.norm", *(f"model.layers.{i}.{n}_norm" for i in range(4) for n in ("attn", "mlp") if i or n == "mlp")]
ATTENDS = {f"model.layers.{i}.attn.{n}.bias": [d] for i in range(4) for n, d in (("Wqkv", 48), ("Wo", 16))}
FEEDS = {f"model.layers.{i}.mlp.{n}.bias": [d] for i in range(4) for n, d in (("Wi", 40), ("Wo", 16))}
BIASES = {**{f"{n}.bias": [16] for n in NORMS}, **ATTENDS, **FEEDS, "head.dense.bias": [16]}
FLAGS = ["attention_bias", "classifier_bias", "mlp_bias", "norm_bias"]
QKV = [f"encoder.layer.0.attention.attention.{n}.bias" for n in ("query", "key", "value")]
LM = "LMHeadModel"
DECODER, ROWS = {"cls.predictions.decoder.bias": [45]}, {"cls.predictions.decoder.weight": [45, 12]}
PADDED = dict(texts=["the sea[PAD] is so", "so [PAD] [PAD] sing"])
VARIANTS = [
    ("bert, defaults", "families/bert-sequence", "Bert", SEQUENCE, {}, dict(without=["layer_norm_eps", "hidden_act", "num_attention_heads"])),
    ("bert, relative keys", "variants/bert-relative", "Bert", SEQUENCE, {}, dict(only="4")),
    ("bert, relative keys and queries", "variants/bert-relative", "Bert", SEQUENCE, {"position_embedding_type": "relative_key_query"}, dict(only="4")),
    ("bert, pruned", "variants/bert-pruned", "Bert", SEQUENCE, {}, dict(only="4")),
    ("bert, fields that 5 dropped", "families/bert-sequence", "Bert", SEQUENCE, {"position_embedding_type": "relative_key", "pruned_heads": {"0": [1]}}, dict(only="5")),
    ("bert, causal", "families/bert-sequence", "Bert", SEQUENCE, {"is_decoder": True}, {}),
    ("bert, causal, masked", "families/bert-mlm", "Bert", MLM, {"is_decoder": True}, {}),
    ("bert, the next sentence", "variants/bert-pairs", "Bert", NEXT, {}, {}),
    ("bert, a choice", "variants/bert-pairs", "Bert", CHOICE, {}, {}),
    ("albert, relative keys and queries", "variants/albert-relative", "Albert", SEQUENCE, {}, dict(only="4")),
    ("albert, relative keys", "variants/albert-relative", "Albert", SEQUENCE, {"position_embedding_type": "relative_key"}, dict(only="4")),
    ("electra, what is replaced", "variants/electra", "Electra", PRE, {}, {}),
    ("electra, a choice", "variants/electra", "Electra", CHOICE, {}, {}),
    ("electra, a summary that nothing reads", "families/electra-sequence", "Electra", SEQUENCE, {"summary_type": "mean"}, {}),
    ("roberta, padding in a text", "families/roberta-sequence", "Roberta", SEQUENCE, {}, PADDED),
    ("roberta, padding is 0", "families/roberta-sequence", "Roberta", SEQUENCE, {"pad_token_id": 0}, {}),
    ("xlm-roberta, padding is 5", "families/xlm-roberta-mlm", "XLMRoberta", MLM, {"pad_token_id": 5}, {}),
    ("camembert, padding in a text", "families/camembert-sequence", "Camembert", SEQUENCE, {}, PADDED),
    ("mpnet, padding in a text", "families/mpnet-sequence", "MPNet", SEQUENCE, {"pad_token_id": 0}, PADDED),
    ("distilbert, names of other classes", "families/distilbert-sequence", "DistilBert", SEQUENCE, {"num_hidden_layers": 1}, {}),
    ("modernbert, as transformers 5 writes it", *M, {}, dict(only="5", saved=True)),
    ("modernbert, other layers", *M, dict(ropes(dict(rope_type="default"), dict(rope_type="default")), layer_types=[SLIDING, FULL, SLIDING, SLIDING]), dict(only="5", without=OLD)),
    ("modernbert, linear and yarn", *M, dict(ropes(dict(rope_type="linear", factor=3.0), YARN), **TYPES), dict(only="5", without=OLD)),
    ("modernbert, llama3 and longrope", *M, dict(ropes(LLAMA, LONG), **TYPES), dict(only="5", without=OLD)),
    ("modernbert, proportional and dynamic", *M, dict(ropes(dict(rope_type="proportional", partial_rotary_factor=0.5, factor=2.0), dict(rope_type="dynamic", factor=2.0)), **TYPES), dict(only="5", without=OLD)),
    ("modernbert, one kind's parameters", *M, {"rope_parameters": {SLIDING: dict(rope_theta=50.0, rope_type="default")}}, dict(only="5")),
    ("modernbert, rope_scaling", *M, {"rope_scaling": dict(rope_type="linear", factor=2.0)}, {}),
    ("modernbert, fields of 5 in a file of 4", *M, dict(ropes(LLAMA, LONG), layer_types=[SLIDING, FULL, SLIDING, SLIDING]), dict(only="4")),
    ("modernbert, older rope_scaling", *M, {"rope_scaling": dict(type="linear", factor=2.0)}, dict(only="4")),
    ("modernbert, no thetas", *M, {}, dict(without=["global_rope_theta", "local_rope_theta"])),
    ("modernbert, no local theta", *M, {"local_rope_theta": None}, dict(only="4")),
    ("modernbert, an odd window", *M, {"local_attention": 5, "global_attn_every_n_layers": 2}, {}),
    ("modernbert, flags deny the file's biases", *M, {}, dict(more=BIASES)),
    ("modernbert, flags allow the file's biases", *M, {name: True for name in FLAGS}, dict(more=BIASES)),
    ("modernbert, flags allow biases that are not there", *M, {name: True for name in FLAGS}, {}),
    ("modernbert, biases of attention alone", *M, {"attention_bias": True}, dict(more=BIASES)),
    ("modernbert, biases of neurons alone", *M, {"mlp_bias": True}, dict(more=BIASES)),
    ("modernbert, a head's bias alone", *M, {"classifier_bias": True}, dict(more=BIASES)),
    ("modernbert, no decoder's bias", "families/modernbert-mlm", "ModernBert", MLM, {"decoder_bias": False}, {}),
    ("bert, a decoder's bias of its own in 4", "families/bert-mlm", "Bert", MLM, {}, dict(only="4", more=DECODER)),
    ("bert, a decoder's bias of its own in 5", "families/bert-mlm", "Bert", MLM, {}, dict(only="5", more=DECODER)),
    ("bert, an untied decoder in 4", "families/bert-mlm", "Bert", MLM, {"tie_word_embeddings": False}, dict(only="4", more=ROWS)),
    ("bert, an untied decoder in 5", "families/bert-mlm", "Bert", MLM, {"tie_word_embeddings": False}, dict(only="5", more=ROWS)),
    ("bert, another decoder in 5", "families/bert-mlm", "Bert", MLM, {}, dict(only="5", more=ROWS)),
    ("roberta, a decoder's bias of its own", "families/roberta-mlm", "Roberta", MLM, {}, dict(more={"lm_head.decoder.bias": [45]})),
    ("mpnet, a decoder's bias of its own", "families/mpnet-mlm", "MPNet", MLM, {}, dict(only="4", more={"lm_head.decoder.bias": [45]})),
    ("a bias of deberta-v2's decoder", "families/deberta-v2-mlm", "DebertaV2", MLM, {}, dict(only="4", more=DECODER)),
    ("bert, not causal in 5", "families/bert-sequence", "Bert", SEQUENCE, {"is_decoder": True, "is_causal": False}, dict(only="5")),
    ("bert, not causal in 4", "families/bert-sequence", "Bert", SEQUENCE, {"is_decoder": True, "is_causal": False}, dict(only="4")),
    ("gpt2, not causal in 4", "families/gpt2-lm", "GPT2", LM, {"is_causal": False}, dict(only="4")),
    ("distilbert, another name of a norm", "families/distilbert-sequence", "DistilBert", SEQUENCE, {}, dict(more={"distilbert.transformer.layer.0.sa_layer_norm.gamma": [12]})),
    ("bert, a layer without biases", "families/bert-sequence", "Bert", SEQUENCE, {}, dict(less=["bert.encoder.layer.0.intermediate.dense.bias"])),
    ("gpt2, biases that no class has", G, "GPT2", SEQUENCE, {}, dict(more={"score.bias": [3]})),
    ("gpt2, continuations' bias", "families/gpt2-lm", "GPT2", LM, {}, dict(more={"lm_head.bias": [45]})),
    ("gpt2, no biases", "families/gpt2-lm", "GPT2", LM, {}, dict(less=["transformer.h.0.attn.c_attn.bias", "transformer.h.0.mlp.c_fc.bias"])),
    ("gpt2, scores by depth", "families/gpt2-lm", "GPT2", LM, {"scale_attn_by_inverse_layer_idx": True}, {}),
    ("gpt2, plain scores", "families/gpt2-lm", "GPT2", LM, {"scale_attn_weights": False}, {}),
    ("gpt2, two heads", G, "GPT2", DOUBLE, {}, {}),
    ("gpt2, padded", G, "GPT2", SEQUENCE, {}, dict(texts=["the sea sings [PAD]", "so [PAD] [PAD] is [PAD]"])),
    ("gpt2, padding alone", G, "GPT2", SEQUENCE, {}, dict(texts=["[PAD] [PAD]"], methods=["cp-lrp", "attn-lrp"])),
    ("gpt2, no padding", G, "GPT2", SEQUENCE, {"pad_token_id": None}, dict(texts=["the sea sings [PAD]"])),
    ("gpt2, tokens", G, "GPT2", TOKEN, {}, {}),
    ("gpt2, answers", G, "GPT2", QA, {}, {}),
    ("deberta-v2, convolution", D, "DebertaV2", SEQUENCE, {}, {}),
    ("deberta-v2, convolution, masked", D, "DebertaV2", MLM, {}, {}),
    ("deberta-v2, no relative attention", D, "DebertaV2", SEQUENCE, {"relative_attention": False}, {}),
    ("deberta-v2, keys alone", D, "DebertaV2", SEQUENCE, {"pos_att_type": ["c2p"], "conv_act": "tanh"}, {}),
    ("deberta-v2, queries alone", D, "DebertaV2", SEQUENCE, {"pos_att_type": " P2C ", "norm_rel_ebd": "none"}, {}),
    ("deberta-v2, neither", D, "DebertaV2", SEQUENCE, {"pos_att_type": None, "conv_kernel_size": 0}, {}),
    ("deberta-v2, wide embeddings", "variants/deberta-wide", "DebertaV2", TOKEN, {}, {}),
    ("vit, patches left over", V, "ViT", "ForImageClassification", {}, {}),
    ("vit, flags deny the file's biases", "families/vit-image", "ViT", "ForImageClassification", {"qkv_bias": False}, {}),
    ("vit, flags allow biases that are not there", V, "ViT", "ForImageClassification", {"qkv_bias": True}, {}),
    ("vit, a distillation token", "families/vit-image", "ViT", "ForImageClassification", {}, dict(more={"vit.embeddings.distillation_token": [1, 1, 12]})),
    ("deit, a teacher that nothing reads", "families/deit-image", "DeiT", "ForImageClassification", {}, dict(more={"distillation_classifier.weight": [3, 12]})),
    ("dinov2, flags deny the file's biases", N, "Dinov2", "ForImageClassification", {"qkv_bias": False}, {}),
    ("dinov2, flags allow biases that are not there", N, "Dinov2", "ForImageClassification", {}, dict(less=[f"dinov2.{n}" for n in QKV])),
    ("vit, a pooler", V, "ViT", "Model", {}, {}),
    ("deit, a pooler", "variants/deit", "DeiT", "Model", {}, {}),
    ("vit, no pooler", "families/vit-image", "ViT", "Model", {}, {}),
    ("dinov2", N, "Dinov2", "ForImageClassification", {}, {}),
    ("dinov2, larger images", N, "Dinov2", "ForImageClassification", {}, dict(image=[40, 32])),
    ("dinov2, a vector", N, "Dinov2", "Model", {}, dict(image=[16, 16])),
    ("dinov2, gated", "variants/dinov2-swiglu", "Dinov2", "Model", {}, {}),
]


def filled(shape):
    """What `more` is filled with: numbers that float32 has exactly, which variants.test.ts computes too."""
    k = torch.arange(torch.tensor(shape).prod())
    return (((7 * k + 3) % 11 - 5) / 16).reshape(shape)


def patched(base, family, head, config, without=(), saved=False, more=None, less=(), **how):
    """A folder like `base` with another config, and that config's differences."""
    folder = Path(tempfile.mkdtemp()) / "model"
    shutil.copytree(HERE / base, folder)
    given = json.loads((folder / "config.json").read_text())
    if saved:
        getattr(transformers, family + "Config").from_pretrained(folder).save_pretrained(folder)
        now = json.loads((folder / "config.json").read_text())
        without, config = sorted(given.keys() - now.keys()), {k: v for k, v in now.items() if given.get(k, ...) != v}
    config = {**config, "architectures": [family + head]}
    if how.get("only") == "5":
        config.setdefault("transformers_version", transformers.__version__)
    merged = {k: v for k, v in {**given, **config}.items() if k not in without}
    (folder / "config.json").write_text(json.dumps(merged))
    if more or less:
        stored = {k: v for k, v in load_file(folder / "model.safetensors").items() if k not in less}
        stored.update({k: filled(shape) for k, shape in (more or {}).items()})
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    return folder, config, list(without)


def cases(folder, family, head, texts=None, image=None, methods=None, **_):
    m = Model(folder, family, head)
    if family in ("ViT", "DeiT", "Dinov2"):
        return images(folder, m, head, image)
    if head == QA:
        families.ASKED = families.ASKED[:1]
        found = families.cases(folder, family, head)
        return [c for c in found if c["target"] == "answer"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    out = []
    for text in texts or (families.MASKED[:2] if head == MLM else families.TEXTS[:2]):
        e, given = fed(tokenizer, False, text)
        if head == CHOICE:  # of one
            given = {k: v[None] for k, v in given.items()}
        logits = m.run(given, "gradient-x-input")[0].logits[0]
        case = {"text": text, "ids": e.ids}
        if head == PRE:
            found = m.explain(given, lambda y, _: y.logits[0, 1])
            out.append({**case, "token": 1, "target": 0, "logits": [short(logits[1])], "methods": found})
            continue
        k = {SEQUENCE: None, NEXT: None, CHOICE: None, TOKEN: 1, MLM: e.ids.index(4) if 4 in e.ids else 0}.get(head, len(e.ids) - 1)
        row = logits if k is None else logits[k]
        target = int(row.argmax())
        case.update({"target": target, "logits": [short(x) for x in row] if len(row) < 9 else top(row)}, **({} if k is None else {"token": k}))
        found = m.explain(given, lambda y, _: y.logits[0, target] if k is None else y.logits[0, k, target])
        out.append({**case, "methods": {name: found[name] for name in methods or found}})
    return out


def pixels(rgb):
    return base64.b64encode(bytes(rgb.flatten().tolist())).decode()


def vector(y):
    return y.last_hidden_state[0, 0] if y.pooler_output is None else y.pooler_output[0]


def images(folder, m, head, wanted):
    """Random pixels of the model's own size; of a model without its head two images' cosine too."""
    config = json.loads((folder / "config.json").read_text())
    size = wanted or config["image_size"]
    height, width = size if isinstance(size, list) else (size, size)
    has_pooler = any(k.endswith("pooler.dense.weight") for k in load_file(folder / "model.safetensors"))
    if head == "Model" and not has_pooler and hasattr(m.model, "pooler"):
        m.model.pooler = None
    random = torch.Generator().manual_seed(5)
    shots = [torch.randint(0, 256, (height, width, 3), generator=random) for _ in range(2)]
    mean, std = torch.tensor([0.5, 0.4, 0.45]).double(), torch.tensor([0.5, 0.25, 0.3]).double()
    given = [{"pixel_values": ((rgb.double() / 255 - mean) / std).permute(2, 0, 1)[None]} for rgb in shots]
    common = {"size": [width, height], "rgb": pixels(shots[0])}
    y = m.run(given[0], "gradient-x-input")[0]
    if head != "Model":
        logits = y.logits[0]
        target = int(logits.argmax())
        return [{**common, "target": target, "logits": [short(x) for x in logits], "methods": m.explain(given[0], lambda y, _: y.logits[0, target])}]
    u, v = vector(y), vector(m.run(given[1], "gradient-x-input")[0])
    unit = v / v.norm()

    def cosine(y, method):
        u = vector(y)
        return (u / (u.norm() if method == "gradient-x-input" else u.norm().detach())) @ unit
    return [
        {**common, "target": 2, "embedding": [short(x) for x in u], "logits": [{"index": 2, "logit": short(u[2])}], "methods": m.explain(given[0], lambda y, _: vector(y)[2])},
        {**common, "other": pixels(shots[1]), "of": "cosine", "value": short(u @ unit / u.norm()), "logits": [], "methods": m.explain(given[0], cosine)},
    ]


def main():
    torch.set_num_threads(1)
    check = "--check" in sys.argv
    chosen = [a for a in sys.argv[1:] if not a.startswith("-")]
    path = HERE / "variants.json"
    if not check:
        for name in MADE:
            if not chosen or any(name.startswith(c) for c in chosen):
                checkpoint(name)
    known = {v["name"]: v for v in json.loads(path.read_text())["variants"]} if path.exists() else {}
    off = 0
    for name, base, family, head, config, how in VARIANTS:
        if how.get("only", MAJOR) != MAJOR or (chosen and not any(name.startswith(c) for c in chosen)):
            continue
        folder, changed, without = patched(base, family, head, config, **how)
        found = {"name": name, "checkpoint": base, "config": changed, "without": without, **{k: how[k] for k in ("image", "more", "less") if k in how},
                 "cases": cases(folder, family, head, **how)}
        if check and name in known:
            mine = worst({"cases": found["cases"]}, {"cases": known[name]["cases"]})
            off = max(off, mine)
            print(f"{mine:.1e}  {name}")
        else:
            known[name] = found
        shutil.rmtree(folder.parent)
    if check:
        print("largest difference", off)
    order = [v[0] for v in VARIANTS]
    lines = ",\n".join(json.dumps(known[n], separators=(",", ":")) for n in order if n in known)
    path.write_text('{"variants": [\n' + lines + "\n]}\n")
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
