// A checkpoint of floats as if it had been quantised: each matrix is, and is decoded again, as it is read.

import { half } from "../../graph/decode.ts";
import { put } from "../dtypes.ts";
import type { NarrowMatrix } from "../narrow.ts";
import { type Bytes, read } from "../safetensors.ts";
import type { Stored } from "../tensors.ts";
import { whole } from "./narrowed.ts";
import { quantise, requantise } from "./quantise.ts";
import { type Bits, GROUP, quantising, type Width } from "./scheme.ts";

const BLOCK = 2 ** 18; // numbers
const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** The tensors of what `relprop quantize` would write; the config becomes that one's. */
export function requantised(
  stored: ReadonlyMap<string, Stored>,
  config: Record<string, unknown>,
  to: Width,
  shared: boolean,
) {
  const { targets, config: changed } = quantising(stored, config, to, shared);
  Object.assign(config, changed);
  return new Map(targets.map(({ name, stored, bits }) => [name, bits ? matrix(name, stored, bits) : stored] as const));
}

function matrix(name: string, { file: from, info: given }: Stored, bits: Bits): Stored {
  const size = BYTES[given.dtype];
  const end = (4 * (given.end - given.start)) / size;
  const file: Bytes = {
    size: end,
    // Reads are of whole groups: pieces are, and so is a matrix.
    async read(start, end, signal, into) {
      const [first, last] = [given.start + (start / 4) * size, given.start + (end / 4) * size];
      const stored = await read(from, first, last, given.name, signal);
      const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
      const x = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      put(stored, given.dtype, x, given.name, start / 4);
      requantise(x, bits, given.name, start / 4);
      return bytes;
    },
  };
  const info = { name, dtype: "F32", shape: given.shape, start: 0, end };
  const layout = whole(bits, GROUP, false);
  const rows: NarrowMatrix["rows"] = async function* (signal) {
    const [all, width] = given.shape;
    const many = Math.max(1, Math.floor(BLOCK / width));
    for (let row = 0; row < all; row += many) {
      const x = new Float32Array(Math.min(many, all - row) * width);
      const first = given.start + row * width * size;
      put(
        await read(from, first, first + x.length * size, given.name, signal),
        given.dtype,
        x,
        given.name,
        row * width,
      );
      const { codes, scales } = quantise(x, bits, given.name, row * width);
      const bytes = new Uint8Array(codes.length);
      for (let i = 0, plus = 2 ** (bits - 1); i < bytes.length; i++) bytes[i] = codes[i] + plus;
      yield { row, codes: bytes, scales: Float32Array.from(scales, half) };
    }
  };
  return { file, info, quantised: { ...info, dtype: `int${bits}`, narrow: { layout, rows } } };
}
