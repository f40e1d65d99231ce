"""The same explanations from other people's code: transformers' own BERT, LXT, and plain autograd.

    gradient-x-input   transformers, untouched
    lrp-ah             the same, query and key detached by hooks
    lrp-ln             transformers with LXT's LayerNorm
    lrp-ah-ln          both
    attn-lrp           LXT (efficient variant, monkey_patch), as it is
    cp-lrp             LXT, query and key detached by hooks, its halving of the context undone

LXT replaces classes for the whole process, so the phases run in a fixed order and once: call `all_methods` once for all texts.
"""
import warnings

import torch
from transformers.models.bert import modeling_bert


def load(folder):
    return modeling_bert.BertForSequenceClassification.from_pretrained(folder, torch_dtype=torch.float64, attn_implementation="eager").eval()


def read(model, ids, target):
    """logits, and x * gradient, element by element, at the three reading points."""
    ids = torch.tensor([ids])
    words = model.bert.embeddings.word_embeddings(ids).detach().requires_grad_()
    kept = {"words": words}

    def keep(name, x):
        x.retain_grad()
        kept[name] = x
    hooks = [
        model.bert.embeddings.LayerNorm.register_forward_pre_hook(lambda m, args: keep("embedding-sum", args[0])),
        model.bert.embeddings.register_forward_hook(lambda m, args, y: keep("embeddings", y)),
    ]
    logits = model(inputs_embeds=words).logits
    for hook in hooks:
        hook.remove()
    model.zero_grad()
    logits[0, target].backward()
    return logits.detach()[0], {name: (x * x.grad).detach()[0] for name, x in kept.items()}


def freeze_attention(model, halved):
    for layer in model.bert.encoder.layer:
        attention = layer.attention.self
        for part in (attention.query, attention.key):
            part.register_forward_hook(lambda m, args, y: y.detach())
        if halved:
            attention.register_forward_hook(lambda m, args, y: y[0].register_hook(lambda g: g * 2) and None)
    return model


def all_methods(jobs):
    """jobs: [(folder, [ids], [target])] -> {method: [[(logits, elements by point) by text] by job]}"""
    def run(frozen=False, halved=False):
        out = []
        for folder, ids, targets in jobs:
            model = load(folder)
            if frozen:
                freeze_attention(model, halved)
            out.append([read(model, i, t) for i, t in zip(ids, targets)])
        return out

    results = {"gradient-x-input": run(), "lrp-ah": run(True)}

    import lxt.efficient
    from lxt.efficient.patches import layer_norm_forward
    original = torch.nn.LayerNorm.forward
    torch.nn.LayerNorm.forward = layer_norm_forward
    results["lrp-ln"], results["lrp-ah-ln"] = run(), run(True)
    torch.nn.LayerNorm.forward = original

    with warnings.catch_warnings():
        warnings.simplefilter("error")       # a failed patch is only a warning
        lxt.efficient.monkey_patch(modeling_bert)
    results["attn-lrp"], results["cp-lrp"] = run(), run(True, True)
    return results
