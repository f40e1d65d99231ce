// Numbers in groups as whole numbers and a scale.

import { quote, RelpropError } from "../../errors.ts";
import { half } from "../../graph/decode.ts";
import { checkFinite } from "../dtypes.ts";
import { type Bits, GROUP } from "./scheme.ts";

/** Parts of the largest value that a scale may be, of which the one with the least error is taken. */
const PARTS: Readonly<Record<Bits, readonly number[]>> = { 8: [127], 4: [7, 7.5, 8, 8.5] };

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** The nearest number of 16 bits to one that is not negative: its code, infinity's of those beyond. */
function toHalf(x: number): number {
  value[0] = x;
  if (x < 2 ** -14) return Math.round(x * 2 ** 24);
  return Math.min(0x7c00, (bits[0] - (112 << 23) + 0xfff + ((bits[0] >>> 13) & 1)) >>> 13);
}

/**
 * The codes of numbers in whole groups, −2^(bits − 1) to 2^(bits − 1) − 1, and the scale of each group as F16. `name` and
 * `first`, the index of x[0] in the tensor, are for messages.
 */
export function quantise(x: Float32Array, by: Bits, name: string, first: number) {
  checkFinite(x, name, first);
  const codes = new Int8Array(x.length);
  const scales = new Uint16Array(x.length / GROUP);
  const top = 2 ** (by - 1);
  for (let g = 0; g < scales.length; g++) {
    const from = g * GROUP;
    let most = 0;
    for (let i = from; i < from + GROUP; i++) most = Math.max(most, Math.abs(x[i]));
    let least = Infinity;
    for (const part of PARTS[by]) {
      const code = toHalf(most / part);
      const scale = half(code);
      const error = scale && PARTS[by].length > 1 ? errorOf(x, from, scale, top) : 0;
      if (error < least) [least, scales[g]] = [error, code];
    }
    const scale = half(scales[g]);
    if (!Number.isFinite(scale) || scales[g] >= 0x7c00) {
      const message = `${quote(name)} holds ${most}; a scale in F16 has at most ${65504 * (top - 1)}`;
      throw new RelpropError("LimitExceeded", message, { name });
    }
    if (scale) for (let i = from; i < from + GROUP; i++) codes[i] = codeOf(x[i], scale, top);
  }
  return { codes, scales };
}

const codeOf = (x: number, scale: number, top: number) => Math.min(top - 1, Math.max(-top, Math.round(x / scale)));

function errorOf(x: Float32Array, from: number, scale: number, top: number): number {
  let error = 0;
  for (let i = from; i < from + GROUP; i++) error += (x[i] - scale * codeOf(x[i], scale, top)) ** 2;
  return error;
}

/** The same numbers as they are decoded, in place. */
export function requantise(x: Float32Array, by: Bits, name: string, first: number): void {
  const { codes, scales } = quantise(x, by, name, first);
  for (let i = 0; i < x.length; i++) x[i] = codes[i] * half(scales[Math.floor(i / GROUP)]);
}
