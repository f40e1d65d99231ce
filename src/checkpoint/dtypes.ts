// Numbers as checkpoints store them, widened to f32: a tensor at once, or a table's rows as they are asked for.

import { quote, RelpropError } from "../errors.ts";
import type { TensorInfo } from "./header.ts";

/** Writes a row of a table to `out`, from `offset` on. */
export type Rows = (row: number, out: Float32Array, offset: number) => void;

/**
 * Writes numbers of a float dtype to `out` as f32: F32, F16 and BF16 bit for bit, F64 rounded to nearest. `first` is the
 * index of the first of them in their tensor, for messages.
 */
export function put(bytes: Uint8Array<ArrayBuffer>, dtype: string, out: Float32Array, name: string, first = 0): void {
  const { view, convert } = float(dtype, name);
  const x = viewed(bytes, view, name);
  convert(x, 0, x.length, out, 0, name, first);
}

/** The same numbers in an array of their own. */
export function widen(bytes: Uint8Array<ArrayBuffer>, dtype: string, name = "a tensor"): Float32Array {
  const out = new Float32Array(bytes.length / float(dtype, name).view.BYTES_PER_ELEMENT);
  put(bytes, dtype, out, name);
  return out;
}

/** A table that stays as narrow as it is stored, and is widened a row at a time. Checked to be finite once, here. */
export function rows(bytes: Uint8Array<ArrayBuffer>, { name, dtype, shape }: TensorInfo): Rows {
  const { view, convert } = float(dtype, name);
  const x = viewed(bytes, view, name);
  const part = new Float32Array(Math.min(x.length, 4096));
  for (let from = 0; from < x.length; from += part.length) {
    const n = Math.min(part.length, x.length - from);
    convert(x, from, n, part, 0, name);
    checkFinite(part.subarray(0, n), name, from);
  }
  const width = shape.at(-1) ?? 1;
  return (row, out, offset) => {
    const from = row * width;
    if (!(from >= 0 && from + width <= x.length)) throw noRow(name, shape, row);
    convert(x, from, width, out, offset, name);
  };
}

export const noRow = (name: string, shape: readonly number[], row: number): RelpropError =>
  new RelpropError("InvalidInput", `${quote(name)} [${shape}] has no row ${row}`, { name, row });

/** Throws `NonFiniteWeights` at the first NaN or infinity; `first` is the index of `values[0]` in the tensor. */
export function checkFinite(values: Float32Array, name: string, first = 0): void {
  const bits = bitsOf(values);
  let any = 0;
  let i = 0;
  for (; i + 4 <= bits.length; i += 4) {
    any |= carry(bits[i]) | carry(bits[i + 1]) | carry(bits[i + 2]) | carry(bits[i + 3]);
  }
  for (; i < bits.length; i++) any |= carry(bits[i]);
  if (any >= 0) return;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  nonFinite(name, first + bad, values[bad]);
}

/** The exponent of infinities and NaNs is all ones: one more carries into the sign. */
const carry = (bits: number) => (bits & 0x7f800000) + 0x00800000;

function nonFinite(name: string, index: number, value: number): never {
  const message = `${quote(name)} holds ${value} at ${index}, weights must be finite in f32`;
  throw new RelpropError("NonFiniteWeights", message, { name, index, value });
}

type View = Float32Array | Float64Array | Uint16Array;

interface Float {
  view: { new (buffer: ArrayBuffer, offset: number, length: number): View; BYTES_PER_ELEMENT: number };
  /** Writes x[from … from + n) to `out` from `offset` on; x[0] is number `first` of its tensor. */
  convert(x: View, from: number, n: number, out: Float32Array, offset: number, name: string, first?: number): void;
}

const floats = new Map<string, Float>([
  ["F32", { view: Float32Array, convert: (x, from, n, out, offset) => out.set(x.subarray(from, from + n), offset) }],
  ["F16", { view: Uint16Array, convert: fromF16 }],
  ["BF16", { view: Uint16Array, convert: fromBF16 }],
  ["F64", { view: Float64Array, convert: fromF64 }],
]);

/** How to read a dtype. Throws `Dtype`, or `UnexpectedDtype` for one that holds no floats. */
export function float(dtype: string, name: string): Float {
  const found = floats.get(dtype);
  if (found) return found;
  const code = /^(BOOL|[IU]\d+)$/.test(dtype) ? "UnexpectedDtype" : "Dtype";
  throw new RelpropError(code, `${quote(name)} is ${quote(dtype)}, weights are F32, F16, BF16 or F64`, { name, dtype });
}

/** The bytes as numbers; copied where they lie at an odd place, which typed arrays refuse. */
function viewed(bytes: Uint8Array<ArrayBuffer>, View: Float["view"], name: string): View {
  const size = View.BYTES_PER_ELEMENT;
  if (bytes.length % size) {
    throw new RelpropError("SizeMismatch", `${quote(name)} has ${bytes.length} bytes, ${size} a number`, { name });
  }
  const { buffer, byteOffset } = bytes.byteOffset % size ? new Uint8Array(bytes) : bytes;
  return new View(buffer, byteOffset, bytes.length / size);
}

const bitsOf = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);

function fromF16(x: View, from: number, n: number, out: Float32Array, offset: number): void {
  const bits = bitsOf(out);
  for (let i = 0; i < n; i++) {
    const h = x[from + i];
    const sign = (h & 0x8000) << 16;
    const rest = (h & 0x7fff) << 13;
    if (h & 0x7c00) {
      // The exponent's bias goes from 15 to 127, the exponent of infinities and NaNs from 31 to 255.
      bits[offset + i] = sign | (rest + ((h & 0x7c00) === 0x7c00 ? 0x70000000 : 0x38000000));
    } else {
      out[offset + i] = (sign ? -(2 ** -24) : 2 ** -24) * (h & 0x3ff); // zero or subnormal, both exact in f32
    }
  }
}

function fromBF16(x: View, from: number, n: number, out: Float32Array, offset: number): void {
  const bits = bitsOf(out);
  for (let i = 0; i < n; i++) bits[offset + i] = x[from + i] << 16;
}

function fromF64(x: View, from: number, n: number, out: Float32Array, offset: number, name: string, first = 0): void {
  for (let i = 0; i < n; i++) {
    const value = x[from + i];
    out[offset + i] = value;
    if (!Number.isFinite(out[offset + i]) && Number.isFinite(value)) nonFinite(name, first + from + i, value);
  }
}

/** A number that stays finite as an f32. */
export const isFloat = (value: unknown): boolean => typeof value === "number" && Number.isFinite(Math.fround(value));

/** A list of exactly so many finite numbers, each read once and by its place; undefined of any other. */
export function finiteNumbers(list: unknown, count: number): Float32Array | undefined {
  const numbers = list as ArrayLike<number> | null | undefined;
  if (numbers?.length !== count) return undefined;
  const found = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const value = numbers[i];
    if (!isFloat(value)) return undefined;
    found[i] = value;
  }
  return found;
}
