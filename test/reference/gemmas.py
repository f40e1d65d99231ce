"""Gemma and its successors as decoders.py makes decoders: gemmas/ and gemmas.json.

    python gemmas.py [prefix …] [--check]     # with transformers 4, and then with transformers 5
"""
import transformers

import decoders
from decoders import LINEAR, LM, OLD, PADDED, SEQUENCE, SMALL, TOKEN, YARN

BASE = dict(SMALL, head_dim=6, num_key_value_heads=1, num_attention_heads=2)
CAPPED = dict(BASE, attn_logit_softcapping=1.5, final_logit_softcapping=2.0, query_pre_attn_scalar=9, sliding_window=4)
LOCAL = dict(BASE, num_hidden_layers=3, query_pre_attn_scalar=5, sliding_window=3, attention_bias=True)
FULL, SLIDING = "full_attention", "sliding_attention"
plain = decoders.spelt


def spelt(fields):
    """Of gemma3, angles by the kind of block."""
    local = fields.pop("local", None)
    if local is None:
        return plain(fields)
    if OLD:
        return dict(plain(fields), rope_local_base_freq=local)
    full = plain(dict(fields))["rope_parameters"]
    fields.pop("rope", None), fields.pop("theta", None)
    return dict(fields, rope_parameters={FULL: full, SLIDING: dict(rope_type="default", rope_theta=local)})


transformers.Gemma3TextForCausalLM = transformers.Gemma3ForCausalLM
decoders.FILE = "gemmas"
decoders.spelt = spelt
decoders.FAMILIES = {
    "gemma": ("Gemma", dict(BASE, attention_bias=True), [LM, SEQUENCE]),
    "gemma2": ("Gemma2", CAPPED, [LM, TOKEN]),
    "gemma3_text": ("Gemma3Text", dict(LOCAL, local=50.0, layer_types=[SLIDING, FULL, SLIDING]), [LM]),
}
decoders.CASES = [
    ("gemma", "gemma", LM, {}, {}),
    ("gemma, classes, gelu", "gemma", SEQUENCE, dict(hidden_act="gelu", attention_bias=False), dict(texts=PADDED)),
    ("gemma, linear, untied", "gemma", LM, dict(rope=LINEAR, theta=100.0, tie_word_embeddings=False), {}),
    ("gemma2", "gemma2", LM, {}, {}),
    ("gemma2, tokens, no caps", "gemma2", TOKEN, dict(attn_logit_softcapping=None, final_logit_softcapping=None), {}),
    ("gemma2, layer types", "gemma2", LM, dict(layer_types=[FULL, SLIDING], sliding_window=2, hidden_activation="silu"), {}),
    ("gemma2, no layer types", "gemma2", LM, dict(sliding_window=2), dict(without=["layer_types"])),
    ("gemma3_text", "gemma3_text", LM, {}, {}),
    ("gemma3_text, a pattern", "gemma3_text", LM, dict(layer_types=None, sliding_window_pattern=2, attention_bias=False, local=20.0), dict(without=["layer_types"])),
    ("gemma3_text, yarn, capped", "gemma3_text", LM, dict(rope=dict(YARN, truncate=False), theta=100.0, final_logit_softcapping=1.5, attn_logit_softcapping=3.0), {}),
]

if __name__ == "__main__":
    decoders.main()
