"""Trains models/digits-tiny, a ViT that reads 8 × 8 digits, and keeps images of its test half: python digits.py (2 minutes)

The digits are UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998; CC BY 4.0) as scikit-learn has
them. Needs scikit-learn==1.5.2 beside requirements.txt.
"""

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from transformers import ViTConfig, ViTForImageClassification

HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / "models" / "digits-tiny"
torch.manual_seed(3)
torch.set_num_threads(2)

data = load_digits()
pixels = np.round(data.images / 16 * 255).astype(np.uint8)
order = np.random.default_rng(3).permutation(len(pixels))
train, test = order[:1297], order[1297:]

config = ViTConfig(
    hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64, image_size=8, patch_size=2, num_channels=1,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=10, id2label={i: str(i) for i in range(10)},
    label2id={str(i): i for i in range(10)},
)
model = ViTForImageClassification(config)
x = torch.tensor(pixels, dtype=torch.float32)[:, None] / 255
y = torch.tensor(data.target)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
EPOCHS = 120
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=EPOCHS * (len(train) // 64))
for epoch in range(EPOCHS):
    model.train()
    for batch in torch.tensor(np.random.default_rng(epoch).permutation(train)).split(64)[: len(train) // 64]:
        # some pixels are gone, so that what is missing is not strange to it
        given = x[batch] * (torch.rand_like(x[batch]) > 0.3 * torch.rand(len(batch), 1, 1, 1))
        loss = torch.nn.functional.cross_entropy(model(given).logits, y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

model = model.half().float().eval()  # what is kept
with torch.no_grad():
    logits = model(x[test]).logits
accuracy = float((logits.argmax(-1) == y[test]).float().mean())
print(f"{len(test)} test images, accuracy {accuracy:.3f}, {sum(p.numel() for p in model.parameters())} parameters")

model.half().save_pretrained(FOLDER)
processor = dict(
    do_resize=True, size=dict(height=8, width=8), resample=2, do_rescale=True, rescale_factor=1 / 255, do_normalize=False,
    image_processor_type="ViTImageProcessor",
)
(FOLDER / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n")
kept = test[:200]
out = {
    "accuracy": accuracy,
    "images": [{"pixels": pixels[i].flatten().tolist(), "label": int(y[i])} for i in kept],
    "logits": [[round(v, 6) for v in row] for row in logits[:200].tolist()],
}
(HERE / "digits.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
