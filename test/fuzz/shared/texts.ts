// Texts that tokenizers, renderers and terminals stumble over.

import type { Random } from "../../corpus/safetensors-mutants.ts";
import { pick } from "./fuzzer.ts";

const pieces: readonly string[] = [
  ...[
    "a",
    " ",
    "good ",
    "the ",
    "naïve ",
    "ß",
    "İ",
    "ﬁ",
    "1,0",
    "it's ",
    ".",
    "\n",
    "\t",
    "\r\n",
    "最高の",
    "สวัสดี",
    "한",
    "한",
  ],
  ...[
    "\ud83d",
    "\ude00",
    "\ude00\ud83d",
    "\ud800",
    "\udfff",
    "\0",
    "\x07",
    "\x1b[31m",
    "\x9b2J",
    "\x7f",
    "\x85",
    "\ufffd",
  ],
  ...[
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "שלום ",
    "سلام ",
    "\u200d",
    "👩‍👩‍👧",
    "👍🏽",
    "🇩🇪",
    "🇩",
    "\ufe0f",
    "\u200b",
    "\u2060",
  ],
  ...[
    "\u0301",
    "e\u0301",
    "\u0345",
    "\u093c",
    "\u1100",
    "\u1161",
    "\ufdfa",
    "\ufeff",
    "\u2028",
    "\u00ad",
    "\uffff",
    "\u{10ffff}",
  ],
  ...["\u{e0041}", "\u{e0100}", "\u{1d400}", "\u{2f800}", "\u{1f1e6}", "\u3000", "\u00a0", "ﾊﾟ", "①", "½", "㍿"],
  ...[
    "[SEP]",
    "[CLS]",
    "[MASK]",
    "[UNK]",
    "[PAD]",
    "<s>",
    "</s>",
    "<mask>",
    "<unk>",
    "<pad>",
    "<|endoftext|>",
    "##a",
    "▁",
    "Ġ",
  ],
  ...["<script>", "</style>", "&amp;", '"', "'", "`", "__proto__", "constructor", "\\", "\\ud800", "%00", "{{x}}"],
];

/** Up to 2 ** `most` letters or so; one in eight is long. */
export function text(random: Random, most = 17): string {
  const some = Array.from({ length: random(12) }, () => pick(random, pieces));
  if (random(8)) return some.join("");
  const flood = pick(random, pieces);
  return some.join("") + flood.repeat(Math.ceil(random(2 ** (1 + random(most))) / flood.length));
}

/** Every UTF-16 unit may be in it. */
export const units = (random: Random): string =>
  Array.from({ length: random(20) }, () => String.fromCharCode(random(2 ** (6 + random(11))))).join("");
