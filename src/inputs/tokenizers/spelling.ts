// From pieces of a vocabulary to text, by tokenizer.json's decoder. A piece may be part of a character, so text is bytes here.

import { asText } from "../../errors.ts";
import { BYTES } from "./bytes.ts";
import type { Json } from "./fields.ts";

type Spell = (piece: string) => readonly number[];

const encoder = new TextEncoder();
const utf8: Spell = (text) => [...encoder.encode(text)];

/**
 * The bytes of UTF-8 of each piece inside a text; where there is no decoder, pieces are words. Undefined for
 * decoders that are none of those known.
 */
export function spelling(decoder: unknown): Spell | undefined {
  const steps = listed(decoder as Json | null);
  const has = (type: string) => steps.some((step) => step.type === type);
  if (has("ByteLevel")) {
    const numbers = new Map(BYTES.map((char, byte) => [char, byte]));
    return (piece) => Array.from(piece, (char) => numbers.get(char) ?? utf8(char)).flat();
  }
  if (has("Metaspace") || steps.some(({ type, content }) => type === "Replace" && content === " ")) {
    const byte = (piece: string) => (has("ByteFallback") ? /^<0x([0-9A-F]{2})>$/.exec(piece) : null);
    return (piece) => {
      const found = byte(piece);
      return found ? [Number.parseInt(found[1], 16)] : utf8(piece.replaceAll("▁", " "));
    };
  }
  if (has("WordPiece") || !steps.length) {
    const prefix = asText(steps[0]?.prefix ?? "##");
    return (piece) => utf8(piece.startsWith(prefix) ? piece.slice(prefix.length) : ` ${piece}`);
  }
  return undefined;
}

const listed = (decoder: Json | null): Json[] =>
  decoder?.type === "Sequence" ? ((decoder.decoders ?? []) as Json[]) : decoder ? [decoder] : [];

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of bytes; what is no character, such as half of one, is U+FFFD. */
export const decoded = (bytes: readonly number[]): string => lenient.decode(Uint8Array.from(bytes));

/** Text of pieces that come one after the other. */
export interface Speller {
  /** The text so far; a character that has not all its bytes yet is U+FFFD at its end. */
  readonly text: string;
  /** Adds a piece; returns the characters that are complete by it. */
  add(bytes: readonly number[]): string;
  /** Where the piece lies that was added as number `k`, in UTF-16 units; pieces of one character share its range. */
  range(k: number): [start: number, end: number];
}

export function speller(): Speller {
  let complete = "";
  let rest: readonly number[] = [];
  const ranges: [start: number, end: number][] = [];
  let open = 0; // the pieces from this one on end in `rest`
  return {
    get text() {
      return complete + decoded(rest);
    },
    add(bytes) {
      const all = [...rest, ...bytes];
      const n = all.length - unfinished(all);
      const added = decoded(all.slice(0, n));
      let start = complete.length;
      if (rest.length && n) {
        const first = width(all);
        const end = start + decoded(all.slice(0, first)).length;
        for (; open < ranges.length; open++) ranges[open][1] = end;
        if (first <= rest.length) start = end; // the character was left unfinished
      }
      complete += added;
      rest = all.slice(n);
      ranges.push([start, complete.length]);
      if (!rest.length) open = ranges.length;
      return added;
    },
    range(k) {
      const [start, end] = ranges[k];
      return [start, k < open ? end : complete.length + decoded(rest).length];
    },
  };
}

/** How many bytes the character at the beginning has. */
function width(bytes: readonly number[]): number {
  let n = 1;
  while (n < bytes.length && n < 4 && (bytes[n] & 0xc0) === 0x80) n++;
  return n;
}

/** How many bytes at the end are the beginning of a character that needs more. */
function unfinished(bytes: readonly number[]): number {
  for (let n = 1; n <= Math.min(3, bytes.length); n++) {
    const byte = bytes[bytes.length - n];
    if ((byte & 0xc0) === 0x80) continue;
    return byte >= 0xc0 && n < (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 0) ? n : 0;
  }
  return 0;
}
