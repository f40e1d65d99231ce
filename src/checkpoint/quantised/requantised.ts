// A checkpoint of floats as if it had been quantised: each matrix is, and is decoded again, as it is read.

import { put } from "../dtypes.ts";
import { type Bytes, read } from "../safetensors.ts";
import type { Stored } from "../tensors.ts";
import { requantise } from "./quantise.ts";
import { type Bits, quantising, type Width } from "./scheme.ts";

const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** The tensors of what `relprop quantize` would write; the config becomes that one's. */
export function requantised(stored: ReadonlyMap<string, Stored>, config: Record<string, unknown>, to: Width) {
  const { targets, config: changed } = quantising(stored, config, to);
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
  return { file, info, quantised: { ...info, dtype: `int${bits}` } };
}
