"""Trains a model like models/sst2-tiny: python sst2_tiny.py TRAIN.tsv DEV.tsv OUT [EPOCHS]

A reconstruction. The script that trained the shipped weights was not kept; architecture, tokenizer, labels, data and how
the checkpoint was picked are as models/sst2-tiny/README.md describes them, the learning rate, the batches and the number
of epochs are chosen here. So it makes a model of the same kind, not the same weights. The shipped one learned from the
phrases of SST-2, in files of GLUE's form (columns `sentence` and `label`, 1 is positive); whole sentences alone give a
model that is some points less accurate. ship.py then writes the folder from OUT, as float16.

Needs requirements.txt. SST-2 is Socher et al., 2013; none of it is in this repository.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification

TRAIN, DEV, OUT = map(Path, sys.argv[1:4])
EPOCHS = int(sys.argv[4]) if len(sys.argv) > 4 else 8
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
torch.manual_seed(1)


def rows(path):
    with path.open(encoding="utf8", newline="") as file:
        return [(row["sentence"], int(row["label"])) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


train, dev = rows(TRAIN), rows(DEV)

tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.decoder = decoders.WordPiece()
tokenizer.train_from_iterator((text for text, _ in train), trainers.WordPieceTrainer(vocab_size=10_000, special_tokens=SPECIAL))
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
tokenizer.enable_truncation(128)

config = BertConfig(
    vocab_size=10_000, hidden_size=128, num_hidden_layers=3, num_attention_heads=4, intermediate_size=512, hidden_act="gelu",
    max_position_embeddings=128, id2label={0: "negative", 1: "positive"}, label2id={"negative": 0, "positive": 1},
)
model = BertForSequenceClassification(config)


def batch(some):
    encoded = tokenizer.encode_batch([text for text, _ in some])
    longest = max(len(one.ids) for one in encoded)
    ids = torch.tensor([one.ids + [0] * (longest - len(one.ids)) for one in encoded])
    return dict(input_ids=ids, attention_mask=(ids != 0).long(), labels=torch.tensor([label for _, label in some]))


def accuracy():
    model.eval()
    right = 0
    with torch.no_grad():
        for at in range(0, len(dev), 64):
            given = batch(dev[at : at + 64])
            right += int((model(**given).logits.argmax(-1) == given["labels"]).sum())
    return right / len(dev)


optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.05)
steps = EPOCHS * (len(train) // 64 + 1)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-4, total_steps=steps)
best = 0
for epoch in range(EPOCHS):
    model.train()
    order = np.random.default_rng(epoch).permutation(len(train))
    for at in range(0, len(order), 64):
        model(**batch([train[i] for i in order[at : at + 64]])).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    found = accuracy()
    print(f"epoch {epoch + 1}: {found:.3f} of {len(dev)} development sentences")
    if found > best:  # so the development set picks the checkpoint
        best = found
        model.save_pretrained(OUT)
tokenizer.no_truncation()
tokenizer.save(str(OUT / "tokenizer.json"))
about = dict(tokenizer_class="BertTokenizer", do_lower_case=True, model_max_length=128)
(OUT / "tokenizer_config.json").write_text(json.dumps(about, indent=2) + "\n")
