// Characters, scores and bytes as the Rust tokenizers read them (reference/characters.py). They know older versions of Unicode
// than JavaScript does, read numbers a bit off, and take a suffix for bytes.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { aligned } from "../src/inputs/tokenizers/aligned.ts";
import { wordsOf } from "../src/inputs/tokenizers/bert_words.ts";
import { normalizer } from "../src/inputs/tokenizers/normalizers.ts";
import { pipeline } from "../src/inputs/tokenizers/pipeline.ts";
import { split } from "../src/inputs/tokenizers/splits.ts";
import { asRustReads } from "../src/inputs/tokenizers/unigram.ts";

const fixture: {
  changed: Record<string, [number, number][]>;
  scores: [given: number, read: number][];
  bytes: [file: object, rows: [string, number[]][]][];
} = JSON.parse(readFileSync(new URL("reference/characters.json", import.meta.url), "utf8"));

const NONE = { clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false };
const asked: Record<string, object> = {
  clean_text: { type: "BertNormalizer", ...NONE, clean_text: true },
  strip_accents: { type: "BertNormalizer", ...NONE, strip_accents: true },
};

/** All characters but unassigned planes, and those that are surrogates. */
function* codes(): Generator<number> {
  for (let c = 0; c < 0x33480; c++) if (c < 0xd800 || c >= 0xe000) yield c;
  for (let c = 0xe0000; c < 0xe0200; c++) yield c;
}

for (const [name, ranges] of Object.entries(fixture.changed)) {
  test(`${name} of every character`, () => {
    const json = asked[name] ?? { type: name, behavior: "Isolated" };
    const change = name === "Punctuation" ? split(json) : normalizer(json);
    const words = name in asked ? wordsOf({ ...NONE, [name]: true }) : undefined;
    let next = 0;
    const wrong: string[] = [];
    for (const c of codes()) {
      while (ranges[next]?.[1] < c) next++;
      const wanted = c >= (ranges[next]?.[0] ?? Number.POSITIVE_INFINITY);
      const text = `a${String.fromCodePoint(c)}b`;
      const got = change(aligned(text, 0, text.length, 0), 0);
      const changed = Array.isArray(got) ? got.length > 1 : got.text !== text;
      let found = "";
      words?.(text, 0, text.length, (word) => {
        found += word;
      });
      const dropped = found.length === 2 && name === "strip_accents"; // white space is, too
      if (changed !== wanted || (dropped && !wanted && !/\p{White_Space}/u.test(text))) wrong.push(c.toString(16));
    }
    assert.equal(wrong, []);
  });
}

test("scores lose the bit that the Rust library loses", () => {
  for (const [given, read] of fixture.scores) assert.is(asRustReads(given), read);
  assert.ok(fixture.scores.some(([given, read]) => given !== read));
  assert.is(asRustReads(0), 0);
  assert.is(asRustReads(-3e-7), -3e-7);
});

test("a suffix and a prefix are bytes, too, of what the vocabulary lacks", () => {
  for (const [file, rows] of fixture.bytes) {
    for (const [text, ids] of rows) assert.equal(pipeline(file).encode(text).ids, ids, text);
  }
});

test.run();
