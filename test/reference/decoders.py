"""Decoders after Llama: a tiny random checkpoint of each family, configs over it as either major version of transformers writes
them, and what that version makes of them in float64: decoders/ and decoders.json.

    python decoders.py [prefix …]       # with transformers 4, which writes the weights too; and then with transformers 5
    python decoders.py --check          # recomputes with the transformers that is installed and compares
    python decoders.py --weights        # only the checkpoints

Relevance is that of families.py. A file has the weights of all its heads; `rope` is spelt as the version does.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import families
import variants
from golden import short
from families import HERE, QA, SEQUENCE, SPECIAL, TOKEN, VOCAB, worst

transformers.logging.set_verbosity_error()
OLD = transformers.__version__ < "5"
FILE = "decoders"
LM, BASE = "ForCausalLM", "Model"
families.METHODS = ["cp-lrp", "cp-lrp, values", "attn-lrp", "gradient-x-input"]
TEXTS = ["The sea is so! go to a duet in the sea", "so sing, the seas rising."]
PART = dict(short_factor=[1.5], long_factor=[3.0])
FULL, SLIDING = "full_attention", "sliding_attention"
PADDED = ["the sea sings [PAD]", "so [PAD] [PAD] is [PAD]"]
SMALL = dict(vocab_size=len(VOCAB), hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, pad_token_id=1, bos_token_id=0, eos_token_id=2)
NEOX = dict(vocab_size=len(VOCAB), hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64,
            pad_token_id=1, bos_token_id=0, eos_token_id=2, part=0.5)
BLOOM = dict(vocab_size=len(VOCAB), hidden_size=12, n_layer=2, n_head=3, pad_token_id=1, bos_token_id=0, eos_token_id=2)
LINEAR = dict(rope_type="linear", factor=2.0)
DYNAMIC = dict(rope_type="dynamic", factor=3.0)
LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=24)
YARN = dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=16, beta_fast=4.0, beta_slow=0.5)
LONG = dict(rope_type="longrope", short_factor=[1.0, 1.5, 2.0], long_factor=[4.0, 3.0, 2.0])

# family: the start of its classes' names, the config of its weights, the heads of its file
FAMILIES = {
    "llama": ("Llama", dict(SMALL, head_dim=6, attention_bias=True, mlp_bias=True), [LM, SEQUENCE, TOKEN]),
    "llama-answers": ("Llama", dict(SMALL, head_dim=6), [QA]),
    "mistral": ("Mistral", dict(SMALL, hidden_size=16, head_dim=4, sliding_window=3), [LM, SEQUENCE, TOKEN, QA]),
    "qwen2": ("Qwen2", dict(SMALL, hidden_size=16), [LM, SEQUENCE]),
    "granite": ("Granite", dict(SMALL, hidden_size=16, attention_bias=True, mlp_bias=True), [LM]),
    "cohere": ("Cohere", dict(SMALL, hidden_size=16, use_qk_norm=True, attention_bias=True), [LM]),
    "olmo2": ("Olmo2", dict(SMALL, hidden_size=16, attention_bias=True), [LM]),
    "olmo3": ("Olmo3", dict(SMALL, hidden_size=16, attention_bias=True, nested=True), [LM]),
    "phi": ("Phi", dict(SMALL, hidden_size=16, qk_layernorm=True), [LM, SEQUENCE, TOKEN]),
    "gpt_neox": ("GPTNeoX", dict(NEOX, attention_bias=True), [LM, SEQUENCE, TOKEN, QA]),
    "bloom": ("Bloom", BLOOM, [LM, SEQUENCE, TOKEN, QA]),
    "phi3": ("Phi3", dict(SMALL, hidden_size=16), [LM, SEQUENCE, TOKEN]),
    "smollm3": ("SmolLM3", dict(SMALL, hidden_size=16, no_rope_layer_interval=2, attention_bias=True, mlp_bias=True), [LM, SEQUENCE]),
    "starcoder2": ("Starcoder2", dict(SMALL, hidden_size=16), [LM, SEQUENCE, TOKEN]),
    "qwen3": ("Qwen3", dict(SMALL, head_dim=6, attention_bias=True), [LM, SEQUENCE]),
}
# name, family, head, changes; `rope` is for either spelling, `without` leaves out fields, `only` is of one version
CASES = [
    ("llama", "llama", LM, {}, {}),
    ("llama, classes", "llama", SEQUENCE, {}, dict(texts=PADDED)),
    ("llama, tokens", "llama", TOKEN, {}, {}),
    ("llama, answers", "llama-answers", QA, {}, {}),
    ("llama, no biases, tied", "llama", LM, dict(attention_bias=False, mlp_bias=False, tie_word_embeddings=True), {}),
    ("llama, no padding", "llama", SEQUENCE, dict(pad_token_id=None, attention_bias=False), dict(texts=PADDED[:1])),
    ("llama, linear", "llama", LM, dict(rope=LINEAR, theta=500.0), {}),
    ("llama, dynamic", "llama", LM, dict(rope=DYNAMIC, max_position_embeddings=9), {}),
    ("llama, llama3", "llama", LM, dict(rope=LLAMA3, theta=100.0), {}),
    ("llama, yarn", "llama", LM, dict(rope=YARN, theta=100.0), {}),
    ("llama, yarn, not whole", "llama", LM, dict(rope=dict(YARN, truncate=False, mscale=0.7, mscale_all_dim=1.3), theta=50.0), {}),
    ("llama, longrope", "llama", LM, dict(rope=LONG, original_max_position_embeddings=9), {}),
    ("mistral", "mistral", LM, {}, {}),
    ("mistral, no window, its defaults", "mistral", SEQUENCE, dict(sliding_window=None), dict(without=["head_dim", "rms_norm_eps", "hidden_act"])),
    ("mistral, tokens", "mistral", TOKEN, dict(sliding_window=1), {}),
    ("mistral, answers", "mistral", QA, {}, {}),
    ("qwen2", "qwen2", LM, dict(use_sliding_window=True, sliding_window=4, max_window_layers=1), {}),
    ("qwen2, listed layers", "qwen2", LM, dict(use_sliding_window=True, sliding_window=4, layer_types=[SLIDING, FULL], tie_word_embeddings=True), {}),
    ("qwen2, no window", "qwen2", SEQUENCE, dict(sliding_window=2, max_window_layers=0, rope=YARN), {}),
    ("llama, vectors", "llama", BASE, {}, {}),
    ("qwen3, the last token's vectors", "qwen3", BASE, {}, dict(pooling="lasttoken")),
    ("qwen3", "qwen3", LM, dict(use_sliding_window=True, sliding_window=4, max_window_layers=1), {}),
    ("qwen3, no biases", "qwen3", SEQUENCE, dict(attention_bias=False, rms_norm_eps=1e-2), {}),
    ("phi3", "phi3", LM, {}, {}),
    ("phi3, longrope of a part, as it was called", "phi3", LM, dict(rope=dict(type="su", **PART), partial_rotary_factor=0.5, original_max_position_embeddings=9), dict(only="4")),
    ("phi3, longrope of a part", "phi3", LM, dict(rope=dict(rope_type="longrope", partial_rotary_factor=0.5, **PART), original_max_position_embeddings=9), dict(only="5")),
    ("phi3, a window", "phi3", SEQUENCE, dict(sliding_window=3), dict(texts=PADDED)),
    ("granite", "granite", LM, dict(embedding_multiplier=3.0, residual_multiplier=0.4, attention_multiplier=0.3, logits_scaling=2.0), {}),
    ("granite, no biases", "granite", LM, dict(attention_bias=False, mlp_bias=False, logits_scaling=2.0, tie_word_embeddings=True), {}),
    ("cohere", "cohere", LM, {}, {}),
    ("cohere, untied, no norms of heads", "cohere", LM, dict(use_qk_norm=False, attention_bias=False, tie_word_embeddings=False, logit_scale=0.5), {}),
    ("olmo2", "olmo2", LM, {}, {}),
    ("olmo2, no biases", "olmo2", LM, dict(attention_bias=False, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=0.01), {}),
    ("olmo3", "olmo3", LM, dict(sliding_window=3, layer_types=[SLIDING, FULL], rope=YARN), {}),
    ("olmo3, by its defaults", "olmo3", LM, dict(sliding_window=4, layer_types=None), dict(without=["layer_types", "rope_theta"])),
    ("phi", "phi", LM, {}, {}),
    ("phi, no norms of heads", "phi", SEQUENCE, dict(qk_layernorm=False, part=1.0), {}),
    ("phi, tokens", "phi", TOKEN, dict(rope=LINEAR), {}),
    ("gpt_neox", "gpt_neox", LM, {}, {}),
    ("gpt_neox, one half after the other", "gpt_neox", SEQUENCE, dict(use_parallel_residual=False, attention_bias=False, part=1.0, theta=100.0), {}),
    ("gpt_neox, tokens", "gpt_neox", TOKEN, dict(hidden_act="relu"), {}),
    ("gpt_neox, answers", "gpt_neox", QA, {}, {}),
    ("bloom", "bloom", LM, {}, {}),
    ("bloom, classes", "bloom", SEQUENCE, dict(layer_norm_epsilon=0.01), dict(texts=PADDED)),
    ("bloom, tokens", "bloom", TOKEN, {}, {}),
    ("bloom, answers", "bloom", QA, {}, {}),
    ("smollm3", "smollm3", LM, {}, {}),
    ("smollm3, windows, no biases", "smollm3", SEQUENCE, dict(no_rope_layers=[0, 1], use_sliding_window=True, sliding_window=3, attention_bias=False, mlp_bias=False), {}),
    ("starcoder2", "starcoder2", LM, dict(sliding_window=4), {}),
    ("starcoder2, no biases", "starcoder2", TOKEN, dict(use_bias=False, tie_word_embeddings=False, hidden_act="relu"), {}),
]


def tokenizer():
    t = Tokenizer(models.WordPiece(VOCAB, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(SPECIAL)
    return t


def spelt(fields):
    """A config's fields as the installed version names them: `rope`, `theta` and `part`, of which a class may have other names."""
    if "n_head" in fields:  # it turns nothing
        return fields
    rope, theta, part = fields.pop("rope", None), fields.pop("theta", 10000.0), fields.pop("part", None)
    nested = fields.pop("nested", False)
    neox = "num_key_value_heads" not in fields
    if OLD:
        named = {"rotary_emb_base": theta} if neox else {"rope_theta": theta}
        named.update({"rotary_pct" if neox else "partial_rotary_factor": part} if part else {})
        return dict(fields, **named, **({"rope_scaling": dict(rope)} if rope else {}))
    if nested:  # the types of blocks turn differently
        both = {FULL: dict(rope or dict(rope_type="default"), rope_theta=theta), SLIDING: dict(rope_type="default", rope_theta=3 * theta)}
        return dict(fields, rope_parameters=both)
    return dict(fields, rope_parameters=dict(rope or dict(rope_type="default"), rope_theta=theta, **({"partial_rotary_factor": part} if part else {})))


def weights(name):
    family, config, heads = FAMILIES[name]
    random = torch.Generator().manual_seed(sum(map(ord, name)))
    tensors = {}
    for head in heads:
        labels = {} if head in (LM, QA, BASE) else dict(num_labels=3)
        settings = getattr(transformers, family + "Config")(**spelt(dict(config)), **labels, tie_word_embeddings=False)
        for key, w in getattr(transformers, family + head)(settings).state_dict().items():
            if key in tensors:
                continue
            r = torch.randn(w.shape, generator=random)
            if w.dim() == 1 or "norm" in key:
                tensors[key] = 0.3 * r + ("weight" in key)
            else:
                tensors[key] = r * (0.7 if "embed" in key else 1.2 / w.shape[1] ** 0.5)
    folder = HERE / FILE / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def patched(name, head, changes, without=(), **_):
    """A folder with a checkpoint under a config of the installed version's."""
    family, config, _ = FAMILIES[name]
    fields = spelt({**config, **changes})
    labels = {} if head in (LM, QA, BASE) else dict(num_labels=3)
    settings = getattr(transformers, family + "Config")(**fields, **labels)
    settings.architectures = [getattr(transformers, family + head).__name__]
    folder = Path(tempfile.mkdtemp()) / "model"
    folder.mkdir()
    settings.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text())
    written = {k: v for k, v in written.items() if k not in without and k not in ("dtype", "torch_dtype")}
    (folder / "config.json").write_text(json.dumps(written))
    shutil.copy(HERE / FILE / name / "model.safetensors", folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder, written


def vectors(folder, family, head, pooling=None, **_):
    """A number of the vector that is the mean of all tokens', or the last one's."""
    m = families.Model(folder, family, head)
    read = (lambda y: y.last_hidden_state[0, -1]) if pooling else (lambda y: y.last_hidden_state[0].mean(0))
    out = []
    for text in TEXTS:
        e, given = families.fed(tokenizer(), False, text)
        value = read(m.run(given, "gradient-x-input")[0])[2]
        found = m.explain(given, lambda y, _: read(y)[2])
        out.append({"text": text, "ids": e.ids, "target": 2, "logits": [{"index": 2, "logit": short(value)}], "methods": found})
    return out


def main():
    torch.set_num_threads(1)
    check = "--check" in sys.argv
    chosen = [a for a in sys.argv[1:] if not a.startswith("-")]
    mine = [name for name in FAMILIES if not chosen or any(name.startswith(c) for c in chosen)]
    (HERE / FILE).mkdir(exist_ok=True)
    (HERE / FILE / "tokenizer.json").write_text(tokenizer().to_str(pretty=True) + "\n")
    if "--weights" in sys.argv or not check and OLD:
        for name in mine:
            weights(name)
    path = HERE / f"{FILE}.json"
    known = {c["name"]: c for c in json.loads(path.read_text())[FILE]} if path.exists() else {}
    off = 0
    version = transformers.__version__.split(".")[0]
    for name, base, head, changes, how in CASES:
        if base not in mine or how.get("only", version) != version:
            continue
        folder, config = patched(base, head, changes, **how)
        full = f"{name} ({version})"
        try:
            made = vectors if head == BASE else variants.cases
            found = {"name": full, "checkpoint": base, "config": config, **{k: how[k] for k in ["pooling"] if k in how}, "cases": made(folder, FAMILIES[base][0], head, **{"texts": TEXTS, **how})}
        except Exception:
            print(full)
            raise
        if check:
            differ = worst(found["cases"], known[full]["cases"])
            off = max(off, differ)
            print(f"{differ:.1e}  {full}")
        known[full] = found
        shutil.rmtree(folder.parent)
    if check:
        print("largest difference", off)
        return
    order = [f"{c[0]} ({v})" for c in CASES for v in "45"]
    lines = ",\n".join(json.dumps(known[n], separators=(",", ":")) for n in order if n in known)
    path.write_text(f'{{"{FILE}": [\n' + lines + "\n]}\n")
    print(f"{path.stat().st_size} bytes, {len(known)} configs")


if __name__ == "__main__":
    main()
