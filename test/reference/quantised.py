"""Quantised checkpoints: quantised/<name>/ and quantised.json.

    python quantised.py [prefix …]     # transformers 5, compressed-tensors 0.20, bitsandbytes 0.50, mlx 0.32, auto-gptq 0.7.1, autoawq 0.2.7
    python quantised.py --check

Each is a tiny random model that the format's own library, or its packer, has quantised. Beside the numbers of decoders.py, of the
network with decoded weights, the file has a hash of each decoded matrix in f32. The decoders are the libraries' own where these decode
in f32, else the format's definition in NumPy, held against the library's result in its own precision.
"""
import hashlib
import importlib.util
import json
import shutil
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file

import decoders
import families
import variants
from families import HERE, SEQUENCE, VOCAB, worst

LM = "ForCausalLM"
families.METHODS = ["cp-lrp", "attn-lrp"]
TEXTS = ["so sing, the seas rising."]
SITE = Path(importlib.util.find_spec("compressed_tensors").origin).parent.parent
SMALL = dict(vocab_size=len(VOCAB), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=4,
             max_position_embeddings=32, pad_token_id=1, bos_token_id=0, eos_token_id=2, tie_word_embeddings=False)
GPT2 = dict(vocab_size=len(VOCAB), n_embd=32, n_head=4, n_layer=1, n_positions=32, n_inner=64, pad_token_id=1, bos_token_id=0, eos_token_id=2)
BERT = dict(vocab_size=len(VOCAB), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, max_position_embeddings=32,
            pad_token_id=1, num_labels=3)
MODELS = {
    "llama": ("Llama", LM, SMALL),
    "phi3": ("Phi3", LM, SMALL),
    "gpt2": ("GPT2", "LMHeadModel", GPT2),
    "bert": ("Bert", SEQUENCE, BERT),
    "qwen3_moe": ("Qwen3Moe", LM, dict(SMALL, hidden_size=64, head_dim=8, num_experts=3, num_experts_per_tok=2, moe_intermediate_size=32)),
}


def random(kind):
    """A model as its class makes it, with weights that differ from one another."""
    name, head, config = MODELS[kind]
    settings = getattr(transformers, name + "Config")(**config)
    model = getattr(transformers, name + head)(settings).float().eval()
    generator = torch.Generator().manual_seed(sum(map(ord, kind)))
    for key, p in model.named_parameters():
        r = torch.randn(p.shape, generator=generator)
        wide = p.shape[0] if kind == "gpt2" and "c_" in key else p.shape[-1]
        p.data = (0.3 * r + float("weight" in key)) if p.dim() == 1 else r * (0.7 if "emb" in key or "wt" in key or "wp" in key else 1.2 / wide ** 0.5)
        p.data = p.data.half().float()
    return model


def saved(model):
    """Its tensors by the names of its files."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(Path(folder) / "model.safetensors"), json.loads((Path(folder) / "config.json").read_text())


DENSE = ("_proj.weight", ".c_attn.weight", ".c_fc.weight", ".c_proj.weight", "query.weight", "key.weight", "value.weight", ".dense.weight")


def dense(tensors):
    return [name for name in tensors if name.endswith(DENSE) and tensors[name].dim() == 2]


def each(kind, quantise, config):
    """Every dense layer as `quantise` makes it: its tensors, and its decoded matrix."""
    tensors, settings = saved(random(kind))
    found, decoded = {}, {}
    for name, w in tensors.items():
        if name not in dense(tensors):
            found[name] = w.half()
            continue
        prefix = name[: -len("weight")]
        parts, plain = quantise(w.t().contiguous() if kind == "gpt2" else w, prefix)
        found.update({prefix + end: t.contiguous() for end, t in parts.items()})
        decoded[name] = plain.t().contiguous() if kind == "gpt2" else plain
    return found, {**settings, "quantization_config": config}, decoded


# ---- GPTQ and AWQ, by their packers

def module(path, name, package=None):
    if package:
        for i in range(package.count(".") + 1):
            own = ".".join(package.split(".")[: i + 1])
            sys.modules.setdefault(own, types.ModuleType(own)).__path__ = [str(SITE / own.replace(".", "/"))]
    spec = importlib.util.spec_from_file_location(name, SITE / path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def groups(w, size, bits, symmetric, order=None):
    """Scales and zeros [out, groups] of w, f16 in f32, and the group of each column."""
    out, width = w.shape
    g_idx = torch.arange(width) // size
    if order is not None:
        g_idx = g_idx[torch.argsort(order)]
    scales, zeros = [], []
    top = 2 ** bits - 1
    for g in range(width // size):
        part = w[:, g_idx == g]
        low, high = part.min(1).values.clamp(max=0), part.max(1).values.clamp(min=0)
        if symmetric:
            high = torch.maximum(high, -low)
            low = -high
        scale = ((high - low) / top).half().float()
        scales.append(scale)
        zeros.append(torch.full_like(scale, (top + 1) // 2) if symmetric else torch.round(-low / scale).clamp(0, top))
    return torch.stack(scales, 1), torch.stack(zeros, 1), g_idx.int()


def linear(w):
    layer = torch.nn.Linear(w.shape[1], w.shape[0], bias=False)
    layer.weight.data = w
    return layer


def add(words, bits):
    ones = 0xFFFFFFFF // (2 ** bits - 1)
    return torch.from_numpy((words.numpy().astype(np.uint32) + np.uint32(ones)).view(np.int32))


def gptq(bits=4, size=16, symmetric=False, ordered=False, late=False, mislabelled=False):
    packer = module("auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py", "packer") if not ordered else module("auto_gptq/nn_modules/qlinear/qlinear_cuda.py", "packer_by_order")

    def quantise(w, prefix):
        out, width = w.shape
        order = torch.randperm(width, generator=torch.Generator().manual_seed(width)) if ordered else None
        scales, zeros, g_idx = groups(w, size, bits, symmetric, order)
        if not symmetric:  # AutoGPTQ's packer has no place for a zero of 0
            zeros = zeros.clamp(min=1)
        q = torch.round((w + (scales * zeros)[:, g_idx.long()]) / scales[:, g_idx.long()]).clamp(0, 2 ** bits - 1)
        plain = (q - zeros[:, g_idx.long()]) * scales[:, g_idx.long()]
        layer = packer.QuantLinear(bits, size, width, out, False)
        layer.pack(linear(plain), scales.clone(), zeros.clone(), *([g_idx] if ordered else [g_idx]))
        theirs = layer(torch.eye(width)).t()
        assert torch.equal(theirs, plain), prefix
        qzeros = add(layer.qzeros, bits) if late or mislabelled else layer.qzeros
        return {"qweight": layer.qweight, "qzeros": qzeros, "scales": layer.scales.half(), "g_idx": g_idx}, plain

    label = "gptq_v2" if late else "gptq"
    config = {"quant_method": "gptq", "bits": bits, "group_size": size, "desc_act": ordered, "sym": symmetric, "checkpoint_format": label}
    return quantise, config


def awq(size=16):
    packer = module("awq/modules/linear/gemm.py", "awq_gemm", "awq.utils")
    unpack = sys.modules["awq.utils.packing_utils"].dequantize_gemm

    def quantise(w, prefix):
        out, width = w.shape
        scales, zeros, g_idx = groups(w, size, 4, False)
        q = torch.round((w + (scales * zeros)[:, g_idx.long()]) / scales[:, g_idx.long()]).clamp(0, 15)
        plain = (q - zeros[:, g_idx.long()]) * scales[:, g_idx.long()]
        layer = packer.WQLinear_GEMM.from_linear(linear(plain), 4, size, scales=scales.t().contiguous(), zeros=zeros.t().contiguous())
        theirs = unpack(layer.qweight, layer.qzeros, layer.scales, 4, size).t()
        assert torch.equal(theirs, plain.half()), prefix
        return {"qweight": layer.qweight, "qzeros": layer.qzeros, "scales": layer.scales}, plain

    return quantise, {"quant_method": "awq", "bits": 4, "group_size": size, "zero_point": True, "version": "gemm", "modules_to_not_convert": None}


# ---- compressed-tensors

def compressed(form, kind="llama", split=None, **args):
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationConfig, QuantizationScheme
    weights = QuantizationArgs(**args)
    scheme = QuantizationScheme(targets=["Linear"], weights=weights, format=form)
    compressor = BaseCompressor.get_value_from_registry(form)

    def quantise(w, prefix):
        out, width = w.shape
        size = weights.group_size
        kind_of = str(getattr(weights.type, "value", weights.type))
        strategy = str(getattr(weights.strategy, "value", weights.strategy))
        high, wide = {"tensor": (out, width), "channel": (1, width), "group": (1, size), "tensor_group": (1, size), "block": tuple(weights.block_structure or (1, 1))}[strategy]
        blocks = lambda f: torch.stack([torch.stack([f(w[r: r + high, c: c + wide]) for c in range(0, width, wide)]) for r in range(0, out, high)])
        top = {"int": 2 ** (weights.num_bits - 1) - 1, "float": 6.0 if weights.num_bits == 4 else 448.0}[kind_of]
        state = {"weight": w}
        zero = None
        if weights.symmetric:
            scale = blocks(lambda x: x.abs().max()) / top
        else:
            low, up = blocks(lambda x: x.min().clamp(max=0)), blocks(lambda x: x.max().clamp(min=0))
            scale = (up - low) / (2 ** weights.num_bits - 1)
        scale = scale.half().float()
        if not weights.symmetric:
            zero = torch.round(-low / scale - 2 ** (weights.num_bits - 1)).clamp(-(top + 1), top).to(torch.int8)
            state["weight_zero_point"] = zero
        if strategy == "tensor_group":
            state["weight_global_scale"] = (448.0 * 6.0 / w.abs().max()).reshape(1).float()
            scale = (scale * state["weight_global_scale"]).to(torch.float8_e4m3fn).float()
        if form.startswith("mxfp4"):
            scale = 2.0 ** torch.ceil(torch.log2(scale))
        state["weight_scale"] = scale.reshape(1) if strategy == "tensor" else scale
        parts = compressor.compress(dict(state), scheme)
        known = {k: v for k, v in parts.items() if v is not None}
        plain = compressor.decompress(dict(known), scheme)["weight"].float()
        if form.startswith("nvfp4"):  # the library computes in bfloat16
            low, high = known["weight_packed"] & 15, known["weight_packed"] >> 4
            values = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
            codes = values[torch.stack([low, high], -1).flatten(1).long()]
            theirs, plain = plain, codes * (known["weight_scale"].float() / known["weight_global_scale"]).repeat_interleave(size, 1)
            assert ((theirs - plain).abs() <= plain.abs() / 64).all(), prefix
        if "weight_scale" in known and known["weight_scale"].dtype == torch.float32 and kind_of == "int":
            known["weight_scale"] = known["weight_scale"].half()  # exactly
        return known, plain

    config = QuantizationConfig(config_groups={"group_0": scheme}, format=form, ignore=["lm_head"], quantization_status="compressed").to_dict()
    return quantise, json.loads(json.dumps(config, default=str))


# ---- FP8 with blocks, by definition

def fp8(high, wide):
    def quantise(w, prefix):
        out, width = w.shape
        scale = torch.stack([torch.stack([w[r: r + high, c: c + wide].abs().max() / 448 for c in range(0, width, wide)]) for r in range(0, out, high)])
        full = scale.repeat_interleave(high, 0)[:out].repeat_interleave(wide, 1)[:, :width]
        q = (w / full).to(torch.float8_e4m3fn)
        return {"weight": q, "weight_scale_inv": scale}, q.float() * full
    return quantise, {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [high, wide], "modules_to_not_convert": ["lm_head"]}


# ---- bitsandbytes, by transformers

def bitsandbytes(kind, **settings):
    from bitsandbytes.functional import QuantState, dequantize_blockwise
    name, head, _ = MODELS[kind]
    with tempfile.TemporaryDirectory() as folder:
        random(kind).save_pretrained(folder)
        how = transformers.BitsAndBytesConfig(bnb_4bit_compute_dtype=torch.float32, **settings)
        model = getattr(transformers, name + head).from_pretrained(folder, quantization_config=how, device_map={"": "cpu"}, dtype=torch.float32)
        model.save_pretrained(folder + "/q")
        tensors = load_file(Path(folder) / "q/model.safetensors")
        config = json.loads((Path(folder) / "q/config.json").read_text())
    decoded = {}
    for key in tensors:
        end = next((e for e in ("weight.absmax", "SCB") if key.endswith(e)), None)
        if not end:
            continue
        prefix = key[: -len(end)]
        w = tensors[prefix + "weight"]
        if end == "SCB":
            plain = w.float() * tensors[key].view(-1, 1) * 7.874015718698502e-3
        else:
            own = {k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix + "weight.")}
            state = QuantState.from_dict(own, device="cpu")
            absmax = dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
            codes = torch.stack([w.flatten() >> 4, w.flatten() & 15], 1).flatten()[: state.shape.numel()]
            plain = (state.code[codes.long()] * absmax.repeat_interleave(state.blocksize)[: codes.numel()]).reshape(state.shape)
        decoded[prefix + "weight"] = plain.t().contiguous() if kind == "gpt2" else plain
    return {k: v if k.endswith(("absmax", "quant_map", "SCB", "weight")) and "norm" not in k and v.dim() else v for k, v in tensors.items()}, config, decoded


# ---- MLX

def mlx(kind="llama", change=None, **how):
    import mlx.core as mx
    import mlx_lm.utils
    from mlx_lm.utils import load_model, quantize_model, save_model, save_config
    tensors, settings = saved(random(kind))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        save_file({k: v.half() for k, v in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
        if kind == "qwen3_moe":
            settings = {**settings, "norm_topk_prob": True}
        (folder / "config.json").write_text(json.dumps({**settings, "rope_theta": 10000.0, "num_experts": 3}))
        model, config = load_model(folder)
        predicate = change and (lambda path, m: change.get(path.split(".")[-1], True) and (change.get(path.split(".")[-1], True) if hasattr(m, "to_quantized") else False))
        model, config = quantize_model(model, config, how.get("group_size", 32), how.get("bits", 4), mode=how.get("mode", "affine"), quant_predicate=predicate)
        out = folder / "q"
        save_model(out, model)
        save_config(config, out / "config.json")
        found = load_file(out / "model.safetensors")
        written = json.loads((out / "config.json").read_text())
        mine = mx.load(str(out / "model.safetensors"))
    decoded = {}
    for key in list(found):
        if not key.endswith(".scales"):
            continue
        prefix = key[: -len("scales")]
        own = written["quantization"].get(prefix[:-1])
        own = own if isinstance(own, dict) else written["quantization"]
        scales = mine[key].astype(mx.float32) if how.get("mode", "affine") == "affine" else mine[key]
        biases = mine[prefix + "biases"].astype(mx.float32) if prefix + "biases" in mine else None
        plain = mx.dequantize(mine[prefix + "weight"], scales, biases, own["group_size"], own["bits"], mode=own.get("mode", "affine"))
        plain = torch.from_numpy(np.array(plain.astype(mx.float32)))
        if plain.dim() == 2:
            decoded[prefix + "weight"] = plain
        else:
            for e, part in enumerate(plain):
                decoded[prefix.replace("switch_mlp.", f"experts.{e}.") + "weight"] = part
    return found, {**settings, "quantization": written["quantization"], "quantization_config": written.get("quantization_config")}, decoded


FORMATS = {
    "llama-gptq": lambda: each("llama", *gptq()),
    "llama-gptq-v2": lambda: each("llama", *gptq(late=True)),
    "llama-gptq-8": lambda: each("llama", *gptq(bits=8, symmetric=True)),
    "llama-gptq-act-order": lambda: each("llama", *gptq(ordered=True, symmetric=True)),
    "llama-gptq-mislabelled": lambda: each("llama", *gptq(symmetric=True, mislabelled=True)),
    "gpt2-gptq": lambda: each("gpt2", *gptq()),
    "phi3-awq": lambda: each("phi3", *awq()),
    "llama-awq": lambda: each("llama", *awq()),
    "llama-ct-int4": lambda: each("llama", *compressed("pack-quantized", num_bits=4, symmetric=True, strategy="group", group_size=16)),
    "llama-ct-int4-zeros": lambda: each("llama", *compressed("pack-quantized", num_bits=4, symmetric=False, strategy="group", group_size=16)),
    "llama-ct-int3": lambda: each("llama", *compressed("pack-quantized", num_bits=3, symmetric=False, strategy="channel")),
    "llama-ct-int8": lambda: each("llama", *compressed("pack-quantized", num_bits=8, symmetric=True, strategy="channel")),
    "llama-ct-int8-plain": lambda: each("llama", *compressed("int-quantized", num_bits=8, symmetric=True, strategy="channel")),
    "llama-ct-int8-zeros": lambda: each("llama", *compressed("int-quantized", num_bits=8, symmetric=False, strategy="channel")),
    "llama-ct-fp8": lambda: each("llama", *compressed("float-quantized", num_bits=8, type="float", symmetric=True, strategy="channel")),
    "llama-ct-fp8-tensor": lambda: each("llama", *compressed("float-quantized", num_bits=8, type="float", symmetric=True, strategy="tensor")),
    "llama-ct-fp8-block": lambda: each("llama", *compressed("float-quantized", num_bits=8, type="float", symmetric=True, strategy="block", block_structure=[16, 16])),
    "llama-ct-nvfp4": lambda: each("llama", *compressed("nvfp4-pack-quantized", num_bits=4, type="float", symmetric=True, strategy="tensor_group", group_size=16)),
    "llama-ct-mxfp4": lambda: each("llama", *compressed("mxfp4-pack-quantized", num_bits=4, type="float", symmetric=True, strategy="group", group_size=32)),
    "llama-fp8": lambda: each("llama", *fp8(24, 20)),
    "llama-bnb-nf4": lambda: bitsandbytes("llama", load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    "bert-bnb-nf4-nested": lambda: bitsandbytes("bert", load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
    "gpt2-bnb-fp4": lambda: bitsandbytes("gpt2", load_in_4bit=True, bnb_4bit_quant_type="fp4"),
    "llama-bnb-int8": lambda: bitsandbytes("llama", load_in_8bit=True),
    "gpt2-bnb-int8": lambda: bitsandbytes("gpt2", load_in_8bit=True),
    "llama-mlx-4": lambda: mlx(),
    "llama-mlx-8": lambda: mlx(bits=8),
    "llama-mlx-3-mixed": lambda: mlx(bits=3, change={"down_proj": {"group_size": 64, "bits": 6}, "lm_head": False, "q_proj": {"group_size": 32, "bits": 5}}),
    "llama-mlx-mxfp4": lambda: mlx(mode="mxfp4"),
    "qwen3_moe-mlx-4": lambda: mlx("qwen3_moe"),
}


def main():
    torch.set_num_threads(1)
    chosen = [a for a in sys.argv[1:] if not a.startswith("-")]
    path = HERE / "quantised.json"
    known = {c["name"]: c for c in json.loads(path.read_text())["quantised"]} if path.exists() else {}
    for name, make in FORMATS.items():
        if chosen and not any(name.startswith(c) for c in chosen):
            continue
        tensors, config, decoded = make()
        config = {k: v for k, v in config.items() if k not in ("dtype", "torch_dtype") and v is not None}
        kind = name.split("-")[0]
        family, head, _ = MODELS[kind]
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            plain, settings = saved(random(kind))
            if kind == "qwen3_moe":
                settings["norm_topk_prob"] = True
            given = {k: (v if k.endswith("SCB") else v.half()) for k, v in plain.items()}
            whole = {k: decoded[k] if k in decoded else given[k].float() for k in plain}
            missing = [k for k in decoded if k not in plain]
            assert not missing, missing
            save_file({k: v.contiguous() for k, v in whole.items()}, folder / "model.safetensors", metadata={"format": "pt"})
            (folder / "config.json").write_text(json.dumps({k: v for k, v in settings.items() if k not in ("dtype", "torch_dtype")}))
            decoders.tokenizer().save(str(folder / "tokenizer.json"))
            found = variants.cases(folder, family, head, texts=TEXTS)
        if "--check" in sys.argv:
            print(f"{worst(found, known[name]['cases']):.1e}  {name}")
            continue
        stored = {k: (v.half() if v.dtype == torch.float32 and k in plain and k not in decoded else v).contiguous() for k, v in tensors.items()}
        target = HERE / "quantised" / name
        target.mkdir(parents=True, exist_ok=True)
        save_file(stored, target / "model.safetensors", metadata={"format": "pt"})
        hashes = {k: hashlib.sha256(v.float().numpy().tobytes()).hexdigest()[:16] for k, v in sorted(decoded.items())}
        known[name] = {"name": name, "config": config, "decoded": hashes, "cases": found}
        print(name, (target / "model.safetensors").stat().st_size, len(hashes))
    if "--check" not in sys.argv:
        lines = ",\n".join(json.dumps(known[n], separators=(",", ":")) for n in FORMATS if n in known)
        path.write_text('{"quantised": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
