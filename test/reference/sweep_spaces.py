"""The configuration space of every family that the sweep draws from: for each field of the configuration class its values,
the usual one first. Fields that the installed class does not know are drawn too: a newer or older class ignores them.

`unknown(family)` are fields of the installed class that stand in no table: a new release brings them, and each needs a line here.
"""
import transformers

import sweep_decoders

SEQUENCE, TOKEN, QA, MLM, BASE, CHOICE = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM", "Model",
                                          "ForMultipleChoice")
PRE, NEXT, CAUSAL = "ForPreTraining", "ForNextSentencePrediction", "ForCausalLM"
IMAGE, TAUGHT = "ForImageClassification", "ForImageClassificationWithTeacher"

ACTIVATIONS = ["gelu", "gelu_new", "relu", "silu", "tanh", "gelu_python", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate", "gelu_10", "quick_gelu", "mish",
               "relu2", "relu6", "leaky_relu", "linear", "swish", "laplace", "sigmoid", "hardswish", "gelu_python_tanh", "sqrtsoftplus", "prelu"]
ACT = ["gelu", *ACTIVATIONS]
EPS = [1e-12, 1e-7, 1e-6, 1e-5, 1e-3, 1e-2, 1e-1]
DROP = [0.1, 0.0, 0.5]
NO, YES = [False, True], [True, False]
IMAGES = ("vit", "deit", "dinov2")

# Of every class: fields that only training, generation or the shape of the output read, and those that all models share.
COMMON = {
    "return_dict": YES, "output_hidden_states": NO, "output_attentions": NO, "torchscript": NO, "use_cache": YES, "chunk_size_feed_forward": [0, 1],
    "tie_word_embeddings": YES, "is_encoder_decoder": [False], "finetuning_task": [None, "mrpc"], "prefix": [None, "summarize: "],
    "problem_type": [None, "single_label_classification", "multi_label_classification", "regression"], "initializer_range": [0.02, 0.5],
    "task_specific_params": [None, {"a": {"b": 1}}], "bos_token_id": [None, 0, 3], "eos_token_id": [None, 2, 4], "sep_token_id": [None, 2],
    "decoder_start_token_id": [None, 1], "max_length": [20, 5], "temperature": [1.0, 0.5], "tf_legacy_loss": NO, "use_bfloat16": NO,
    "tie_encoder_decoder": NO, "cross_attention_hidden_size": [None], "tokenizer_class": [None],
}
DROPOUT = {"hidden_dropout_prob": DROP, "attention_probs_dropout_prob": DROP, "classifier_dropout": [None, 0.2]}
DECODER = {"is_decoder": NO, "add_cross_attention": [False]}
PADS = [0, 1, 1, 5, None]
ENCODER = {
    "hidden_act": ACT, "layer_norm_eps": EPS, "type_vocab_size": [2, 1, 3], "pad_token_id": PADS, "pruned_heads": [{}, {0: [0]}, {0: [1, 0]}],
    "position_embedding_type": ["absolute", "relative_key", "relative_key_query"], **DROPOUT, **DECODER,
}
ROBERTA = {**ENCODER, "pad_token_id": [1, 1, 0, 5, 2], "type_vocab_size": [1, 2, 3]}
ROPE = {
    "full_attention": {"rope_type": "default", "rope_theta": 500.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}}
SCALED = {
    "full_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}}
VISION = {
    "hidden_act": ACT, "layer_norm_eps": [1e-12, *EPS], "hidden_dropout_prob": DROP, "attention_probs_dropout_prob": DROP, "qkv_bias": YES,
    "num_channels": [3], "encoder_stride": [16, 4], "pooler_act": ["tanh", "gelu", "relu"],
    "pruned_heads": [{}, {0: [0]}], **DECODER,
}
EXTRA = {"rotary": 5, "embedding_dim": 7, "attention_head_dim": 3, "gap_size": 0, "net_structure_type": 0, "type_vocab": 9, "directionality": "bidi",
         "gradient_checkpointing": True, "model_max_length": 12, "architecture_version": "x", "_num_labels": 2, "output_past": True}

TEXT = [SEQUENCE, TOKEN, QA, MLM, BASE, CHOICE]
# family: the start of its classes' names, the table, heads
FAMILIES = {
    "bert": ("Bert", ENCODER, [*TEXT, PRE, NEXT, "LMHeadModel"]),
    "roberta": ("Roberta", ROBERTA, [*TEXT, CAUSAL]),
    "xlm-roberta": ("XLMRoberta", ROBERTA, [*TEXT, CAUSAL]),
    "camembert": ("Camembert", ROBERTA, [*TEXT, CAUSAL]),
    "distilbert": ("DistilBert", {
        "activation": ["gelu", "relu", *ACTIVATIONS], "pad_token_id": PADS, "sinusoidal_pos_embds": NO, "dropout": DROP, "attention_dropout": DROP,
        "qa_dropout": DROP, "seq_classif_dropout": DROP, "pruned_heads": [{}, {0: [0]}], **DECODER}, TEXT),
    "electra": ("Electra", {
        **ENCODER, "summary_type": ["first", "last", "mean", "cls_index"], "summary_use_proj": YES, "summary_activation": ["gelu", "tanh", None, "relu"],
        "summary_last_dropout": DROP}, [*TEXT, PRE, CAUSAL]),
    "albert": ("Albert", {
        **ENCODER, "hidden_act": ["gelu_new", *ACTIVATIONS], "num_hidden_groups": [1, 2, 3], "inner_group_num": [1, 2], "classifier_dropout_prob": DROP},
        [*TEXT, PRE]),
    "mpnet": ("MPNet", {
        **ENCODER, "pad_token_id": [1, 1, 0, 5, None], "relative_attention_num_buckets": [32, 64, 40]}, TEXT),
    "deberta-v2": ("DebertaV2", {
        **ENCODER, "layer_norm_eps": [1e-7, *EPS], "type_vocab_size": [0, 0, 2, 3], "relative_attention": [True, True, False],
        "max_relative_positions": [-1, 4, 10, 0], "position_buckets": [6, -1, 4, 8, 3, 5], "share_att_key": YES, "norm_rel_ebd": ["layer_norm", "none"],
        "pos_att_type": [["p2c", "c2p"], "p2c|c2p", "c2p", ["p2c"], None, [], "c2c|p2c"], "position_biased_input": NO, "conv_kernel_size": [0, 3, 3, 5, 1],
        "conv_groups": [1, 2], "conv_act": ["tanh", "gelu", "relu"], "pooler_hidden_act": ["gelu", "tanh", "relu", "silu"], "pooler_dropout": DROP,
        "cls_dropout": [None, 0.2], "legacy": YES, "z_steps": [0]}, TEXT),
    "modernbert": ("ModernBert", {
        "norm_eps": [1e-5, *EPS], "norm_bias": NO, "attention_bias": NO, "mlp_bias": NO, "hidden_activation": ACT, "classifier_activation": ACT,
        "classifier_pooling": ["cls", "mean"], "classifier_bias": NO, "decoder_bias": YES, "local_attention": [6, 2, 4, 7, 128, 1],
        "global_attn_every_n_layers": [3, 1, 2, 5], "global_rope_theta": [160000.0, 1000.0, 50.0], "local_rope_theta": [10000.0, 100.0, 30.0, None],
        "pad_token_id": [1, 1, 0, 5], "attention_dropout": DROP, "embedding_dropout": DROP, "mlp_dropout": DROP, "classifier_dropout": DROP,
        "initializer_cutoff_factor": [2.0, 3.0], "deterministic_flash_attn": NO, "sparse_prediction": NO, "sparse_pred_ignore_index": [-100],
        "repad_logits_with_grad": NO, "reference_compile": [False], "layer_types": [None, "full", "sliding", "mixed"],
        "rope_parameters": [None, ROPE, SCALED], "rope_scaling": [None], "cls_token_id": [0], "pruned_heads": [{}, {0: [0]}],
        **DECODER}, [*TEXT]),
    "gpt2": ("GPT2", {
        "activation_function": ["gelu_new", *ACTIVATIONS], "layer_norm_epsilon": [1e-5, *EPS], "n_inner": [None, 20, 9], "pad_token_id": [None, 0, 1, 5],
        "scale_attn_weights": YES, "scale_attn_by_inverse_layer_idx": NO, "reorder_and_upcast_attn": NO, "summary_type": ["cls_index", "last", "first", "mean"],
        "summary_use_proj": YES, "summary_activation": [None, "tanh"], "summary_proj_to_labels": YES, "summary_first_dropout": DROP, "resid_pdrop": DROP,
        "embd_pdrop": DROP, "attn_pdrop": DROP, "pruned_heads": [{}, {0: [0]}], "add_cross_attention": [False], "is_decoder": NO},
        ["LMHeadModel", SEQUENCE, TOKEN, QA, BASE, "DoubleHeadsModel"]),
    "vit": ("ViT", VISION, [IMAGE, BASE, "ForMaskedImageModeling"]),
    "deit": ("DeiT", VISION, [IMAGE, TAUGHT, BASE]),
    "dinov2": ("Dinov2", {
        **VISION, "layer_norm_eps": [1e-6, *EPS], "mlp_ratio": [4, 2, 1], "layerscale_value": [1.0, 0.1], "drop_path_rate": [0.0, 0.2],
        "use_swiglu_ffn": NO, "use_mask_token": YES, "apply_layernorm": YES, "reshape_hidden_states": YES}, [IMAGE, BASE]),
}
FAMILIES.update(sweep_decoders.FAMILIES)
SIZES = {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings", "n_positions", "n_embd",
         "n_layer", "n_head", "dim", "n_heads", "n_layers", "hidden_dim", "embedding_size", "image_size", "patch_size", "pooler_output_size",
         "pooler_hidden_size", "id2label", "label2id", "num_labels"}
OF_THE_FILE = {"architectures", "dtype", "torch_dtype", "transformers_version", "model_type", "_name_or_path", "stage_names", "out_features", "out_indices"}
GENERATION = set(transformers.GenerationConfig().to_dict())


def unknown(family):
    """Fields of the configuration class for which the tables have no line."""
    prefix, table, _ = FAMILIES[family]
    known = {*table, *COMMON, *SIZES, *OF_THE_FILE, *GENERATION}
    fields = getattr(transformers, prefix + "Config")().to_dict()
    return sorted(name for name in fields if name not in known and name not in ("prefix", "tokenizer_class"))


def size(random, family, small):
    """Sizes: a width of 8 to 16, one to three layers, feed-forward layers of another width."""
    heads = random.choice([2] if small else [1, 2, 3, 4])
    each = random.choice([4] if family in ("modernbert",) or small else {1: [8, 9], 2: [4, 5, 6, 8], 3: [3, 4, 5], 4: [2, 3, 4]}[heads])
    layers, inner = random.choice([1, 2] if small else [1, 2, 2, 3]), random.choice([8, 9] if small else [8, 13, 20])
    width, positions = heads * each, random.choice([36, 40, 44] if small else [40, 48, 64])
    if family == "distilbert":
        return dict(dim=width, n_heads=heads, n_layers=layers, hidden_dim=inner, max_position_embeddings=positions)
    if family == "gpt2":
        return dict(n_embd=width, n_head=heads, n_layer=layers, n_positions=positions)
    sizes = dict(hidden_size=width, num_attention_heads=heads, num_hidden_layers=layers, intermediate_size=inner)
    if family in IMAGES:
        patch = random.choice([2, 3, 4])
        up, across = random.choice([(2, 2), (2, 2), (3, 2), (2, 4), (2, 3)])
        rest = random.choice([0, 0, 0, 1])
        side = patch * up + rest
        square = random.random() < 0.7
        sizes.update(image_size=side if square else [side, patch * across], patch_size=patch)
        if family == "dinov2":
            del sizes["intermediate_size"]
        elif random.random() < 0.1:
            sizes["pooler_output_size"] = random.choice([width, 5])
        return sizes
    sizes.update(max_position_embeddings=positions)
    if family in ("electra", "albert") or family == "deberta-v2" and random.random() < 0.2:
        sizes.update(embedding_size=random.choice([width, 5, 7, 2 * width]))
    if family == "albert" and random.random() < 0.3:
        sizes.update(num_hidden_layers=4)
    if family == "deberta-v2":
        sizes.update(pooler_hidden_size=width)
    return sizes


def draw(random, family, small=False):
    """A configuration's fields: all at their usual values but a few, the fewer the more often."""
    if family in sweep_decoders.FAMILIES:
        return sweep_decoders.draw(random, family, small)
    prefix, table, _ = FAMILIES[family]
    table = {**COMMON, **table}
    fields = size(random, family, small)
    often = random.choice([0, 0.05, 0.1, 0.25])
    if transformers.__version__ < "5":  # its class does not know them
        table = {name: values for name, values in table.items() if name not in ("rope_parameters", "layer_types")}
    for name, values in table.items():
        usual = values[0]
        rare = name in COMMON and name not in ("chunk_size_feed_forward", "tie_word_embeddings", "problem_type")
        value = random.choice(values) if random.random() < often * (0.3 if rare else 1) else usual
        if value != usual or name not in COMMON and value is not None and name != "rope_scaling":
            fields[name] = value
    for name in ("activation", "hidden_act", "activation_function", "hidden_activation"):
        if name in table and random.random() < 0.3:
            fields[name] = random.choice(ACTIVATIONS)
    for name in ("layer_norm_eps", "norm_eps", "layer_norm_epsilon"):
        if name in table and random.random() < 0.3:
            fields[name] = random.choice(EPS)
    if family == "modernbert":
        kinds = fields.pop("layer_types", None)
        n = fields["num_hidden_layers"]
        if kinds:
            fields["layer_types"] = [{"full": "full_attention", "sliding": "sliding_attention"}.get(kinds) or random.choice(
                ["full_attention", "sliding_attention"]) for _ in range(n)]
        if "rope_parameters" in fields or random.random() < 0.5 and transformers.__version__ >= "5":
            for name in ("global_rope_theta", "local_rope_theta", "global_attn_every_n_layers"):
                fields.pop(name, None)
    if family not in IMAGES and fields.get("pad_token_id", 0) is None and family != "gpt2":
        fields["pad_token_id"] = None
    fields.pop("position_embedding_type", None) if fields.get("position_embedding_type") == "absolute" and random.random() < 0.7 else None
    if random.random() < 0.15:
        name = random.choice(list(EXTRA))
        fields[name] = EXTRA[name]
    return fields
