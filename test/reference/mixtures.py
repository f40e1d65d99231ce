"""Mixtures of experts as decoders.py makes decoders: mixtures/ and mixtures.json.

    python mixtures.py [prefix …] [--check]     # with transformers 4, and then with transformers 5

Routers are explained as transformers' own code computes them: under cp-lrp their softmax is a constant, under attn-lrp an
expert's output and its weight get half each and all that makes the weight its plain derivative.
"""
import decoders
from decoders import LINEAR, LM, PADDED, SEQUENCE, TOKEN

SMALL = dict(decoders.SMALL, hidden_size=16)

EXPERTS = dict(num_experts=5, num_experts_per_tok=2, moe_intermediate_size=8)
QWEN2 = dict(SMALL, **EXPERTS, shared_expert_intermediate_size=10, num_hidden_layers=3, mlp_only_layers=[1])
QWEN3 = dict(SMALL, **EXPERTS, head_dim=6, attention_bias=True, num_hidden_layers=3, decoder_sparse_step=2)
decoders.FILE = "mixtures"
decoders.FAMILIES = {
    "mixtral": ("Mixtral", dict(SMALL, num_local_experts=5, intermediate_size=9), [LM, SEQUENCE]),
    "qwen2_moe": ("Qwen2Moe", QWEN2, [LM, TOKEN]),
    "qwen3_moe": ("Qwen3Moe", QWEN3, [LM, SEQUENCE]),
    "olmoe": ("Olmoe", dict(SMALL, num_experts=6, num_experts_per_tok=3, intermediate_size=9, attention_bias=True), [LM]),
}
decoders.CASES = [
    ("mixtral", "mixtral", LM, {}, {}),
    ("mixtral, classes, a window", "mixtral", SEQUENCE, dict(sliding_window=3), dict(texts=PADDED)),
    ("mixtral, one expert each", "mixtral", LM, dict(num_experts_per_tok=1, rope=LINEAR), {}),
    ("qwen2_moe", "qwen2_moe", LM, {}, {}),
    ("qwen2_moe, tokens, renormalised", "qwen2_moe", TOKEN, dict(norm_topk_prob=True), {}),
    ("qwen2_moe, no biases, windows", "qwen2_moe", LM, dict(qkv_bias=False, use_sliding_window=True, sliding_window=3, max_window_layers=2), {}),
    ("qwen3_moe", "qwen3_moe", LM, {}, {}),
    ("qwen3_moe, classes, renormalised", "qwen3_moe", SEQUENCE, dict(norm_topk_prob=True, attention_bias=False), dict(texts=PADDED)),
    ("qwen3_moe, a window", "qwen3_moe", LM, dict(use_sliding_window=True, sliding_window=3, num_experts_per_tok=3), {}),
    ("olmoe", "olmoe", LM, {}, {}),
    ("olmoe, renormalised, tied", "olmoe", LM, dict(norm_topk_prob=True, attention_bias=False, tie_word_embeddings=True), {}),
]

if __name__ == "__main__":
    decoders.main()
