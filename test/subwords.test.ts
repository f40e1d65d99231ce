// Byte-pair encoding and unigrams against the Rust tokenizers (reference/subwords.py): ids to the last, offsets by the laws
// they obey.

import { readFileSync } from "node:fs";
import * as huggingface from "@huggingface/tokenizers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RelpropError } from "../src/errors.ts";
import { aligned } from "../src/inputs/tokenizers/aligned.ts";
import { normalizer } from "../src/inputs/tokenizers/normalizers.ts";
import { pipeline } from "../src/inputs/tokenizers/pipeline.ts";
import { decoded, spelling } from "../src/inputs/tokenizers/spelling.ts";
import type { Token } from "../src/inputs/tokenizers/token.ts";
import { MAX_TEXT, type Tokenizer } from "../src/inputs/tokenizers/wordpiece.ts";

// biome-ignore lint/suspicious/noExplicitAny: tokenizer.json, before anything has checked it
type File = any;

interface Fixture {
  charsmap: string;
  texts: string[];
  two: [string, string][];
  /** Ids and offsets of the first texts, −1 for the template's tokens; checksums of the ids of the others. */
  kinds: Record<
    string,
    { file: File; rows: ([ids: number[], offsets: number[]] | number)[]; pairs: [number[], number[]][] }
  >;
}

const path = process.env.SUBWORDS_FIXTURE ?? "reference/subwords.json";
const fixture: Fixture = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
for (const { file } of Object.values(fixture.kinds)) restore(file.normalizer);
/** All texts on Node 20; where another engine's regular expressions and segmenter are at work, the first thousand. */
const texts = globalThis.navigator ? fixture.texts.slice(0, 1000) : fixture.texts;

/** The character map is in the fixture once. */
function restore(node: File): void {
  if (typeof node !== "object" || node === null) return;
  if (node.precompiled_charsmap) node.precompiled_charsmap = fixture.charsmap;
  for (const value of Object.values(node)) restore(value);
}

/** FNV-1a over whole ids. */
const checksum = (ids: readonly number[]) => ids.reduce((sum, id) => Math.imul(sum ^ id, 0x01000193) >>> 0, 0x811c9dc5);

for (const [name, { file, rows: wanted, pairs }] of Object.entries(fixture.kinds)) {
  const tokenizer = pipeline(file);

  test(`${name}: the ids of ${texts.length} texts as in Rust`, () => {
    for (const [i, text] of texts.entries()) {
      const { ids } = tokenizer.encode(text);
      const row = wanted[i];
      if (typeof row === "number") assert.is(checksum(ids), row, JSON.stringify(text));
      else assert.equal(ids, row[0], JSON.stringify(text));
    }
    const library = new huggingface.Tokenizer(structuredClone(file), {});
    const differs = texts.filter((text, i) => {
      const row = wanted[i];
      return typeof row === "object" && String(library.encode(text).ids) !== String(row[0]);
    });
    const full = wanted.filter((row) => typeof row === "object").length;
    console.log(`${name}: the JavaScript library alone has other ids in ${differs.length} of ${full} texts`);
  });

  test(`${name}: what a token stands for is what it was read from`, () => {
    const normalize = normalizer(file.normalizer);
    const memo = new Map<string, string>(); // most slices are words that other texts have too
    const normalized = (part: string) => {
      const found = memo.get(part) ?? bare(normalize(aligned(part, 0, part.length, 0), 0).text);
      memo.set(part, found);
      return found;
    };
    for (const text of texts) law(file, tokenizer, text, normalized);
  });

  test(`${name}: pairs as in Rust`, () => {
    for (const [i, [first, second]] of fixture.two.entries()) {
      const { ids, tokens } = tokenizer.encode(first, second);
      const [wanted, types] = pairs[i];
      assert.equal(ids, wanted, `${first} | ${second}`);
      if (types.includes(1)) {
        assert.equal(
          tokens.map(({ type = 0 }) => type),
          types,
        );
      }
      const both = `${first}\n${second}`;
      for (const { type, start, end } of tokens) {
        if (start === null) continue;
        assert.ok(type ? start > first.length : end! <= first.length, "each in its own text");
        assert.ok(end! <= both.length);
      }
    }
  });
}

/** Tokens that share characters, as those of one emoji's bytes do. */
interface Group {
  start: number;
  end: number;
  tokens: Token[];
}

/** Ranges are in order; what they hold normalises to their pieces, and what is in none to nothing. */
function law(file: File, { encode, unkId }: Tokenizer, text: string, normalized: (part: string) => string): void {
  const groups: Group[] = [];
  for (const token of encode(text).tokens) {
    const { start, end } = token;
    if (start === null || end === null) continue;
    const last = groups.at(-1);
    assert.ok(start <= end && end <= text.length && start >= (last?.start ?? 0), "in order");
    if (last && (start < last.end || (start === end && start === last.start))) {
      last.end = Math.max(last.end, end);
      last.tokens.push(token);
    } else groups.push({ start, end, tokens: [token] });
  }

  let seen = 0;
  for (const { start, end, tokens } of groups) {
    const where = `${JSON.stringify(text)}, ${tokens.map((token) => token.text)} at ${start}`;
    assert.is(normalized(text.slice(seen, start)), "", `before ${where}`);
    seen = end;
    if (tokens.some(({ id }) => id === unkId)) continue;
    const pieces = tokens.map((token) => token.text).join("");
    const added =
      tokens.some(({ special }) => special) || file.added_tokens.some((one: File) => one.content === pieces);
    const wanted = bare(written(file, pieces, added));
    const found = added ? bare(text.slice(start, end)) : normalized(text.slice(start, end));
    // White space is in no token's range, but a mark that follows it may be read by what they are together.
    if (found !== wanted) assert.is(normalized(`.${text.slice(Math.max(0, start - 1), end)}`), `.${wanted}`, where);
  }
  assert.is(normalized(text.slice(seen)), "", `after all of ${JSON.stringify(text)}`);
}

/** Without white space, which belongs to no range but its own. */
const bare = (text: string) => text.replace(/[\p{White_Space}▁]/gu, "");

/** The text that pieces were made of. */
function written({ model, pre_tokenizer: by }: File, pieces: string, added: boolean): string {
  if (added) return pieces;
  if (by?.type === "ByteLevel") return decoded([...spelling(by)!(pieces)]);
  if (!model.byte_fallback) return pieces;
  return pieces.replace(/(<0x[0-9A-F]{2}>)+/g, (all) => {
    const bytes = Uint8Array.from(all.match(/[0-9A-F]{2}/g)!, (byte) => Number.parseInt(byte, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  });
}

test("a long text of anything ends", () => {
  for (const { file } of Object.values(fixture.kinds)) {
    const { encode } = pipeline(file);
    for (const part of ["a", " ", "é", "한", "👩‍👩‍👧", "ab ", "\u0301", "<mask> ", "\n"]) {
      const text = part.repeat(MAX_TEXT / 32 / part.length);
      assert.ok(
        encode(text).tokens.every(({ start, end }) => start === null || (start <= end! && end! <= text.length)),
      );
    }
  }
});

test("what is not supported or invalid is refused by its field", () => {
  const { gpt2, albert } = fixture.kinds;
  const cases: [file: File, at: string, value: unknown, code: string][] = [
    [gpt2.file, "pre_tokenizer.type", "UnicodeScripts", "TokenizerUnsupported"],
    [albert.file, "normalizer.type", "Mystery", "TokenizerUnsupported"],
    [gpt2.file, "post_processor.type", "Mystery", "TokenizerUnsupported"],
    [gpt2.file, "model.dropout", 0.1, "TokenizerUnsupported"],
    [gpt2.file, "model.end_of_word_suffix", 5, "TokenizerInvalid"],
    [gpt2.file, "model.merges[0]", ["zq", "zq"], "TokenizerInvalid"],
    [gpt2.file, "model.vocab[a]", 1e9, "TokenizerInvalid"],
    [gpt2.file, "added_tokens[0].id", 7, "TokenizerInvalid"],
    [albert.file, "model.unk_id", null, "TokenizerInvalid"],
    [albert.file, "model.vocab[3]", ["x", null], "TokenizerInvalid"],
    [albert.file, "normalizer.normalizers[5].precompiled_charsmap", "AAAA", "TokenizerInvalid"],
    [albert.file, "post_processor.single[0]", { SpecialToken: { id: "[X]" } }, "TokenizerInvalid"],
  ];
  for (const [file, at, value, code] of cases) {
    const changed = structuredClone(file);
    const keys = at.split(/[.[\]]+/).filter(Boolean);
    keys.slice(0, -1).reduce((node, key) => node[key], changed)[keys.at(-1)!] = value;
    try {
      pipeline(changed);
    } catch (error) {
      assert.is((error as RelpropError).code, code, at);
      const named = (error as Error).message.replaceAll('"', "");
      assert.ok(named.includes(at), `${named} names ${at}`);
      continue;
    }
    assert.unreachable(`${at} passes`);
  }
});

test.run();
