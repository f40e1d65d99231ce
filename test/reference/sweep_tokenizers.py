"""Small random tokenizers, as AutoTokenizer reads them: a model, a normaliser, a pre-tokeniser, a template, special tokens."""
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

LETTERS = "abcdeghinorstuy"
WHOLE = [".", "?", "the", "sea", "so", "is", "in", "who", "sings"]
BERT = dict(cls="[CLS]", pad="[PAD]", sep="[SEP]", unk="[UNK]", mask="[MASK]")
ROBERTA = dict(cls="<s>", pad="<pad>", sep="</s>", unk="<unk>", mask="<mask>")
WORDS = ["the", "sea", "is", "so", "sings", "who", "in", "rising", "singing", "The", "SEA", "dust", "go", "sun", "a", "duet", "xyz", "Zebra", "séa", "海",
         "🐙", "\n", "\t", "ﬁ", "Ⅷ", "İs", "Straße", "한국", "the\u200bsea", "½", "…", "“so”", "sea's", "[MASK]x", "<pad>a", "\xa0", "ﷺ", "ΑΣ", "\u00ad", "👩‍👩‍👧", "sea?", "it.", "so,", "naïve", "th\u0065\u0301", "go-to", "0"]


def vocabulary(random, special, family):
    """Special tokens first in some order (now and then with others between them), then pieces."""
    names = list(special.values())
    if random.random() < 0.6:
        random.shuffle(names)
    pieces = list(LETTERS) + WHOLE
    if random.random() < 0.2:
        names.insert(random.randrange(len(names)), pieces.pop())
    return names, pieces


def build(random, family):
    """A fast tokenizer, and its special tokens by role."""
    kind = random.choice(["wordpiece"] * 6 + ["unigram", "bpe", "wordlevel"])
    if family == "gpt2" and random.random() < 0.5:
        kind = "bpe"
    special = dict(random.choice([BERT, BERT, ROBERTA]))
    names, pieces = vocabulary(random, special, family)
    lower = random.random() < 0.7
    if kind == "wordpiece":
        vocab = {piece: i for i, piece in enumerate(dict.fromkeys(names + pieces + ["##" + c for c in LETTERS] + ["##ing"]))}
        t = Tokenizer(models.WordPiece(vocab, unk_token=special["unk"], max_input_chars_per_word=random.choice([100, 100, 6])))
        t.normalizer = normalizers.BertNormalizer(lowercase=lower, strip_accents=random.choice([None, None, True, False]),
                                                  handle_chinese_chars=random.choice([True, True, False]))
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        if random.random() < 0.1:
            t.pre_tokenizer = random.choice([pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit()])
    elif kind == "wordlevel":
        t = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(dict.fromkeys(names + pieces))}, unk_token=special["unk"]))
        t.normalizer = normalizers.Lowercase() if lower else None
        t.pre_tokenizer = random.choice([pre_tokenizers.Whitespace(), pre_tokenizers.BertPreTokenizer()])
    elif kind == "unigram":
        scored = [(name, 0.0) for name in names] + [("▁", -3.0)] + [(c, -4.0 - i / 8) for i, c in enumerate(LETTERS + ".?")]
        scored += [("▁" + word, -2.0 - i / 4) for i, word in enumerate(WHOLE[2:])] + [("ing", -3.1), ("s", -2.9)]
        scored = list({piece: (piece, score) for piece, score in scored}.values())
        t = Tokenizer(models.Unigram(scored, unk_id=names.index(special["unk"])))
        t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]) if lower else normalizers.NFKC()
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=random.choice(["always", "first"]))
    else:
        alphabet = sorted(ByteLevel.alphabet())
        merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("s", "e"), ("se", "a"), ("Ġ", "sea"), ("i", "n"), ("in", "g"), ("Ġ", "s"), ("Ġs", "o"), ("i", "s")]
        pieces = dict.fromkeys(names + alphabet + [a + b for a, b in merges])
        t = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
        t.pre_tokenizer = ByteLevel(add_prefix_space=random.random() < 0.4)
    types = random.choice([True, True, False])
    template(random, t, special, types and special["cls"] == "[CLS]", family)
    if random.random() < 0.15:
        t.add_tokens([AddedToken(random.choice(["rising", "go-to", "THE"]), normalized=random.choice([True, False]), single_word=random.random() < 0.3,
                                 lstrip=random.random() < 0.2, rstrip=random.random() < 0.2)])
    if random.random() < 0.15:  # transformers sets both anew at each call
        t.enable_padding(length=random.choice([None, 30]), pad_id=t.token_to_id(special["pad"]), pad_token=special["pad"])
    if random.random() < 0.15:
        t.enable_truncation(random.choice([3, 6]))
    roles = {f"{role}_token": name for role, name in special.items()}
    if family == "gpt2" and random.random() < 0.3:
        roles = {"bos_token": special["cls"], "eos_token": special["sep"], "unk_token": special["unk"], "pad_token": special["pad"]}
    inputs = ["input_ids", "token_type_ids", "attention_mask"] if types else ["input_ids", "attention_mask"]
    if family in ("distilbert", "mpnet", "modernbert") or family == "gpt2" and random.random() < 0.8:
        inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=t, model_input_names=inputs, **roles), special


def template(random, t, special, types, family):
    """What is put around a text, and around two."""
    cls, sep = [(special[role], t.token_to_id(special[role])) for role in ("cls", "sep")]
    if family == "gpt2" and random.random() < 0.8:
        return
    kind = random.random()
    if kind < 0.15:
        t.post_processor = processors.BertProcessing(sep, cls)
    elif kind < 0.3:
        t.post_processor = processors.RobertaProcessing(sep, cls, trim_offsets=True, add_prefix_space=False)
    else:
        b = 1 if types else 0
        c, s = cls[0], sep[0]
        pair = f"{c}:0 $A:0 {s}:0 {s}:0 $B:{b} {s}:{b}" if special["cls"] == "<s>" else f"{c}:0 $A:0 {s}:0 $B:{b} {s}:{b}"
        t.post_processor = processors.TemplateProcessing(single=f"{c}:0 $A:0 {s}:0", pair=pair, special_tokens=[cls, sep])


def text(random, special, n=None, mask=False):
    words = [random.choice(WORDS) for _ in range(n or random.randint(1, 8))]
    if random.random() < 0.2:
        words.insert(random.randrange(len(words) + 1), special[random.choice(["pad", "sep", "pad", "unk", "cls"])])
    if mask:
        words.insert(random.randrange(len(words) + 1), special["mask"])
    return random.choice([" ", " ", " ", "  "]).join(words)
