// A matrix that is stored quantised, in several tensors: what its reader hands on, and how readers find and check the tensors.

import { quote, RelpropError } from "../../errors.ts";
import type { Layout } from "../../graph/layout.ts";
import type { AbortSignal, ByteArray } from "../../options/globals.ts";
import { type Rows, widen } from "../dtypes.ts";
import { read } from "../safetensors.ts";
import type { Stored } from "../tensors.ts";
import { e4m3, e5m2, e8m0 } from "./floats.ts";

/** All bytes of a stored tensor, as they are. */
export const readBytes = ({ file, info }: Stored, signal?: AbortSignal): Promise<ByteArray> =>
  read(file, info.start, info.end, `the file of ${quote(info.name)}`, signal);

/** The same with a signal of its own. */
export type Read = (stored: Stored) => Promise<ByteArray>;

export interface Layer {
  /** The name of the matrix. */
  name: string;
  /** [out, in] */
  shape: readonly number[];
  /** The names of the tensors it is stored in. */
  of: readonly string[];
  /** How it is stored, for people. */
  kind: string;
  /** Reads them all. What is returned writes a row of the matrix, decoded in f32; of one with a layout it has its codes too. */
  open(read: Read): Promise<Rows>;
  /** How it lies on a device, if it can stay narrow and be decoded to the same bits. */
  layout?: Layout;
  /** The lowest code that rows have, of a layout with offsets (default 0). */
  lowest?: number;
}

/** What a format's reader is given. */
export interface Source {
  stored: ReadonlyMap<string, Stored>;
  /** The field of config.json, and its value. */
  field: string;
  config: Readonly<Record<string, unknown>>;
  read: Read;
  signal?: AbortSignal;
}

/** The tensors of one layer, by the ends of their names. */
export class Tensors {
  readonly #stored: ReadonlyMap<string, Stored>;
  /** The layer's name, with the dot behind it. */
  readonly prefix: string;
  readonly names: string[] = [];

  constructor(stored: ReadonlyMap<string, Stored>, prefix: string) {
    this.#stored = stored;
    this.prefix = prefix;
  }

  /** A tensor of one of these dtypes (default: any float), if it is there. */
  find(end: string, dtypes: readonly string[] = FLOATS): Stored | undefined {
    const name = this.prefix + end;
    const found = this.#stored.get(name);
    if (!found) return undefined;
    if (!dtypes.includes(found.info.dtype)) {
      const message = `${quote(name)} is ${found.info.dtype}, it must be ${dtypes.join(" or ")}`;
      throw new RelpropError("UnexpectedDtype", message, { name, dtype: found.info.dtype });
    }
    this.names.push(name);
    return found;
  }

  get(end: string, dtypes?: readonly string[]): Stored {
    const found = this.find(end, dtypes);
    if (found) return found;
    const name = this.prefix + end;
    throw new RelpropError("MissingTensor", `the checkpoint has no ${name}`, { name });
  }
}

export const FLOATS: readonly string[] = ["F32", "F16", "BF16"];
export const WORDS: readonly string[] = ["I32", "U32"];

/** Every layer that has a tensor with this end of its name. */
export function* layers(stored: ReadonlyMap<string, Stored>, end: string): Generator<Tensors> {
  for (const name of stored.keys()) {
    if (name.endsWith(`.${end}`)) yield new Tensors(stored, name.slice(0, -end.length));
  }
}

export function unexpectedShape({ info }: Stored, wanted: readonly (number | string)[], why: string): RelpropError {
  const message = `${quote(info.name)} is [${info.shape.join(", ")}], ${why} needs [${wanted.join(", ")}]`;
  return new RelpropError("UnexpectedShape", message, { name: info.name, expected: wanted, got: info.shape });
}

/** Throws `UnexpectedShape` of a tensor that has another shape. */
export function hasShape(stored: Stored | undefined, wanted: readonly number[], why: string): void {
  if (!stored) return;
  const { shape } = stored.info;
  if (shape.length === wanted.length && shape.every((n, i) => n === wanted[i])) return;
  throw unexpectedShape(stored, wanted, why);
}

/** The rows and columns of a matrix. */
export function matrix(stored: Stored): readonly [number, number] {
  const { shape } = stored.info;
  if (shape.length !== 2 || !shape[0] || !shape[1]) throw unexpectedShape(stored, ["rows", "columns"], "a matrix");
  return [shape[0], shape[1]];
}

/** Bytes where numbers of 4 bytes may lie. */
const aligned = (bytes: ByteArray): ByteArray => (bytes.byteOffset % 4 ? bytes.slice() : bytes);

export function words(bytes: ByteArray): Uint32Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = aligned(bytes);
  return new Uint32Array(buffer, byteOffset, length >> 2);
}

const tables: Readonly<Record<string, () => Float32Array>> = { F8_E4M3: e4m3, F8_E5M2: e5m2, F8_E8M0: e8m0, U8: e8m0 };

/** Floats of any dtype as f32; U8 are powers of two, as microscaling formats have them. */
export async function numbers(stored: Stored, read: Read): Promise<Float32Array> {
  const bytes = await read(stored);
  const table = tables[stored.info.dtype]?.();
  return table ? Float32Array.from(bytes, (byte) => table[byte]) : widen(bytes, stored.info.dtype, stored.info.name);
}
