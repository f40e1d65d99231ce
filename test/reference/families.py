"""Tiny random checkpoints of many families and heads, written by transformers itself, and relevance from its own models in
float64: families/<name>/ and families.json.

    python families.py              # write both
    python families.py --check      # recompute from the checkpoints that are there and compare with families.json

No model is written down here. transformers' code runs as it is, and a TorchFunctionMode gives its functions other
derivatives: a norm's deviation is detached, f(x) becomes x · (f(x)/x).detach(), and of a product that depends on the input on
both sides each side gets half. Weights need no gradient, so a product with a constant factor is told by requires_grad.
"""
import json
import shutil
import sys

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.overrides import TorchFunctionMode

from golden import HERE, encode, sha256, short, versions

SPECIAL = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
PIECES = list("abcdeghinorstuy") + ["##" + c for c in "abcdeghinorstuy"] + [".", "?", "the", "sea", "##ing", "so", "is", "in", "who", "sings"]
VOCAB = {piece: i for i, piece in enumerate(SPECIAL + PIECES)}
METHODS = ["cp-lrp", "attn-lrp", "gradient-x-input"]
TEXTS = ["The sea is so!", "so sing, the seas rising in the dust.", "go to a duet by the sea . xyz", "sun"]
ASKED = [("who sings?", "the seas sing in the sun"), ("is the sea so", "go, it is so; the sea sings . so")]
MASKED = ["the [MASK] sings", "who is [MASK] the sea ?", "so [MASK] [MASK]"]

SMALL = dict(vocab_size=len(VOCAB), hidden_size=12, num_attention_heads=3, num_hidden_layers=2, intermediate_size=20,
             max_position_embeddings=48, pad_token_id=1)
ACT = dict(hidden_act="gelu", layer_norm_eps=1e-6)
NARROW = dict(SMALL, embedding_size=8)
DISTIL = dict(vocab_size=len(VOCAB), dim=12, n_heads=3, n_layers=2, hidden_dim=20, max_position_embeddings=48, pad_token_id=1)
DEBERTA = dict(SMALL, **ACT, relative_attention=True, pos_att_type="p2c|c2p", share_att_key=True, position_buckets=6, norm_rel_ebd="layer_norm",
               position_biased_input=False, type_vocab_size=0, max_relative_positions=-1, pooler_hidden_size=12, pooler_hidden_act="gelu")
MODERN = dict(vocab_size=len(VOCAB), hidden_size=16, num_attention_heads=2, num_hidden_layers=4, intermediate_size=20, max_position_embeddings=64,
              pad_token_id=1, local_attention=6, global_attn_every_n_layers=3, global_rope_theta=1000.0, local_rope_theta=100.0,
              bos_token_id=0, eos_token_id=2, cls_token_id=0, sep_token_id=2, reference_compile=False)
GPT2 = dict(vocab_size=len(VOCAB), n_embd=12, n_head=3, n_layer=2, n_positions=48, n_inner=20, bos_token_id=0, eos_token_id=2, pad_token_id=1)
IMAGE = dict(hidden_size=12, num_attention_heads=3, num_hidden_layers=2, intermediate_size=20, image_size=24, patch_size=8)
TAUGHT = "ForImageClassificationWithTeacher"
SEQUENCE, TOKEN, QA, MLM, BASE = "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM", "Model"

# family: the start of its classes' names, its config, the heads
FAMILIES = {
    "bert": ("Bert", dict(SMALL, **ACT), [SEQUENCE, TOKEN, QA, MLM, BASE]),
    "roberta": ("Roberta", dict(SMALL, **ACT, type_vocab_size=1), [SEQUENCE, TOKEN, QA, MLM]),
    "xlm-roberta": ("XLMRoberta", dict(SMALL, **ACT, type_vocab_size=1), [SEQUENCE, TOKEN, MLM]),
    "camembert": ("Camembert", dict(SMALL, **ACT, type_vocab_size=1), [SEQUENCE, MLM]),
    "distilbert": ("DistilBert", DISTIL, [SEQUENCE, TOKEN, QA, MLM]),
    "electra": ("Electra", dict(NARROW, **ACT), [SEQUENCE, TOKEN, QA, MLM]),
    "albert": ("Albert", dict(NARROW, hidden_act="gelu_new", layer_norm_eps=1e-6), [SEQUENCE, TOKEN, QA, MLM]),
    "albert-groups": ("Albert", dict(NARROW, **ACT, num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2), [SEQUENCE]),
    "mpnet": ("MPNet", dict(SMALL, **ACT), [SEQUENCE, TOKEN, QA, MLM, BASE]),
    "deberta-v2": ("DebertaV2", DEBERTA, [SEQUENCE, TOKEN, QA, MLM]),
    "deberta-v2-biased": ("DebertaV2", dict(DEBERTA, position_biased_input=True, type_vocab_size=2, share_att_key=False, position_buckets=-1,
                                             max_relative_positions=10, norm_rel_ebd="none"), [SEQUENCE]),
    "modernbert": ("ModernBert", MODERN, [SEQUENCE, TOKEN, QA, MLM]),
    "modernbert-mean": ("ModernBert", dict(MODERN, classifier_pooling="mean", mlp_bias=True, norm_bias=True, attention_bias=True), [SEQUENCE]),
    "gpt2": ("GPT2", GPT2, ["LMHeadModel", SEQUENCE]),
    "vit": ("ViT", IMAGE, ["ForImageClassification"]),
    "deit": ("DeiT", IMAGE, ["ForImageClassification", TAUGHT]),
}
# further bert checkpoints: other problems, an old file's gamma and beta
PROBLEMS = {"bert-multi-label": dict(problem_type="multi_label_classification", num_labels=4), "bert-regression": dict(num_labels=1)}
SHORT = {SEQUENCE: "sequence", TOKEN: "token", QA: "qa", MLM: "mlm", BASE: "embedding", "LMHeadModel": "lm", "ForImageClassification": "image", TAUGHT: "taught-image"}
ENTERS = {"bert": "embeddings", "gpt2": "drop", "vit": "embeddings"}
PRODUCTS = ("matmul", "__matmul__", "bmm", "mul", "__mul__", "baddbmm", "einsum")
WORDS = ["word_embeddings", "tok_embeddings", "wte", "embed_tokens", "embed_in"]


def half(x):
    return 0.5 * x + 0.5 * x.detach()


def norm(x, shape, weight=None, bias=None, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    y = centred / (x.var(-1, unbiased=False, keepdim=True) + eps).sqrt().detach()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def ratio(x, y):
    """y = f(x) as x · (y/x), of which the factor is constant; where x is 0, y is."""
    part = torch.where(x == 0, 0, y / torch.where(x == 0, 1, x)).detach()
    return x * part + (y - x * part).detach()


class Rules(TorchFunctionMode):
    def __init__(self, method):
        super().__init__()
        self.method, _, self.gate = method.partition(", ")
        self.activated = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__
        if name == "float" and args[0].dtype == torch.float64:
            return args[0]  # transformers computes some parts in 32 bits, whatever the model's are
        if name == "to" and args[0].dtype == torch.float64 and torch.float32 in args:
            return args[0]
        if name == "softmax" and args[0].dtype == torch.float64:
            kwargs = {k: v for k, v in kwargs.items() if k != "dtype"}
        if self.method == "gradient-x-input":
            return func(*args, **kwargs)
        if name == "layer_norm":
            return norm(*args, **{k: v for k, v in kwargs.items() if k != "cudnn_enable"})
        if name == "rsqrt":
            return func(*args, **kwargs).detach()  # of RMSNorm, which transformers spells out
        if name in ("gelu", "tanh", "relu", "silu"):
            y = ratio(args[0], func(*args, **kwargs))
            self.activated.append(y)
            return y
        if name in ("softmax", "sigmoid") and self.method == "cp-lrp":
            return func(*args, **kwargs).detach()  # a sigmoid is the weight of an expert
        if name == "sigmoid":  # of which 1/2 is a constant
            return ratio(args[0], func(*args, **kwargs) - 0.5) + 0.5
        if name == "baddbmm" and "batch1" in kwargs:
            args = (args[0], kwargs.pop("batch1"), kwargs.pop("batch2"))
        if name in PRODUCTS and all(torch.is_tensor(a) and a.requires_grad for a in args[-2:]):
            if self.gate == "values":  # what was activated is a constant
                return func(*args[:-2], *(a.detach() if any(a is y for y in self.activated) else a for a in args[-2:]), **kwargs)
            return func(*args[:-2], *map(half, args[-2:]), **kwargs)
        return func(*args, **kwargs)


class Whole(torch.nn.Module):
    """An activation that transformers spells out in several functions, told to the mode as one."""

    def __init__(self, f, rules):
        super().__init__()
        self.f, self.rules = f, rules

    def forward(self, x):
        rules = self.rules[0]
        if rules is None or rules.method == "gradient-x-input":
            return self.f(x)
        zero = self.f(torch.zeros_like(x))  # of a sigmoid, say: a constant, as a bias is
        return ratio(x, self.f(x.detach()) - zero) + zero


def make(name, family, config, head, **more):
    """A checkpoint with no weight at its initial value: biases and norms are random too."""
    folder = HERE / "families" / name
    shutil.rmtree(folder, ignore_errors=True)
    kind = getattr(transformers, family + "Config")
    labels = {} if head in (BASE, MLM, QA, "LMHeadModel") else dict(num_labels=3)
    settings = kind(**{**config, **labels, **more})
    settings._attn_implementation = "eager"
    model = getattr(transformers, family + head)(settings)
    random = torch.Generator().manual_seed(sum(map(ord, name)))
    with torch.no_grad():
        for key, w in model.named_parameters():
            r = torch.randn(w.shape, generator=random)
            wide = w[0].numel() if w.dim() > 1 else 1
            if w.dim() == 1 and "weight" in key:
                w.copy_(1 + 0.3 * r)
            elif w.dim() == 1:
                w.copy_(0.3 * r)
            elif "embeddings" in key or "wte" in key or "wpe" in key or "token" in key:
                w.copy_(0.7 * r)
            else:
                w.copy_(r * 1.2 / (w.shape[0] if "c_" in key else wide) ** 0.5)
    model.save_pretrained(folder)
    if "Image" in head:
        size = config["image_size"]
        processor = dict(do_resize=True, size=dict(height=size, width=size), resample=2, do_rescale=True, rescale_factor=1 / 255, do_normalize=True,
                         image_mean=[0.5, 0.4, 0.45], image_std=[0.5, 0.25, 0.3], image_processor_type="ViTImageProcessor")
        (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=1))
        return folder
    t = Tokenizer(models.WordPiece(VOCAB, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(SPECIAL)
    if not name.startswith("gpt2"):
        t.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
                                                         special_tokens=[("[CLS]", 0), ("[SEP]", 2)])
    t.save(str(folder / "tokenizer.json"))
    if head == BASE:
        base = "sentence_transformers.models"
        (folder / "modules.json").write_text(json.dumps([
            dict(idx=0, name="0", path="", type=f"{base}.Transformer"), dict(idx=1, name="1", path="1_Pooling", type=f"{base}.Pooling")]))
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(dict(
            word_embedding_dimension=12, pooling_mode_cls_token=False, pooling_mode_mean_tokens=True, pooling_mode_max_tokens=False)))
    return folder


def entrance(base, words):
    """The module whose output enters the blocks."""
    return next((getattr(base, n) for n in ("drop", "embeddings", "word_embeddings_layernorm") if hasattr(base, n)), (words or [None])[0])


def forget(model):
    """Dynamic rotary positions, which are remembered from text to text."""
    for module in model.modules():
        if hasattr(module, "original_inv_freq"):
            module.inv_freq, module.max_seq_len_cached = module.original_inv_freq.clone(), module.original_max_seq_len
        for kind in getattr(module, "layer_types", None) or []:
            if hasattr(module, f"{kind}_original_inv_freq"):
                setattr(module, f"{kind}_inv_freq", getattr(module, f"{kind}_original_inv_freq").clone())
                setattr(module, f"{kind}_max_seq_len_cached", module.original_max_seq_len)


class Model:
    def __init__(self, folder, family, head):
        kind = getattr(transformers, family + head)
        self.model = kind.from_pretrained(folder, torch_dtype=torch.float64, attn_implementation="eager").eval()
        for p in self.model.parameters():
            p.requires_grad_(False)
        self.rules = [None]
        for module in list(self.model.modules()):
            for key, child in module.named_children():
                if type(child).__name__ in ("NewGELUActivation", "BloomGelu"):
                    setattr(module, key, Whole(child, self.rules))
        base = self.model.base_model
        words = [m for n, m in base.named_modules() if n.split(".")[-1] in WORDS]
        self.enters = entrance(base, words)
        self.points = {"embeddings": self.enters, **({"words": words[0]} if words else {})}

    def run(self, given, method, point=None):
        """The model's output, and the tensor at the reading point it was made from."""
        forget(self.model)
        kept = []

        def start(module, args, y):
            kept.append(y.detach().requires_grad_())
            return kept[0]
        hook = self.points[point].register_forward_hook(start) if point else None
        with torch.set_grad_enabled(point is not None), Rules(method) as self.rules[0]:
            y = self.model(**given)
        self.rules[0] = None
        if hook:
            hook.remove()
        return y, kept

    def explain(self, given, explained):
        """Relevance by method and point of a number `explained` makes of the model's output."""
        result = {}
        for method in METHODS:
            result[method] = {}
            for point in self.points:
                y, (x,) = self.run(given, method, point)
                explained(y, method).backward()
                result[method][point] = [short(r) for r in (x * x.grad).sum(-1)[0]]
        return result


def fed(tokenizer, types, text, pair=None):
    e = tokenizer.encode(text, pair) if pair else tokenizer.encode(text)
    given = {"input_ids": torch.tensor([e.ids]), "attention_mask": torch.ones(1, len(e.ids), dtype=torch.long)}
    if types and pair:
        given["token_type_ids"] = torch.tensor([e.type_ids])
    return e, given


def top(logits, n=5):
    return [{"index": int(i), "logit": short(logits[i])} for i in logits.argsort(descending=True)[:n]]


def cases(folder, family, head):
    m = Model(folder, family, head)
    if "Image" in head:
        return images(folder, m)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    types = getattr(m.model.config, "type_vocab_size", 0) == 2
    out = []

    def add(case, given, explained):
        out.append({**case, "methods": m.explain(given, explained)})

    if head == QA:
        for text, pair in ASKED:
            e, given = fed(tokenizer, types, text, pair)
            y, _ = m.run(given, "gradient-x-input")
            own = [i for i, (s, q) in enumerate(zip(e.special_tokens_mask, e.sequence_ids)) if not s and q == 1]
            spans = [(i, j) for i in own for j in own if j >= i]
            i, j = max(spans, key=lambda s: float(y.start_logits[0, s[0]] + y.end_logits[0, s[1]]))
            case = {"text": text, "pair": pair, "ids": e.ids, "span": [i, j], "logits": [short(y.start_logits[0, i]), short(y.end_logits[0, j])]}
            add({**case, "target": "start"}, given, lambda y, _: y.start_logits[0, i])
            add({**case, "target": "answer"}, given, lambda y, _: y.start_logits[0, i] + y.end_logits[0, j])
        return out
    if head == BASE:
        vectors = [m.run(fed(tokenizer, types, t)[1], "gradient-x-input")[0].last_hidden_state[0].mean(0) for t in TEXTS]
        for i, j in [(0, 1), (2, 0)]:
            e, given = fed(tokenizer, types, TEXTS[i])
            case = {"text": TEXTS[i], "other": TEXTS[j], "ids": e.ids, "logits": [short(v) for v in vectors[i]]}
            unit = vectors[j] / vectors[j].norm()

            def cosine(y, method):
                u = y.last_hidden_state[0].mean(0)
                size = u.norm()
                return (u / (size if method == "gradient-x-input" else size.detach())) @ unit
            add({**case, "of": "cosine", "value": short(vectors[i] @ unit / vectors[i].norm())}, given, cosine)
            add({**case, "of": "dot", "value": short(vectors[i] @ vectors[j])}, given, lambda y, _: y.last_hidden_state[0].mean(0) @ vectors[j])
        return out
    for text in MASKED if head == MLM else TEXTS[:3]:
        e, given = fed(tokenizer, types, text)
        logits = m.run(given, "gradient-x-input")[0].logits[0]
        case = {"text": text, "ids": e.ids}
        if head == SEQUENCE:
            target = int(logits.argmax())
            add({**case, "target": target, "logits": [short(x) for x in logits]}, given, lambda y, _: y.logits[0, target])
            continue
        at = {TOKEN: [1, len(e.ids) - 2], MLM: [k for k, i in enumerate(e.ids) if i == 4][:1], "LMHeadModel": [len(e.ids) - 1]}[head]
        for k in at:
            target = int(logits[k].argmax())
            told = [short(x) for x in logits[k]] if head == TOKEN else top(logits[k])
            add({**case, "token": k, "target": target, "logits": told}, given, lambda y, _: y.logits[0, k, target])
            if head == "LMHeadModel":
                other = int(logits[k].argsort(descending=True)[1])
                add({**case, "token": k, "target": target, "contrast": other, "logits": told}, given,
                    lambda y, _: y.logits[0, k, target] - y.logits[0, k, other])
    if head == "LMHeadModel":  # a whole continuation: the sum of its tokens' log-probabilities
        for text, more in [("the sea", " is so in"), ("who sings", "?")]:
            n = len(tokenizer.encode(text).ids)
            e, given = fed(tokenizer, types, text + more)
            rows = list(range(n - 1, len(e.ids) - 1))

            def total(y, _=None):
                p = y.logits[0].log_softmax(-1)
                return sum(p[k, e.ids[k + 1]] for k in rows)
            value = short(total(m.run(given, "gradient-x-input")[0]))
            add({"text": text, "continuation": more, "ids": e.ids, "value": value}, given, total)
    return out


def images(folder, m):
    config = json.loads((folder / "preprocessor_config.json").read_text())
    size = config["size"]["height"]
    random = torch.Generator().manual_seed(5)
    out = []
    for k in range(2):
        rgb = torch.randint(0, 256, (size, size, 3), generator=random)
        pixels = rgb.double() * config["rescale_factor"]
        pixels = (pixels - torch.tensor(config["image_mean"]).double()) / torch.tensor(config["image_std"]).double()
        given = {"pixel_values": pixels.permute(2, 0, 1)[None]}
        logits = m.run(given, "gradient-x-input")[0].logits[0]
        target = int(logits.argmax())
        out.append({"rgb": rgb.flatten().tolist(), "target": target, "logits": [short(x) for x in logits],
                    "methods": m.explain(given, lambda y, _: y.logits[0, target])})
    return out


def jobs():
    for name, (family, config, heads) in FAMILIES.items():
        for head in heads:
            yield f"{name}-{SHORT[head]}", family, config, head, {}
    for name, more in PROBLEMS.items():
        yield name, "Bert", FAMILIES["bert"][1], SEQUENCE, more


def worst(a, b):
    """The largest difference of two nests of numbers."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return max((worst(a[k], b[k]) for k in a), default=0)
    if isinstance(a, list):
        assert len(a) == len(b)
        return max(map(worst, a, b), default=0)
    if isinstance(a, (int, float)):
        return abs(a - b)
    assert a == b
    return 0


def main():
    torch.set_num_threads(2)
    check = "--check" in sys.argv
    only = [a for a in sys.argv[1:] if not a.startswith("-")]
    path = HERE / "families.json"
    found = []
    for name, family, config, head, more in jobs():
        if only and not any(name.startswith(o) for o in only):
            continue
        folder = HERE / "families" / name if check else make(name, family, config, head, **more)
        found.append({"name": name, "sha256": sha256(folder / "model.safetensors"), "cases": cases(folder, family, head)})
        print(f"{(folder / 'model.safetensors').stat().st_size:7d}  {len(found[-1]['cases'])} cases  {name}")
    if check:
        known = {f["name"]: f for f in json.loads(path.read_text())["families"]}
        print("largest difference", max(worst(f, known[f["name"]]) for f in found))
        return
    if only:  # the others stay as they are
        made = {f["name"] for f in found}
        found += [f for f in json.loads(path.read_text())["families"] if f["name"] not in made]
        found.sort(key=lambda f: [name for name, *_ in jobs()].index(f["name"]))
    head = {"versions": versions()}
    lines = ",\n".join(json.dumps(f, separators=(",", ":")) for f in found)
    path.write_text(json.dumps(head)[:-1] + ', "families": [\n' + lines + "\n]}\n")
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
