"""Small random pictures, and preprocessor_config.json over the fields of transformers' image processors. Pictures are resized by
Pillow, in both major versions: 5.x has the same classes for torchvision, which rounds otherwise."""
import json

import torch
import transformers
from PIL import Image

CLASSES = {"vit": "ViTImageProcessor", "deit": "DeiTImageProcessor", "dinov2": "BitImageProcessor"}


def picture(rng, config):
    """A picture of another size than the model's, or of the same; and as the tests get it."""
    height, width = sides(config)
    if rng.random() < 0.6:
        height, width = rng.randint(5, 20), rng.randint(5, 20)
    values = bytes(rng.randrange(256) for _ in range(height * width * 3))
    return Image.frombytes("RGB", (width, height), values), {"rgb": list(values), "width": width, "height": height}


def sides(config):
    size = config["image_size"]
    return size if isinstance(size, list) else (size, size)


def preprocessor(rng, family, fields):
    """Fields of the family's image processor, or of another's, so that pictures come out as large as the model takes them."""
    height, width = sides(fields)
    kind = CLASSES[family] if rng.random() < 0.8 else rng.choice(list(CLASSES.values()))
    file = {"image_processor_type": kind}
    whole = dict(height=height, width=width)
    if kind == "ViTImageProcessor":
        file["size"] = height if height == width and rng.random() < 0.2 else whole
    else:
        file["crop_size"] = height if height == width and rng.random() < 0.2 else whole
        more = rng.choice([0, 2, 5, -1])
        file["size"] = dict(height=height + more, width=width + rng.choice([0, 3])) if kind == "DeiTImageProcessor" else dict(shortest_edge=max(height, width) + more)
        if kind == "DeiTImageProcessor" and rng.random() < 0.2:
            file.update(do_center_crop=False, size=whole)
    usual = dict(do_resize=True, do_rescale=True, do_normalize=True, resample=rng.choice([2, 3]), rescale_factor=1 / 255, image_mean=[0.5, 0.4, 0.45],
                 image_std=[0.5, 0.25, 0.3])
    file.update({name: value for name, value in usual.items() if rng.random() < 0.8})
    rare = dict(do_resize=False, do_rescale=False, do_normalize=False, resample=rng.choice([0, 1, 4, 5]), rescale_factor=1 / 127.5, image_mean=0.4, image_std=0.3,
                do_convert_rgb=rng.choice([True, False, None]))
    file.update({name: value for name, value in rare.items() if rng.random() < 0.1})
    return file


def processed(folder, image):
    name = json.loads((folder / "preprocessor_config.json").read_text())["image_processor_type"]
    kind = getattr(transformers, name + "Pil", getattr(transformers, name))
    pixels = kind.from_pretrained(folder)(image, return_tensors="pt")["pixel_values"]
    return torch.as_tensor(pixels).double()
