"""Trains the small classifier of point clouds that examples/points shows: ExpPoint-MAE's architecture on synthetic shapes.

  python points.py            (torch and numpy alone; Debian's python3-torch will do)

Writes examples/points/model/ and points.json: held-out clouds and their logits in float64.
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
MODEL = HERE.parent.parent / "examples" / "points" / "model"
SHAPES = ["sphere", "cube", "cylinder", "cone", "torus", "mug"]
POINTS, GROUPS, SIZE, WIDTH, DEPTH, HEADS = 256, 32, 16, 48, 3, 4
rng = np.random.default_rng(0)
torch.manual_seed(0)


def circle(n, radius=1.0):
    t = rng.uniform(0, 2 * np.pi, n)
    return np.stack([radius * np.cos(t), radius * np.sin(t)], -1)


def disc(n, radius=1.0):
    return circle(n) * radius * np.sqrt(rng.uniform(0, 1, (n, 1)))


def flat(xy, z):
    return np.concatenate([xy, np.broadcast_to(np.asarray(z, float).reshape(-1, 1), (len(xy), 1))], -1)


def shape(name, n):
    if name == "sphere":
        x = rng.normal(size=(n, 3))
        return x / np.linalg.norm(x, axis=1, keepdims=True)
    if name == "cube":
        x = rng.uniform(-1, 1, (n, 3))
        x[np.arange(n), rng.integers(0, 3, n)] = rng.choice([-1, 1], n)
        return x
    if name == "cylinder":
        cap = n // 3
        return np.concatenate([flat(circle(n - cap), rng.uniform(-1, 1, n - cap)), flat(disc(cap), rng.choice([-1, 1], cap))])
    if name == "cone":
        cap = n // 4
        h = np.sqrt(rng.uniform(0, 1, n - cap))
        side = circle(n - cap) * h[:, None]
        return np.concatenate([flat(side, 1 - 2 * h), flat(disc(cap), -1)])
    if name == "torus":
        t, ring = rng.uniform(0, 2 * np.pi, n), circle(n)
        return flat(ring * (1 + 0.4 * np.cos(t))[:, None], 0.4 * np.sin(t))
    # A mug is a cylinder open above, with a handle: what tells it apart is there.
    handle = n // 5
    cap = n // 5
    wall = flat(circle(n - handle - cap, 0.8), rng.uniform(-1, 1, n - handle - cap))
    t = rng.uniform(-np.pi / 2, np.pi / 2, handle)
    x = 0.8 + 0.55 * np.cos(t)
    handle_points = np.stack([x, rng.normal(0, 0.05, handle), 0.65 * np.sin(t)], -1)
    return np.concatenate([wall, flat(disc(cap, 0.8), -1), handle_points])


def cloud(name):
    x = shape(name, POINTS) * rng.uniform(0.75, 1.25, 3)
    a = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    x = x @ turn.T + rng.normal(0, 0.015, x.shape)
    x = x[rng.permutation(len(x))]
    x -= x.mean(0)
    return np.float32(x / np.linalg.norm(x, axis=1).max())


def grouped(x):
    """Farthest points and their neighbours, as src/inputs/points/cloud.ts has them."""
    centres = [0]
    far = np.full(len(x), np.inf)
    for _ in range(GROUPS - 1):
        far = np.minimum(far, ((x - x[centres[-1]]) ** 2).sum(-1))
        centres.append(int(far.argmax()))
    out = []
    for c in centres:
        d = ((x - x[c]) ** 2).sum(-1)
        d[c] = -1
        out.append(x[np.argsort(d, kind="stable")[:SIZE]] - x[c])
    return np.stack(out), x[centres]


class PointEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first_conv = nn.Sequential(nn.Conv1d(3, 32, 1, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Conv1d(32, 48, 1))
        self.second_conv = nn.Sequential(nn.Conv1d(96, 96, 1, bias=False), nn.BatchNorm1d(96), nn.ReLU(), nn.Conv1d(96, WIDTH, 1))

    def forward(self, x):  # [batch, groups, size, 3]
        b, g, k, _ = x.shape
        local = self.first_conv(x.reshape(b * g, k, 3).transpose(1, 2))
        both = torch.cat([local.max(2, keepdim=True).values.expand(-1, -1, k), local], 1)
        return self.second_conv(both).max(2).values.reshape(b, g, WIDTH)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        p = (q @ k.transpose(-1, -2) / np.sqrt(WIDTH // HEADS)).softmax(-1)
        return self.proj((p @ v).transpose(1, 2).reshape(b, n, WIDTH))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn, self.mlp = Attention(), Mlp()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x, pos):
        for block in self.blocks:
            x = block(x + pos)
        return self.norm(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.point_encoder, self.blocks = PointEncoder(), Blocks()
        self.pos_embedding = nn.Sequential(nn.Linear(3, 32), nn.GELU(), nn.Linear(32, WIDTH))
        self.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.02)

    def forward(self, groups, centres):
        x = self.point_encoder(groups)
        pos = self.pos_embedding(centres)
        cls = self.cls_token.expand(len(x), -1, -1)
        return self.blocks(torch.cat([x, cls], 1), torch.cat([pos, torch.zeros_like(cls)], 1))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.MAE_encoder = Encoder()
        self.cls_head = nn.Sequential(
            nn.Linear(2 * WIDTH, 48, bias=False), nn.BatchNorm1d(48), nn.ReLU(),
            nn.Linear(48, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(),
            nn.Linear(32, len(SHAPES)),
        )  # fmt: skip

    def forward(self, groups, centres):
        y = self.MAE_encoder(groups, centres)
        return self.cls_head(torch.cat([y[:, -1], y[:, :-1].max(1).values], -1))


def batch(n):
    labels = rng.integers(0, len(SHAPES), n)
    clouds = [cloud(SHAPES[c]) for c in labels]
    groups, centres = zip(*map(grouped, clouds))
    return clouds, torch.from_numpy(np.stack(groups)), torch.from_numpy(np.stack(centres)), torch.from_numpy(labels)


def save(model):
    MODEL.mkdir(parents=True, exist_ok=True)
    header, data, at = {}, b"", 0
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        raw = value.detach().half().numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        data, at = data + raw, at + len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (MODEL / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    config = {
        "model_type": "point_mae",
        "architectures": ["PointMAEForPointCloudClassification"],
        "hidden_size": WIDTH,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": HEADS,
        "num_group": GROUPS,
        "group_size": SIZE,
        "pooling": ["cls", "max"],
        "id2label": {str(i): name for i, name in enumerate(SHAPES)},
    }
    (MODEL / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main():
    torch.set_num_threads(2)
    model = Classifier()
    print(sum(p.numel() for p in model.parameters()), "weights")
    pool = [batch(64) for _ in range(60)]
    steps = 900
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        _, groups, centres, labels = pool[step % len(pool)]
        a = torch.rand(()) * 2 * np.pi
        c, s = torch.cos(a), torch.sin(a)
        turn = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        loss = nn.functional.cross_entropy(model(groups @ turn.T, centres @ turn.T), labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(step, round(loss.item(), 4), flush=True)
    model.eval()
    for p in model.parameters():
        p.data = p.data.half().float()
    for b in model.buffers():
        if b.is_floating_point():
            b.data = b.data.half().float()
    save(model)
    right = total = 0
    for _ in range(6):
        _, groups, centres, labels = batch(100)
        with torch.no_grad():
            right += (model(groups, centres).argmax(-1) == labels).sum().item()
        total += 100
    print("held out", right / total)
    clouds, groups, centres, labels = batch(36)
    with torch.no_grad():
        logits = model.double()(groups.double(), centres.double())
    told = {
        "accuracy": right / total,
        "labels": labels.tolist(),
        "clouds": [[[round(float(v), 5) for v in p] for p in x] for x in clouds],
        "logits": logits.tolist(),
    }
    rounded = [np.float32(np.array(x)) for x in told["clouds"]]
    normal = []
    for x in rounded:
        x = x.astype(np.float64) - x.astype(np.float64).mean(0)
        normal.append(np.float32(x / np.linalg.norm(x, axis=1).max()))
    groups, centres = zip(*map(grouped, normal))
    with torch.no_grad():
        told["logits"] = model(torch.from_numpy(np.stack(groups)).double(), torch.from_numpy(np.stack(centres)).double()).tolist()
    (HERE / "points.json").write_text(json.dumps(told, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
