"""cp-lrp of a BERT classifier in PyTorch, eager: the peer of compare.mjs. Needs PyTorch and nothing else.

    python3 explain.py FOLDER       a line of JSON in, {"ids", "batch", "target"}; a line out, {"relevance"}

The rules are written as LXT's "efficient" ones are, as gradients whose local derivatives are replaced: attention weights
and LayerNorm deviations are detached, an activation passes f(x) / x. Relevance is embeddings · gradient.
"""

import json
import math
import struct
import sys

import torch
import torch.nn.functional as F

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
if device.type == "cpu":
    torch.set_num_threads(1)


def read(path):
    """The tensors of a safetensors file of float32."""
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, info in header.items():
        start, end = (8 + length + at for at in info["data_offsets"])
        flat = torch.frombuffer(bytearray(data[start:end]), dtype=torch.float32)
        tensors[name] = flat.reshape(info["shape"]).to(device)
    return tensors


folder = sys.argv[1]
config = json.load(open(f"{folder}/config.json"))
w = read(f"{folder}/model.safetensors")
layers, heads, eps = config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"]


def dense(x, name):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def norm(x, name):
    centred = x - x.mean(-1, keepdim=True)
    deviation = (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt().detach()
    return centred / deviation * w[f"{name}.weight"] + w[f"{name}.bias"]


def identity(f, x):
    """f(x), with the gradient f(x) / x."""
    with torch.no_grad():
        ratio = torch.where(x == 0, torch.full_like(x, 0.5), f(x) / x)
    return x * ratio


def attention(x, name):
    batch, t, width = x.shape
    split = lambda part: dense(x, f"{name}.self.{part}").view(batch, t, heads, -1).transpose(1, 2)
    with torch.no_grad():
        p = (split("query") @ split("key").transpose(2, 3) / math.sqrt(width // heads)).softmax(-1)
    return dense((p @ split("value")).transpose(1, 2).reshape(batch, t, width), f"{name}.output.dense")


def logits(x):
    for i in range(layers):
        p = f"bert.encoder.layer.{i}"
        x = norm(x + attention(x, f"{p}.attention"), f"{p}.attention.output.LayerNorm")
        h = identity(F.gelu, dense(x, f"{p}.intermediate.dense"))
        x = norm(x + dense(h, f"{p}.output.dense"), f"{p}.output.LayerNorm")
    return dense(identity(torch.tanh, dense(x[:, 0], "bert.pooler.dense")), "classifier")


def explain(ids, batch, target):
    ids = torch.tensor(ids, device=device).expand(batch, -1)
    e = "bert.embeddings"
    with torch.no_grad():
        places = w[f"{e}.position_embeddings.weight"][: ids.shape[1]] + w[f"{e}.token_type_embeddings.weight"][0]
        x = norm(w[f"{e}.word_embeddings.weight"][ids] + places, f"{e}.LayerNorm")
    x.requires_grad_()
    logits(x)[:, target].sum().backward()
    return (x * x.grad).sum(-1).detach().cpu()


name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU, one thread"
print(json.dumps({"device": name, "torch": torch.__version__}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    relevance = explain(**asked)  # on the host: the device has finished
    print(json.dumps({"relevance": relevance[0].tolist()}), flush=True)
