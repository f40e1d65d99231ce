"""The configuration space of decoders after Llama, for sweep.py: sizes, rotary positions in the spelling of the installed
version, windows, and what is each family's own."""
import transformers

NO, YES = [False, True], [True, False]
EPS = [1e-6, 1e-5, 1e-12, 1e-3, 1e-2]
ACT = ["silu", "silu", "gelu", "relu", "gelu_pytorch_tanh", "gelu_new", "tanh", "quick_gelu", "mish"]
FULL, SLIDING = "full_attention", "sliding_attention"
OLD = transformers.__version__ < "5"
LM, SEQUENCE, TOKEN, QA, BASE = "ForCausalLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "Model"

RMS = {"rms_norm_eps": EPS, "hidden_act": ACT, "attention_dropout": [0.0, 0.5], "tie_word_embeddings": NO}
LAYER = {"layer_norm_eps": EPS, "hidden_act": ACT, "attention_dropout": [0.0, 0.5], "tie_word_embeddings": NO}
BIASES = {"attention_bias": NO, "mlp_bias": NO}
QWEN = {**RMS, "use_sliding_window": NO, "sliding_window": [None, 3, 1, 40], "max_window_layers": [0, 1, 28]}
WINDOW = {"sliding_window": [None, 3, 1, 40]}
TABLES = {
    "llama": ("Llama", {**RMS, **BIASES, "pretraining_tp": [1, 2]}),
    "mistral": ("Mistral", {**RMS, **WINDOW}),
    "qwen2": ("Qwen2", QWEN),
    "qwen3": ("Qwen3", {**QWEN, "attention_bias": NO}),
    "phi3": ("Phi3", {**RMS, **WINDOW, "resid_pdrop": [0.0, 0.3], "embd_pdrop": [0.0, 0.3]}),
    "smollm3": ("SmolLM3", {**RMS, **BIASES, **WINDOW, "use_sliding_window": NO, "no_rope_layer_interval": [2, 1, 3, 4], "tie_word_embeddings": YES}),
    "granite": ("Granite", {**RMS, **BIASES, "embedding_multiplier": [1.0, 2.5], "residual_multiplier": [1.0, 0.3], "attention_multiplier": [1.0, 0.4], "logits_scaling": [1.0, 3.0]}),
    "starcoder2": ("Starcoder2", {"norm_epsilon": EPS, "hidden_act": ACT, "use_bias": YES, "tie_word_embeddings": YES, **WINDOW, "residual_dropout": [0.0, 0.2]}),
    "cohere": ("Cohere", {**LAYER, "attention_bias": NO, "use_qk_norm": NO, "logit_scale": [0.0625, 1.0, 2.0], "tie_word_embeddings": YES}),
    "olmo2": ("Olmo2", {**RMS, "attention_bias": NO}),
    "olmo3": ("Olmo3", {**RMS, "attention_bias": NO, "sliding_window": [3, 1, 40]}),
    "phi": ("Phi", {**LAYER, "qk_layernorm": NO, "resid_pdrop": [0.0, 0.3]}),
    "gpt_neox": ("GPTNeoX", {**LAYER, "attention_bias": YES, "use_parallel_residual": YES, "hidden_dropout": [0.0, 0.2]}),
    "bloom": ("Bloom", {"layer_norm_epsilon": EPS, "tie_word_embeddings": YES, "hidden_dropout": [0.0, 0.1], "pretraining_tp": [1, 2], "slow_but_exact": NO}),
}
transformers.Gemma3TextForCausalLM = transformers.Gemma3ForCausalLM
EXPERTS = {"norm_topk_prob": NO, "moe_intermediate_size": [7, 4], "decoder_sparse_step": [1, 2], "mlp_only_layers": [None, [0], [1]], "router_aux_loss_coef": [0.001, 0.1],
           "output_router_logits": NO}
GEMMA = {"rms_norm_eps": EPS, "hidden_activation": ["gelu_pytorch_tanh", *ACT], "attention_bias": NO, "tie_word_embeddings": YES, "query_pre_attn_scalar": [256, 3, 7],
         "final_logit_softcapping": [None, 1.5, 30.0], "attn_logit_softcapping": [None, 0.7, 50.0], "sliding_window": [3, 1, 40], "use_bidirectional_attention": [None]}
TABLES.update({
    "mixtral": ("Mixtral", {**RMS, **WINDOW, "router_jitter_noise": [0.0, 0.1], "output_router_logits": NO}),
    "qwen2_moe": ("Qwen2Moe", {**QWEN, **EXPERTS, "qkv_bias": YES, "shared_expert_intermediate_size": [9, 5]}),
    "qwen3_moe": ("Qwen3Moe", {**RMS, **EXPERTS, "attention_bias": NO, "use_sliding_window": NO, "sliding_window": [3, 1, 40]}),
    "olmoe": ("Olmoe", {**RMS, "attention_bias": NO, "norm_topk_prob": NO, "output_router_logits": NO}),
    "gemma": ("Gemma", {**RMS, "attention_bias": NO, "hidden_act": ["gelu_pytorch_tanh", *ACT], "tie_word_embeddings": YES}),
    "gemma2": ("Gemma2", GEMMA),
    "gemma3_text": ("Gemma3Text", GEMMA),
})
MIXTURES, GEMMAS = ("mixtral", "qwen2_moe", "qwen3_moe", "olmoe"), ("gemma", "gemma2", "gemma3_text")
FAMILIES = {family: (prefix, table, [h for h in (LM, SEQUENCE, TOKEN, QA, BASE) if hasattr(transformers, prefix + h)]) for family, (prefix, table) in TABLES.items()}


def rope(random, family, half, positions):
    """Parameters of some type, for `half` pairs of a head's numbers."""
    short, long = [[round(random.uniform(1, 5), 2) for _ in range(half)] for _ in range(2)]
    before = random.choice([5, 8, positions])
    types = {
        "default": {}, "linear": {"factor": random.choice([2.0, 3.5])}, "dynamic": {"factor": random.choice([2.0, 4.0])},
        "llama3": {"factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": random.choice([2.0, 4.0]), "original_max_position_embeddings": before},
        "yarn": {"factor": random.choice([2.0, 4.0]), "original_max_position_embeddings": before, "beta_fast": random.choice([4.0, 32.0]),
                 **random.choice([{}, {"truncate": False}, {"attention_factor": 0.8}, {"mscale": 0.7, "mscale_all_dim": 1.3}])},
        "longrope": {"short_factor": short, "long_factor": long, "factor": random.choice([2.0, 4.0]), **random.choice([{}, {"attention_factor": 1.2}])},
    }
    allowed = {"phi3": ["default", "longrope"], "olmo2": ["default", "linear", "dynamic"] if OLD else list(types)}.get(family, list(types))
    kind = random.choice(["default", *allowed])
    if family == "phi3" and OLD:
        return kind, {"short_factor": short, "long_factor": long} if kind == "longrope" else {}
    if kind == "longrope" and not OLD:
        return kind, {**types[kind], "original_max_position_embeddings": before}
    return kind, types[kind]


def draw(random, family, small=False):
    _, table, _ = FAMILIES[family]
    often = random.choice([0, 0.2, 0.5])
    fields = {name: random.choice(values) if random.random() < often else values[0] for name, values in table.items()}
    n = 2 if small else random.choice([1, 2, 3, 4])
    d = 4 if small else random.choice([2, 4, 6])
    layers, positions = random.choice([1, 2] if small else [1, 2, 3]), random.choice([32, 40])
    fields.update(eos_token_id=random.choice([2, 0]), pad_token_id=random.choice([None, 1, 0, 5]), bos_token_id=0)
    if family == "bloom":
        fields.update(hidden_size=n * d, n_head=n, n_layer=layers)
        return fields
    fields.update(hidden_size=n * d, num_attention_heads=n, num_hidden_layers=layers, intermediate_size=random.choice([8, 13]), max_position_embeddings=positions)
    if family != "gpt_neox":
        fields["num_key_value_heads"] = random.choice([k for k in (1, 2, 3, 4, None) if k is None or n % k == 0])
        if family == "qwen3" or family in ("llama", "mistral", "smollm3", "granite", "cohere", "starcoder2") and random.random() < 0.3:
            fields["head_dim"] = d = random.choice([4, 6])
    if family in ("phi", "starcoder2", "mistral", "qwen3", "starcoder2") and fields.get("num_key_value_heads", 0) is None:
        fields["num_key_value_heads"] = n
    if family in ("qwen2", "qwen3", "olmo3", "smollm3") and random.random() < 0.4:
        some = fields.get("sliding_window") is not None and fields.get("use_sliding_window", True)
        fields["layer_types"] = [random.choice([FULL, SLIDING]) if some else FULL for _ in range(layers)]
    if family in MIXTURES:
        experts = random.choice([1, 2, 3, 5])
        fields["num_local_experts" if family == "mixtral" else "num_experts"] = experts
        fields["num_experts_per_tok"] = random.randint(1, min(3, experts))
    if family in GEMMAS or family in ("qwen3_moe", "mixtral") and random.random() < 0.3:
        fields["head_dim"] = d = random.choice([4, 6])
    if family in ("qwen2_moe", "qwen3_moe", *GEMMAS) and fields["num_key_value_heads"] is None:
        fields["num_key_value_heads"] = n
    if family in ("gemma2", "gemma3_text") and random.random() < 0.4:
        fields["layer_types"] = [random.choice([FULL, SLIDING]) for _ in range(layers)]
    if family == "gemma3_text" and random.random() < 0.4:
        fields["sliding_window_pattern"] = random.choice([1, 2, 3])
    if family == "smollm3" and random.random() < 0.4:
        fields["no_rope_layers"] = [random.choice([0, 1]) for _ in range(layers)]

    part = {"phi": [0.5, 1.0], "gpt_neox": [0.5, 1.0, 0.25], "phi3": [1.0, 0.5]}.get(family)
    share = random.choice([p for p in part if int(d * p) % 2 == 0 and int(d * p)] or [1.0]) if part else 1.0
    theta = random.choice([10000.0, 100.0, 500000.0])
    kind, more = rope(random, family, int(d * share) // 2, positions)
    if kind == "dynamic" and d * share <= 2:
        kind, more = "default", {}
    if random.random() < 0.3 and kind == "longrope" or family == "phi3" and kind == "longrope":
        fields["original_max_position_embeddings"] = random.choice([5, 8, positions])
    if kind == "dynamic" and random.random() < 0.5:
        fields["max_position_embeddings"] = 7
    if OLD:
        names = ("rotary_emb_base", "rotary_pct") if family == "gpt_neox" else ("rope_theta", "partial_rotary_factor")
        fields[names[0]] = theta
        if part:
            fields[names[1]] = share
        if family == "gemma3_text":
            fields["rope_local_base_freq"] = random.choice([theta, 50.0])
        if kind != "default":
            fields["rope_scaling"] = {random.choice(["type", "rope_type"]) if family not in ("olmo3", "cohere", "mistral", "granite", "mixtral", *GEMMAS) else "rope_type": kind, **more}
            if family in ("phi3", "olmo2"):
                fields["rope_scaling"] = {"type": kind, **more}
        return fields
    parameters = {"rope_type": kind, "rope_theta": theta, **more, **({"partial_rotary_factor": share} if part else {})}
    if family in ("olmo3", "gemma3_text"):
        parameters = {FULL: parameters, SLIDING: {"rope_type": "default", "rope_theta": random.choice([theta, 50.0])}}
    fields["rope_parameters"] = parameters
    return fields
