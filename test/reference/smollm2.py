"""What SmolLM2-135M-Instruct says in float64 PyTorch, for smollm2.json: python smollm2.py FOLDER, which smollm2_files.mjs has written.

Logits, greedy continuations, relevance by families.py's rules; the chat is the template's text, for the tokenizer's own tokens. Needs
transformers 4.57.6 or 5, which must agree.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer

import families
from golden import HERE, short

families.METHODS = ["cp-lrp", "cp-lrp, values", "attn-lrp"]
TEXTS = ["The capital of France is", "My name is Sarah and I come from Ohio. Hello, my name is",
         "The staff were kind and the room was clean, but the soup was so salty that nobody could eat it. We thought that the dinner was"]
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
MESSAGES = [dict(role="user", content='Is this film good? "A dull, lifeless story that I could not finish." Answer yes or no.')]
NEW = 6

torch.set_num_threads(1)
folder = Path(sys.argv[1])
m = families.Model(folder, "Llama", "ForCausalLM")
m.points = {"embeddings": m.points["words"]}
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))


def case(text):
    e, given = families.fed(tokenizer, False, text)
    logits = m.run(given, "gradient-x-input")[0].logits[0, -1]
    target = int(logits.argmax())
    methods = {k: v["embeddings"] for k, v in m.explain(given, lambda y, _: y.logits[0, -1, target]).items()}
    ids = list(e.ids)
    for _ in range(NEW):
        with torch.no_grad(), families.Rules("gradient-x-input"):
            ids.append(int(m.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return {"ids": e.ids, "target": target, "logits": families.top(logits, 10), "greedy": ids[len(e.ids):], "methods": methods}


chat = "".join(f"<|im_start|>{x['role']}\n{x['content']}<|im_end|>\n" for x in [dict(role="system", content=SYSTEM), *MESSAGES]) + "<|im_start|>assistant\n"
found = [{"text": t, **case(t)} for t in TEXTS] + [{"messages": MESSAGES, **case(chat)}]
path = HERE / "smollm2.json"
made = {"torch": torch.__version__, "transformers": transformers.__version__}
lines = ",\n".join(json.dumps(x, ensure_ascii=False, separators=(",", ":")) for x in found)
path.write_text(f'{{"made with": {json.dumps(made)}, "cases": [\n{lines}\n]}}\n')
print(path.stat().st_size, "bytes")
