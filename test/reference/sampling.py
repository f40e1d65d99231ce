"""What transformers' logits processors, in the order of generate(), make of logits, for sampling.json: python sampling.py

Of each case the probabilities by which the next token is drawn, 0 of those that are not.
"""

import json
from pathlib import Path

import torch
import transformers

HERE = Path(__file__).parent
OPTIONS = [
    {},
    {"repetitionPenalty": 1.3},
    {"repetitionPenalty": 0.8, "temperature": 0.5},
    {"temperature": 1.7, "topK": 5},
    {"topP": 0.8},
    {"minP": 0.1},
    {"temperature": 0.6, "topK": 7, "topP": 0.9, "minP": 0.05},
    {"repetitionPenalty": 1.5, "temperature": 2.0, "topK": 9, "topP": 0.7, "minP": 0.3},
    {"topK": 3},
]

torch.manual_seed(5)
model = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=12, n_embd=4, n_head=1, n_layer=1))
cases = []
for k, options in enumerate(OPTIONS):
    logits = (3 * torch.randn(12)).round(decimals=1)  # some of them are equal
    before = torch.randint(0, 12, (6,))
    config = transformers.GenerationConfig(
        do_sample=True,
        temperature=options.get("temperature", 1.0),
        top_k=options.get("topK", 0),
        top_p=options.get("topP", 1.0),
        min_p=options.get("minP"),
        repetition_penalty=options.get("repetitionPenalty", 1.0),
    )
    config._eos_token_tensor = None
    processors = model._get_logits_processor(config, input_ids_seq_length=6, device="cpu")
    scores = processors(before[None], logits[None].clone())
    probabilities = torch.softmax(scores[0].double(), -1).tolist()
    cases.append({"options": options, "logits": [round(v, 1) for v in logits.tolist()], "before": before.tolist(),
                  "probabilities": probabilities})
out = {"made with": f"transformers {transformers.__version__}", "cases": cases}
(HERE / "sampling.json").write_text(json.dumps(out) + "\n")
