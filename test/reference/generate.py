"""Greedy continuations by transformers in float64, for generate.json and the tiny checkpoint generate/: python generate.py

A random GPT-2 with the byte-level tokenizer of subwords.json, so that single tokens may be parts of characters.
"""

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer

HERE = Path(__file__).parent
FOLDER = HERE / "generate"
PROMPTS = ["The movie was", "naïve café — 東京", "x"]
TOKENS = 30

torch.manual_seed(11)
file = json.loads((HERE / "subwords.json").read_text())["kinds"]["gpt2"]["file"]
file["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
tokenizer = Tokenizer.from_str(json.dumps(file))
config = transformers.GPT2Config(
    vocab_size=tokenizer.get_vocab_size(), n_embd=16, n_head=2, n_layer=2, n_positions=40, n_inner=24,
    initializer_range=0.6, bos_token_id=None, eos_token_id=None,
)
model = transformers.GPT2LMHeadModel(config).eval()
model.save_pretrained(FOLDER)
(FOLDER / "generation_config.json").unlink()
(FOLDER / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False) + "\n")

model = model.double()
cases = []
for prompt in PROMPTS:
    ids = torch.tensor([tokenizer.encode(prompt).ids])
    with torch.no_grad():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=min(TOKENS, config.n_positions - ids.shape[1]),
            do_sample=False, output_logits=True, return_dict_in_generate=True, pad_token_id=0,
        )
    new = out.sequences[0, ids.shape[1]:].tolist()
    logits = [float(step[0, i]) for step, i in zip(out.logits, new)]
    text = tokenizer.decode(out.sequences[0].tolist())
    cases.append({"prompt": prompt, "ids": new, "logits": logits, "text": text})
    print(repr(text))
out = {"made with": f"transformers {transformers.__version__}", "cases": cases}
(HERE / "generate.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
