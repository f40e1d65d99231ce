// Narrow matrices in f32, by the definition in layout.ts: what kernels are held to, and how tables are read on the host.

import { bitsOf, type Layout, places } from "./layout.ts";
import type { Shape } from "./tensor.ts";

/** The numbers of a matrix that lies so. */
export function decode(buffer: Uint32Array, shape: Shape, layout: Layout): Float32Array {
  const out = new Float32Array(shape.reduce((n, d) => n * d, 1));
  const width = shape[shape.length - 1];
  for (let row = 0; row < out.length / width; row++) decodeRow(buffer, shape, layout, row, out, row * width);
  return out;
}

/** A row of them, to `out` from `to` on. */
export function decodeRow(
  buffer: Uint32Array,
  shape: Shape,
  layout: Layout,
  row: number,
  out: Float32Array,
  to: number,
): void {
  const { kind, group } = layout;
  const at = places(shape, layout);
  const values = new Float32Array(buffer.buffer, buffer.byteOffset, buffer.length);
  const width = shape[shape.length - 1];
  const bits = bitsOf(kind);
  const middle = layout.offsets ? 0 : 2 ** (bits - 1);
  for (let j = 0, i = row * width; j < width; j++, i++) {
    const code = (buffer[Math.floor((i * bits) / 32)] >>> ((i * bits) % 32)) & (2 ** bits - 1);
    if (!group) {
      out[to + j] = kind === "bf16" ? bfloat(code) : half(code);
      continue;
    }
    const k = row * at.groups + Math.floor(j / group);
    const value = at.table ? values[at.table + code] : code - middle;
    out[to + j] = value * values[at.scales + k]; // rounded to f32 before an offset is added
    if (at.offsets) out[to + j] += values[at.offsets + k];
  }
}

const word = new Uint32Array(1);
const bfloat = (code: number): number => {
  word[0] = code << 16;
  return new Float32Array(word.buffer)[0];
};

/** A finite number of 16 bits by its code. */
export function half(code: number): number {
  const exponent = (code >> 10) & 31;
  const rest = code & 1023;
  const size = exponent ? (1 + rest / 1024) * 2 ** (exponent - 15) : rest * 2 ** -24;
  return code & 0x8000 ? -size : size;
}
