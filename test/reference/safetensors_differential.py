"""Our safetensors reader against the reference: whatever the reference refuses, ours must refuse; whatever only ours
refuses must carry a code of a rule in which it is stricter on purpose. Run where `safetensors` is installed:

    python test/reference/safetensors_differential.py [mutants] [seed]
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import safetensors

# Offset: a number above 2^52 in the first of two equal keys, which the reference drops unseen.
STRICTER = {"HeaderDuplicateKey", "HeaderField", "Dtype", "Shape", "Offset", "HeaderTooLarge", "LimitExceeded"}

mutants, seed = (sys.argv[1:] + ["100000", "1"][len(sys.argv) - 1 :])[:2]
root = Path(__file__).parents[2]
ours = subprocess.Popen(
    ["node", "--import", "./test/hook.mjs", "test/corpus/safetensors-verdicts.ts", mutants, seed],
    cwd=root,
    stdout=subprocess.PIPE,
)

counts = Counter()
wrong = 0
while head := ours.stdout.readline():
    case = json.loads(head)
    data = ours.stdout.read(case["bytes"])
    try:
        safetensors.deserialize(data)
        reference = "read"
    except safetensors.SafetensorError:
        reference = "refused"
    verdict, what = case["verdict"], case["what"]
    counts[("read" if verdict == "read" else "refused", reference)] += 1
    if reference == "read" and verdict != "read":
        counts[f"only ours refuses: {verdict}"] += 1
    bad = verdict == "read" and reference != "read"
    bad |= reference == "read" and verdict not in STRICTER | {"read"}
    bad |= bool(what) and ("ref: " in what or what.startswith("read: ")) != (reference == "read")
    if bad:
        wrong += 1
        print(f"ours: {verdict}, reference: {reference}: {what} {data[:300]!r}")

print(f"safetensors {safetensors.__version__}, seed {seed}, {mutants} mutants: {wrong} disagreements")
for key, count in sorted(counts.items(), key=str):
    print(f"  {count:9}  {key if isinstance(key, str) else 'ours {}, reference {}'.format(*key)}")
sys.exit(1 if wrong or ours.wait() else 0)
