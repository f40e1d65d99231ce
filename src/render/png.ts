// A PNG file of pixels (W3C PNG, third edition), not compressed: everywhere, at once, by nobody's help.

import type { Pixels } from "../inputs/images/picture.ts";

const STORED = 65535; // bytes of a block that is not compressed, at most

/** RGBA pixels as a file. */
export function encodePng({ data, width, height }: Pixels): Uint8Array<ArrayBuffer> {
  const lines = new Uint8Array(height * (4 * width + 1)); // each begins with its filter, 0 for none
  for (let y = 0; y < height; y++) {
    lines.set(data.subarray(4 * width * y, 4 * width * (y + 1)), (4 * width + 1) * y + 1);
  }
  const parts: number[][] = [[0x78, 0x01]];
  const blocks: (number[] | Uint8Array)[] = parts;
  for (let at = 0; at < lines.length; at += STORED) {
    const n = Math.min(STORED, lines.length - at);
    blocks.push(
      [Number(at + n === lines.length), n & 255, n >> 8, ~n & 255, (~n >> 8) & 255],
      lines.subarray(at, at + n),
    );
  }
  blocks.push(big(adler(lines)));
  return joined([
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    chunk("IHDR", joined([big(width), big(height), [8, 6, 0, 0, 0]])),
    chunk("IDAT", joined(blocks)),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const body = joined([Array.from(type, (char) => char.charCodeAt(0)), content]);
  return joined([big(content.length), body, big(crc(body))]);
}

const big = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function joined(parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function crc(bytes: Uint8Array): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

function adler(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}
