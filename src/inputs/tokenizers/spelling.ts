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

/** Of pieces one after the other, the text and where in it each lies; parts of a character share its range. */
export function spelled(pieces: readonly (readonly number[])[]): { text: string; ranges: [number, number][] } {
  const bytes = pieces.flat();
  const [starts, ends]: [number[], number[]] = [[], []]; // of each byte its character's
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    let next = at + 1;
    while (next < bytes.length && next - at < 4 && (bytes[next] & 0xc0) === 0x80) next++;
    const char = decoded(bytes.slice(at, next));
    for (; at < next; at++) {
      starts.push(text.length);
      ends.push(text.length + char.length);
    }
    text += char;
  }
  let to = 0;
  const ranges = pieces.map(({ length }): [number, number] => {
    const from = to;
    to += length;
    const start = starts[from] ?? text.length;
    return [start, length ? ends[to - 1] : start];
  });
  return { text, ranges };
}
