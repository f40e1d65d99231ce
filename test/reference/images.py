"""What transformers' image processors make of images, for images.json: python images.py

Random pictures at awkward sizes, as PNG and JPEG files too, through configs as checkpoints have them.
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
import PIL
import transformers
from PIL import Image

HERE = Path(__file__).with_name("images.json")
random = np.random.default_rng(7)


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 90 * np.sin(x * a + y * b) + random.normal(0, 25, (height, width)) for a, b in ((0.3, 0.1), (0.05, 0.4), (0.2, -0.2))]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
VIT, DEIT, CLIP = transformers.ViTImageProcessor, transformers.DeiTImageProcessor, transformers.CLIPImageProcessor
PROCESSORS = [
    *[(VIT, dict(size=dict(height=16, width=16), resample=k, image_mean=[0.5] * 3, image_std=[0.5] * 3)) for k in range(6)],
    (VIT, dict(size=dict(height=16, width=16), do_normalize=False)),
    (VIT, dict(do_resize=False, do_center_crop=True, crop_size=16, do_rescale=False)),
    (DEIT, dict(size=dict(height=20, width=20), resample=3, crop_size=dict(height=16, width=16), image_mean=MEAN, image_std=STD)),
    (DEIT, dict(size=dict(height=12, width=12), resample=3, crop_size=dict(height=16, width=16), image_mean=MEAN, image_std=STD)),
    (CLIP, dict(size=dict(shortest_edge=16), resample=3, crop_size=dict(height=16, width=16), image_mean=MEAN, image_std=STD)),
]

pictures = [picture(37, 23), picture(16, 16), picture(9, 50), picture(61, 64)]
out = {"made with": f"transformers {transformers.__version__}, Pillow {PIL.__version__}", "pictures": [], "processors": []}
for p in pictures:
    out["pictures"].append({"width": p.shape[1], "height": p.shape[0], "rgb": base64.b64encode(p.tobytes()).decode()})
for kind, options in PROCESSORS:
    if kind is VIT and "do_center_crop" in options:  # a ViT's processor has none; DeiT's has, and may leave out the rest
        options = dict(options)
        processor = DEIT(do_resize=False, do_rescale=False, do_normalize=False, crop_size=dict(height=16, width=16))
    else:
        processor = kind(**options)
    config = {k: v for k, v in json.loads(processor.to_json_string()).items() if v is not None}
    values = [processor(Image.fromarray(p), return_tensors="np")["pixel_values"][0] for p in pictures]
    out["processors"].append({"config": config, "values": [base64.b64encode(v.astype("<f4").tobytes()).decode() for v in values]})

# files: every kind of PNG that Pillow writes, with what it reads from them again; JPEG loses some
small = Image.fromarray(pictures[0])
alpha = small.convert("RGBA")
alpha.putalpha(Image.fromarray(random.integers(0, 256, (23, 37), dtype=np.uint8)))
kinds = {"RGB": small, "RGBA": alpha, "L": small.convert("L"), "LA": alpha.convert("LA"), "P": small.quantize(200), "P4": small.quantize(13), "1": small.convert("1")}
files = []
for name, image in kinds.items():
    buffer = io.BytesIO()
    image.save(buffer, "png", **({"bits": 4} if name == "P4" else {}))
    whole = np.asarray(image.convert("RGBA"))
    files.append({"name": name, "file": base64.b64encode(buffer.getvalue()).decode(), "rgba": base64.b64encode(whole.tobytes()).decode()})
buffer = io.BytesIO()
small.save(buffer, "jpeg", quality=92, subsampling=0)
files.append({"name": "JPEG", "file": base64.b64encode(buffer.getvalue()).decode(), "rgba": base64.b64encode(np.asarray(Image.open(buffer).convert("RGBA")).tobytes()).decode()})
out["files"] = files
HERE.write_text(json.dumps(out) + "\n")
print(len(out["processors"]), "processors,", HERE.stat().st_size, "bytes")
