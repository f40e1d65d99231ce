"""Writes models/sst2-tiny/ from the f32 checkpoint: the weights as float16, the rest as it is.

    python3 ship.py SOURCE [TARGET]        # SOURCE holds config.json, model.safetensors, tokenizer*.json

Needs numpy only. The bytes depend on the source alone: tensors in the order of their names, those whose length is
no multiple of 16 bytes last, so that every tensor but these starts on a 16-byte boundary of the file; nothing but
{"format": "pt"} as metadata.
"""
import hashlib
import json
import pathlib
import struct
import sys

import numpy as np


def read(path):
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        assert info["dtype"] == "F32", name
        start, end = info["data_offsets"]
        tensors[name] = np.frombuffer(data[8 + n + start:8 + n + end], "<f4").reshape(info["shape"])
    return tensors


def halve(name, x):
    y = x.astype("<f2")                                  # nearest, ties to even
    assert np.isfinite(y).all(), f"{name}: beyond the range of float16"
    return y


def write(path, tensors):
    header, body, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors, key=lambda name: (tensors[name].nbytes % 16 != 0, name)):
        raw = tensors[name].tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [at, at + len(raw)]}
        body.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 16)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))


def main():
    here = pathlib.Path(__file__).resolve().parent
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here / "../../models/sst2-tiny"
    target.mkdir(parents=True, exist_ok=True)

    full = read(source / "model.safetensors")
    half = {name: halve(name, x) for name, x in full.items()}
    write(target / "model.safetensors", half)

    config = json.loads((source / "config.json").read_text("utf-8"))
    config["torch_dtype"] = "float16"
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    flags = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    # As transformers writes it since 4.34; without it, files of older versions would be asked for.
    added = {str(one["id"]): {flag: one[flag] for flag in flags} for one in tokenizer["added_tokens"]}
    settings = {"added_tokens_decoder": added, **json.loads((source / "tokenizer_config.json").read_text("utf-8"))}
    for name, value in (("config.json", config), ("tokenizer_config.json", settings), ("tokenizer.json", tokenizer)):
        (target / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")

    worst = max(float(np.abs(full[n] - half[n].astype("<f4")).max()) for n in full)
    print(f"{len(half)} tensors, {sum(x.size for x in half.values())} numbers, largest change {worst:.1e}")
    for path in sorted(target.iterdir()):
        if path.suffix in (".json", ".safetensors"):
            print(f"{path.stat().st_size:9d}  {hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")


if __name__ == "__main__":
    main()
