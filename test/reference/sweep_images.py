"""Small random pictures, and preprocessor_config.json of transformers' image processors."""
import json

import torch
import transformers
from PIL import Image


def picture(rng, config):
    """A picture of another size than the model's, or of the same; and as the tests get it."""
    size = config["image_size"]
    height, width = size if isinstance(size, list) else (size, size)
    if rng.random() < 0.4:  # one with three channels; of others, the same size
        height, width = rng.randint(5, 20), rng.randint(5, 20)
    values = bytes(rng.randrange(256) for _ in range(height * width * 3))
    return Image.frombytes("RGB", (width, height), values), {"rgb": list(values), "width": width, "height": height}


def preprocessor(rng, fields):
    size = fields["image_size"]
    height, width = size if isinstance(size, list) else (size, size)
    n = fields.get("num_channels", 3)
    return dict(do_resize=True, size=dict(height=height, width=width), resample=rng.choice([2, 3]), do_rescale=True, rescale_factor=1 / 255,
                do_normalize=True, image_mean=[0.5, 0.4, 0.45, 0.3][:n], image_std=[0.5, 0.25, 0.3, 0.2][:n], image_processor_type="ViTImageProcessor")


def processed(folder, image):
    kind = getattr(transformers, "ViTImageProcessorPil", transformers.ViTImageProcessor)  # resized by Pillow, in both versions
    pixels = kind.from_pretrained(folder)(image, return_tensors="pt")["pixel_values"]
    return torch.as_tensor(pixels).double()
