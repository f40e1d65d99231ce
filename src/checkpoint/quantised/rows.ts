// Rows of codes, and of the numbers that scales make of them.

import type { ByteArray } from "../../options/globals.ts";
import type { Rows } from "../dtypes.ts";

/** Whole numbers of `bits` bits in rows of `perRow` words, the lowest bits first, less `bias`. */
export function packed(words: Uint32Array, width: number, bits: number, perRow: number, bias = 0): Rows {
  const mask = 2 ** bits - 1;
  return (row, out, at) => {
    const from = row * perRow;
    for (let i = 0; i < width; i++) out[at + i] = (code(words, from, i * bits, bits) & mask) - bias;
  };
}

/** The bits from `bit` on of words from `from` on; higher bits are anything. */
export function code(words: Uint32Array, from: number, bit: number, bits: number): number {
  const word = from + (bit >>> 5);
  const shift = bit & 31;
  const low = words[word] >>> shift;
  return shift + bits > 32 ? low | (words[word + 1] << (32 - shift)) : low;
}

/** Bytes by a table of their values. */
export const bytesOf =
  (bytes: ByteArray, width: number, table: Float32Array): Rows =>
  (row, out, at) => {
    for (let i = 0, from = row * width; i < width; i++) out[at + i] = table[bytes[from + i]];
  };

/** Halves of bytes, the lower first, by a table of their values. */
export const nibblesOf =
  (bytes: ByteArray, width: number, table: Float32Array): Rows =>
  (row, out, at) => {
    const from = row * (width >> 1);
    for (let i = 0; i < width; i++) out[at + i] = table[(bytes[from + (i >> 1)] >> ((i & 1) << 2)) & 15];
  };

/** Whole numbers with a sign. */
export const integersOf = (bytes: ByteArray, width: number): Rows => {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return (row, out, at) => out.set(signed.subarray(row * width, (row + 1) * width), at);
};

/** The scales of a matrix, each of a block of it. */
export interface Grid {
  scale: Float32Array;
  /** How many scales lie next to one another, and the rows and columns of a block. */
  columns: number;
  rows: number;
  width: number;
  /** Is subtracted of codes before they are scaled. */
  zero?: Float32Array;
  /** Is added after. */
  offset?: Float32Array;
  /** Which scale of its row each column has, where that is not by its place. */
  group?: Int32Array;
}

/** (code − zero) · scale + offset, in f32: the first two exact where scales have 16 bits. */
export function scaled(width: number, codes: Rows, grid: Grid): ScaledRows {
  const { scale, columns, rows, width: step, zero, offset, group } = grid;
  const decode: Rows = (row, out, at) => {
    codes(row, out, at);
    const first = Math.floor(row / rows) * columns;
    for (let i = 0; i < width; ) {
      const k = first + (group ? group[i] : Math.floor(i / step));
      const end = group ? i + 1 : Math.min(width, i + step);
      const [s, z, b] = [scale[k], zero ? zero[k] : 0, offset ? offset[k] : 0];
      if (offset) for (; i < end; i++) out[at + i] = (out[at + i] - z) * s + b;
      else for (; i < end; i++) out[at + i] = (out[at + i] - z) * s;
    }
  };
  return Object.assign(decode, { codes, grid });
}

/** Rows, and what they are made of. */
export type ScaledRows = Rows & { codes: Rows; grid: Grid };

/** A matrix the other way round: x [rows, columns] read where it lies. */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
  return out;
}
