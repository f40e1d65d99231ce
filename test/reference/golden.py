"""Golden numbers for the shipped model: golden.json from sentences.json and models/sst2-tiny.

    python golden.py            # write golden.json
    python golden.py --check    # recompute and compare with the golden.json that is there
"""
import hashlib
import json
import pathlib
import sys

import torch
import transformers
from tokenizers import Tokenizer, __version__ as tokenizers_version

from bert import ENTRIES, METHODS, POINTS, Bert, difference
from peers import all_methods

HERE = pathlib.Path(__file__).resolve().parent
ANNIHILATED = {("gradient-x-input", "embedding-sum"), ("lrp-ah", "embedding-sum")}
EXTRAS = [0, 5, 25, 44, 46]      # sentences with the other class, a contrast and an epsilon rule as well


def short(x):
    """9 significant digits, none below 1e-17: there it is rounding of float64."""
    x = round(float(f"{float(x):.9g}"), 17)
    return 0 if x == 0 else int(x) if x == int(x) else x


def encode(tokenizer, text):
    """ids, and offsets into the text in UTF-16 units, null for [CLS] and [SEP]."""
    e = tokenizer.encode(text)
    units = [0]
    for c in text:
        units.append(units[-1] + (2 if ord(c) > 0xFFFF else 1))
    return e.ids, [None if s else [units[a], units[b]] for (a, b), s in zip(e.offsets, e.special_tokens_mask)]


def numbers(result, point):
    r = result[point]
    return {"relevance": [short(x) for x in r["relevance"]], "ledger": [short(r["ledger"][e]) for e in ENTRIES]}


class Tally:
    """The largest of every measure, and the bounds that must hold."""

    def __init__(self):
        self.worst = {}

    def see(self, what, value):
        self.worst[what] = max(self.worst.get(what, 0.0), float(value))

    def must(self, what, value, bound):
        self.see(what, value)
        assert value <= bound, f"{what}: {value} > {bound}"


def explain_all(folder, texts, tally):
    """Every method at every point for every text, checked against definitions and peers."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    exact, single = Bert(folder), Bert(folder, torch.float32)
    cases, full = [], []
    for text in texts:
        ids, offsets = encode(tokenizer, text)
        case = {"text": text, "ids": ids, "offsets": offsets}
        results = {}
        for method in METHODS:
            r = results[method] = exact.explain(ids, method)
            s = single.explain(ids, method, target=r["target"])
            tally.see("float32, logit", (s["logits"].double() - r["logits"]).abs().max())
            for kind, amount in r["worst"].items():
                tally.must(f"formula against definition, {kind}", amount, 1e-13)
            for point in POINTS:
                tally.must(f"residual, {method}, {point}", r[point]["closure"], 1e-12)
                tally.see(f"float32, relevance, {method}, {point}", difference(s[point]["relevance"], r[point]["relevance"]))
                tally.see(f"float32, residual, {method}, {point}", s[point]["closure"])
        case["logits"] = [float(f"{float(x):.15g}") for x in r["logits"]]
        case["target"] = r["target"]
        case["methods"] = {m: {p: numbers(results[m], p) for p in POINTS} for m in METHODS}
        cases.append(case)
        full.append(results)
    return exact, cases, full


def more(model, cases, chosen, tally, contrast_of):
    """Further explanations of a few cases: another class, a contrast, an epsilon rule on every dense layer."""
    out = []
    for i in chosen:
        ids, top = cases[i]["ids"], cases[i]["target"]
        other = contrast_of(i)
        for method in METHODS:
            for target, contrast, epsilon in ((other, None, 0.0), (max(top, other), min(top, other), 0.0), (top, None, 0.1)):
                r = model.explain(ids, method, target, contrast, epsilon)
                for kind, amount in r["worst"].items():
                    tally.must(f"formula against definition, {kind}", amount, 1e-13)
                for point in POINTS:
                    tally.must(f"residual, {method}, {point}", r[point]["closure"], 1e-12)
                    out.append({"case": i, "method": method, "at": point, "target": target, "contrast": contrast,
                                "epsilon": epsilon, **numbers(r, point)})
    return out


def against_peers(jobs, tally):
    """jobs: [(folder, cases, full)]. Logits, and relevance at every point, from transformers and LXT."""
    peers = all_methods([(folder, [c["ids"] for c in cases], [c["target"] for c in cases]) for folder, cases, _ in jobs])
    for method, by_job in peers.items():
        for (_, _, full), texts in zip(jobs, by_job):
            for results, (logits, elements) in zip(full, texts):
                r = results[method]
                tally.must("logits against transformers", (logits - r["logits"]).abs().max(), 1e-10)
                for point in POINTS:
                    mine = r[point]["elements"]
                    per_element = float((elements[point] - mine).abs().max() / mine.abs().sum())
                    tally.must(f"against peer, elements, {method}, {point}", per_element, 1e-7)
                    e = difference(elements[point].sum(-1), r[point]["relevance"])
                    if (method, point) in ANNIHILATED:
                        tally.see(f"against peer, relevance, {method}, {point}", e)
                    else:
                        tally.must(f"against peer, relevance, {method}, {point}", e, 1e-6)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions():
    from importlib.metadata import version
    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "tokenizers": tokenizers_version, "lxt": version("lxt")}


def write(path, head, cases, extras):
    """One case a line."""
    dump = lambda x: json.dumps(x, ensure_ascii=False, separators=(",", ":"))
    lines = [f"{dump(k)}:{dump(v)}" for k, v in head.items()]
    for name, items in (("cases", cases), ("extras", extras)):
        lines.append(f"{dump(name)}:[\n" + ",\n".join(dump(x) for x in items) + "\n]")
    path.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")


def compare(path, cases, extras):
    """Largest difference from the file, as max |dR| / sum |R|; texts, ids and offsets must be equal."""
    old = json.loads(path.read_text("utf-8"))
    worst = 0.0

    def pair(a, b):
        nonlocal worst
        ra, rb = torch.tensor([a["relevance"], b["relevance"]], dtype=torch.float64)
        la, lb = torch.tensor([a["ledger"], b["ledger"]], dtype=torch.float64)
        size = rb.abs().sum() + lb[2:-1].abs().sum()
        worst = max(worst, float((ra - rb).abs().max() / size), float((la - lb).abs().max() / size))
    assert len(old["cases"]) == len(cases) and len(old["extras"]) == len(extras)
    for a, b in zip(cases, old["cases"]):
        assert all(a[k] == b[k] for k in ("text", "ids", "offsets", "target")), a["text"]
        for m in METHODS:
            for p in POINTS:
                pair(a["methods"][m][p], b["methods"][m][p])
    for a, b in zip(extras, old["extras"]):
        assert all(a[k] == b[k] for k in ("case", "method", "at", "target", "contrast", "epsilon"))
        pair(a, b)
    print(f"{path.name}: largest difference from the file {worst:.1e}")
    assert worst < 1e-8


def main():
    torch.set_num_threads(2)
    folder = HERE.parent.parent / "models" / "sst2-tiny"
    tally = Tally()
    texts = json.loads((HERE / "sentences.json").read_text("utf-8"))
    model, cases, full = explain_all(folder, texts, tally)
    extras = more(model, cases, EXTRAS, tally, lambda i: 1 - cases[i]["target"])
    against_peers([(folder, cases, full)], tally)
    for what, value in sorted(tally.worst.items()):
        print(f"{value:9.1e}  {what}")
    path = HERE / "golden.json"
    if "--check" in sys.argv:
        return compare(path, cases, extras)
    head = {"model": "models/sst2-tiny", "sha256": sha256(folder / "model.safetensors"), "versions": versions(),
            "points": POINTS, "entries": ENTRIES}
    write(path, head, cases, extras)
    print(f"{path.stat().st_size} bytes, {len(cases)} cases, {len(extras)} further explanations")


if __name__ == "__main__":
    main()
