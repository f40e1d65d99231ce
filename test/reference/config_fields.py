"""The fields of the configuration classes of the installed transformers, and whether src/models lists each as it is.

    python config_fields.py           # compare the lists with the classes; exits with 1 if anything is missing or differs
    python config_fields.py --write   # also keep what the classes have in config-fields.json, under the version

config-fields.test.ts compares with what is kept, so that CI needs no Python. Run this with the pinned 4.x and with every new
5.x. A class's fields are what its constructor takes and sets; further ones are those that its modelling file reads.
"""
import dataclasses
import inspect
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import transformers

HERE = Path(__file__).parent
KEPT = HERE / "config-fields.json"
CLASSES = ["Bert", "Roberta", "XLMRoberta", "Camembert", "DistilBert", "Electra", "Albert", "MPNet", "DebertaV2", "ModernBert", "GPT2", "Llama", "Mistral", "Granite", "Cohere", "Olmo2", "Olmo3", "Phi", "GPTNeoX", "Bloom", "Qwen2", "Phi3", "Qwen3", "SmolLM3", "Starcoder2", "ViT", "DeiT", "Dinov2", "Mixtral", "Qwen2Moe", "Qwen3Moe", "Olmoe"]
CLASSES += ["Gemma", "Gemma2", "Gemma3Text", "Gemma3"]
READ = r'\bconfig\.([a-z]\w*)(?!\w|\()|getattr\((?:self\.)?config, "(\w+)"'


def plain(value):
    """A default as JSON has it."""
    return json.loads(json.dumps(value, default=str))


def attributes(config):
    names = {**vars(config), **config.to_dict()}
    return {k: plain(v) for k, v in sorted(names.items()) if k not in ("transformers_version", "_post_init_done") and not k.endswith("_internal")}


def fields(kind, base):
    if dataclasses.is_dataclass(kind):
        taken = [f.name for f in dataclasses.fields(kind)]
    else:
        taken = [p.name for p in inspect.signature(kind.__init__).parameters.values() if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    config = kind()
    own = {name: plain(getattr(config, name, None)) for name in taken}
    own.update({k: v for k, v in attributes(config).items() if k not in base or base[k] != v})
    return {k: v for k, v in sorted(own.items()) if k not in base or base[k] != v}


def modelled(kind):
    """What the modelling file reads of a config, by the name that the class gives it."""
    module = kind.__module__.replace("configuration_", "modeling_")
    source = inspect.getsource(__import__(module, fromlist=["x"]))
    config = kind()
    names = {a or b for a, b in re.findall(READ, source)}
    if config.sub_configs:  # of which the file reads too, under their own classes
        names &= set(attributes(config))
    return sorted(name for name in names if not callable(getattr(config, name, None)) and not isinstance(getattr(kind, name, None), property))


def main():
    base = attributes(transformers.PretrainedConfig())
    found = {"common": base, "classes": {}}
    for name in CLASSES:
        kind = getattr(transformers, f"{name}Config")
        found["classes"][kind.model_type] = {"fields": fields(kind, base), "aliases": dict(sorted(kind.attribute_map.items())), "modelled": modelled(kind)}
    version = transformers.__version__
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if "--write" in sys.argv:
        kept[version] = found
        KEPT.write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True).replace('},"', '},\n"') + "\n")
    elif kept.get(version) != found:
        print(f"config-fields.json {'differs from' if version in kept else 'has no'} {version}: write it with --write")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps({**kept, version: found}))
        file.flush()
        run = subprocess.run(["node", "--import", "./test/hook.mjs", "test/reference/config-fields.ts", file.name], cwd=HERE.parent.parent)
    sys.exit(run.returncode or kept.get(version) != found)


if __name__ == "__main__":
    main()
