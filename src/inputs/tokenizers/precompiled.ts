// SentencePiece's normaliser as it is shipped in tokenizer.json: a trie of byte sequences (Darts, Yata 2007) and what each
// becomes. As in Rust's spm_precompiled, a short grapheme is looked up whole, by the first of its beginnings that is there,
// and other characters one by one.

import { RelpropError } from "../../errors.ts";
import { type Match, replaced } from "./aligned.ts";
import { invalid, text } from "./fields.ts";
import type { Normalize } from "./normalizers.ts";

const MOST = 2 ** 22; // characters of Base64
const STRETCH = 512; // UTF-16 units
const LONGEST = 1024; // bytes that a character or a grapheme may become
const SHORT = 6; // bytes that a grapheme has fewer of to be looked up

export function precompiled(json: unknown, field: string): Normalize {
  const bytes = decoded(json, field);
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  if (!size || size % 4 || 4 + size > bytes.length) throw invalid(field, "is cut short");
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const words = bytes.subarray(4 + size);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** What the shortest beginning that the trie knows becomes. */
  const probe = (chars: Uint8Array): string | undefined => {
    let at = offset(units[0]);
    for (const byte of chars) {
      if (!byte) return undefined;
      at ^= byte;
      const unit = units[at];
      if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
      at ^= offset(unit);
      if ((unit >>> 8) & 1) {
        const from = units[at] & 0x7fffffff;
        const found = words.subarray(from, from + LONGEST);
        const end = found.indexOf(0);
        if (end < 0 && found.length === LONGEST) throw limit(field);
        return decoder.decode(end < 0 ? found : found.subarray(0, end));
      }
    }
    return undefined;
  };
  const memo = new Map<string, string | undefined>();
  const become = (chars: string): string | undefined => {
    if (memo.has(chars)) return memo.get(chars);
    const encoded = encoder.encode(chars);
    const whole = chars.length < 3 && [...chars].length === 1;
    const made = whole || encoded.length < SHORT ? probe(encoded) : undefined;
    if (memo.size > 10_000) memo.clear(); // texts choose what is in it
    memo.set(chars, made);
    return made;
  };

  /** Graphemes that are looked up whole, and the characters of all others. */
  function* parts(x: string): Generator<Match> {
    for (const [found, at] of graphemes(x)) {
      if (found.length > 1 && become(found) !== undefined) {
        yield { 0: found, index: at };
        continue;
      }
      let index = at;
      for (const char of found) {
        yield { 0: char, index };
        index += char.length;
      }
    }
  }
  return (x, shift) => {
    const y = replaced(x, parts(x.text), (chars) => become(chars) ?? chars);
    // Rust forgets what is dropped at the start of a text.
    return y.starts[0] === x.starts[0] ? y : { ...y, opening: x.starts[0] - shift };
  };
}

function limit(field: string): RelpropError {
  const message = `the tokenizer's ${field} makes ${LONGEST} bytes or more of one character`;
  return new RelpropError("LimitExceeded", message, { field });
}

const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A text's graphemes and where they begin. A stretch at a time: V8's segmenter takes quadratic time. */
function* graphemes(text: string): Generator<[string, number]> {
  for (let from = 0; from < text.length; ) {
    const to = Math.min(text.length, from + STRETCH);
    const found = Array.from(clusters.segment(text.slice(from, to)), ({ segment }) => segment);
    if (to < text.length && found.length > 1) found.pop(); // may go on
    for (const one of found) {
      yield [one, from];
      from += one.length;
    }
  }
}

const offset = (unit: number) => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);

function decoded(json: unknown, field: string): Uint8Array<ArrayBuffer> {
  const encoded = text(json, field, MOST);
  try {
    return Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  } catch {
    throw invalid(field, "is not Base64");
  }
}
