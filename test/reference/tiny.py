"""Three tiny random BERTs, written by transformers itself, and their golden numbers: tiny/<name>/ and tiny.json.

    python tiny.py              # write both
    python tiny.py --check      # recompute from the checkpoints that are there and compare with tiny.json
"""
import json
import shutil
import sys

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from bert import ENTRIES, METHODS, POINTS
from golden import HERE, Tally, against_peers, compare, explain_all, more, sha256, versions, write

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

NAMES = {
    # Three labels, tanh GELU, a large norm epsilon; lower case, every text of one sentence.
    "gelu-new-3-labels": dict(
        seed=1, lowercase=True,
        pieces=list("abcdeginorstuy") + ["##" + c for c in "abcdeginorstuy"] + [".", "!", "the", "sea", "##ing", "##s2", "so"],
        texts=["The sea!", "so sing, the seas rising.", "Étude", "go go go go to a duet by the sea . xyz"],
        config=dict(hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=40, hidden_act="gelu_new",
                    layer_norm_eps=1e-5, max_position_embeddings=32, num_labels=3,
                    id2label={0: "sinks", 1: "floats", 2: "swims"}, label2id={"sinks": 0, "floats": 1, "swims": 2}),
    ),
    # One layer, five heads of four, ReLU, one token type, capitals kept, [CLS] not in the first rows of the vocabulary.
    "relu-1-layer": dict(
        seed=2, lowercase=False, special_last=True,
        pieces=["A", "B", "É", "a", "b", "c", "d", "e", "é", "n", "t", "##a", "##b", "##c", "##d", "##e", "##é", "##n", "##t", "Ant", "ant", "bat", "cat",
                "##ted", "den", "!", "?", "'", "😀", "and"],
        texts=["Ant and bat", "can't a cat dance?", "É é😀!", "ABBA ate a bad date and bent a tent; ant"],
        config=dict(hidden_size=20, num_attention_heads=5, num_hidden_layers=1, intermediate_size=28, hidden_act="relu",
                    layer_norm_eps=1e-12, max_position_embeddings=40, type_vocab_size=1, num_labels=2),
    ),
    # Five labels, SiLU, a long narrow feed-forward, three layers, weights stored as bfloat16.
    "silu-5-labels": dict(
        seed=3, lowercase=True, dtype=torch.bfloat16,
        pieces=list("0123456789") + ["##" + c for c in "0123456789"] + ["one", "two", "ten", "plus", "minus", "is", "not", "##s", "-", "=", "+", "中", "文"],
        texts=["one plus one is two", "10 - 7 = 3", "not ten, minus 2048!", "中文 tens"],
        config=dict(hidden_size=16, num_attention_heads=2, num_hidden_layers=3, intermediate_size=72, hidden_act="silu",
                    layer_norm_eps=1e-6, max_position_embeddings=24, num_labels=5),
    ),
}


def tokenizer(spec):
    pieces = spec["pieces"] + SPECIAL if spec.get("special_last") else SPECIAL + spec["pieces"]
    assert len(set(pieces)) == len(pieces)
    vocab = {piece: i for i, piece in enumerate(pieces)}
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=spec["lowercase"])
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(SPECIAL)
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
    return t, vocab


def make(name, spec):
    """A checkpoint with no weight at its initial value: biases and norms are random too."""
    folder = HERE / "tiny" / name
    shutil.rmtree(folder, ignore_errors=True)
    t, vocab = tokenizer(spec)
    config = BertConfig(vocab_size=len(vocab), pad_token_id=vocab["[PAD]"], **spec["config"])
    model = BertForSequenceClassification(config)
    random = torch.Generator().manual_seed(spec["seed"])
    with torch.no_grad():
        for key, w in model.named_parameters():
            r = torch.randn(w.shape, generator=random)
            if "LayerNorm.weight" in key:
                w.copy_(1 + 0.3 * r)
            elif key.endswith("bias"):
                w.copy_(0.3 * r)
            elif "embeddings" in key:
                w.copy_(r)
            else:
                w.copy_(r * 1.4 / w.shape[1] ** 0.5)
    model.to(spec.get("dtype", torch.float32)).save_pretrained(folder)
    t.save(str(folder / "tokenizer.json"))
    # BertTokenizer takes letters for lower case unless this file says otherwise, and feeds types unless it does.
    said = {} if spec["lowercase"] else {"do_lower_case": False}
    if spec["config"].get("type_vocab_size") == 1:
        said["model_input_names"] = ["input_ids", "attention_mask"]
    if said:
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", **said}, indent=1) + "\n")


def main():
    torch.set_num_threads(2)
    check = "--check" in sys.argv
    tally, cases, extras, jobs, models_ = Tally(), [], [], [], []
    for name, spec in NAMES.items():
        if not check:
            make(name, spec)
        folder = HERE / "tiny" / name
        model, own, full = explain_all(folder, spec["texts"], tally)
        jobs.append((folder, own, full))
        classes = model.config.get("id2label") or {"0": 0, "1": 1}
        further = more(model, own, [0], tally, lambda i: (own[i]["target"] + 1) % len(classes))
        extras += [{**x, "case": x["case"] + len(cases)} for x in further]
        models_.append({"name": name, "folder": f"test/reference/tiny/{name}", "sha256": sha256(folder / "model.safetensors"), "cases": [len(cases), len(cases) + len(own)]})
        cases += [{"model": name, **c} for c in own]
    against_peers(jobs, tally)
    for what, value in sorted(tally.worst.items()):
        print(f"{value:9.1e}  {what}")
    path = HERE / "tiny.json"
    if check:
        return compare(path, cases, extras)
    write(path, {"models": models_, "versions": versions(), "points": POINTS, "entries": ENTRIES}, cases, extras)
    for file in sorted((HERE / "tiny").glob("*/*")):
        print(f"{file.stat().st_size:7d}  {file.relative_to(HERE)}")
    print(f"{path.stat().st_size} bytes, {len(cases)} cases, {len(extras)} further explanations, {len(METHODS)} methods")


if __name__ == "__main__":
    main()
