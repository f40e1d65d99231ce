"""Accuracy of a checkpoint on a tab-separated file of sentences (columns `sentence`, `label`), which is not in this repository.

    python accuracy.py test.tsv [MODEL]
"""
import csv
import pathlib
import sys

import torch
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

here = pathlib.Path(__file__).resolve().parent
folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here / "../../models/sst2-tiny"
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
model = BertForSequenceClassification.from_pretrained(folder, torch_dtype=torch.float64).eval()
right = total = 0
with open(sys.argv[1], encoding="utf-8", newline="") as file, torch.no_grad():
    for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
        ids = tokenizer.encode(row["sentence"]).ids[:model.config.max_position_embeddings]
        right += int(model(input_ids=torch.tensor([ids])).logits.argmax()) == int(row["label"])
        total += 1
print(f"{right} of {total}: {right / total:.4f}")
