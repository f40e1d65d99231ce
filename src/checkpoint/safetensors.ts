// Safetensors, read strictly. A file is a length N, N bytes of JSON that give each tensor's dtype, shape and byte range,
// then the tensors without a gap. So the header fixes the file's size: what is damaged, cut off or no safetensors at all
// is known before a tensor is read, and nothing is allocated from a number that was not held against that size.
//
// The rules of the reference reader (safetensors 0.8.0) and the codes here; a file is refused for its first fault.
//
//   V1       fewer than 8 bytes           HeaderTooSmall  V10      shape of whole numbers       Shape
//   V2, V3   N > 100 MB (ours: 16 MiB)    HeaderTooLarge  V11      two offsets, not reversed    Offset
//   V4       8 + N > file                 HeaderLength    V12      each begins where one ends   Hole, Overlap
//   V5       valid UTF-8                  HeaderUtf8      V13–V15  shape fills whole bytes      Shape
//   V6       JSON, an object              HeaderJson      V16      range as long as the shape   SizeMismatch
//   V7, V8   known fields, each once      HeaderField     V17      file as long as 8 + N + end  Truncated,
//   V9       dtype known                  Dtype                                                 TrailingBytes
//
// Stricter than the reference in this: no key twice, however it is spelt (HeaderDuplicateKey); no fields beyond the
// format's, no entries as lists, no metadata null, no tensor's name empty or with U+0000 (HeaderField); no dtype as an
// object (Dtype); no rank > 8, no dimension ≥ 2^31, no 2^52 bits (Shape); limits (LimitExceeded, HeaderTooLarge).

import { type ErrorCode, quote, RelpropError, throwIfAborted } from "../errors.ts";
import type { AbortSignal, ByteArray } from "../options/globals.ts";
import { float, put } from "./dtypes.ts";
import { fail, type Header, parse, type TensorInfo } from "./header.ts";

/** A file as random access: what every source of `load()` comes down to. */
export interface Bytes {
  readonly size: number;
  /** The bytes from `start` up to `end`, in a buffer that is the caller's to keep; sources that can put them at the start of
   * `into`, which is large enough. */
  read(start: number, end: number, signal?: AbortSignal, into?: ByteArray): Promise<ByteArray>;
}

export interface HeaderOptions {
  signal?: AbortSignal;
  /** The longest header in bytes (default 2^24, at most 10^8) and the most tensors (default 2^16) to read. */
  limits?: { header?: number; tensors?: number };
}

const MOST_BITS = 2 ** 52;
const MOST_HEADER = 2 ** 24; // bytes
const MOST_TENSORS = 2 ** 16;

/** Bits an element. */
const dtypes = new Map(
  Object.entries({
    ...{ F64: 64, F32: 32, F16: 16, BF16: 16, BOOL: 8, C64: 64 },
    ...{ I64: 64, I32: 32, I16: 16, I8: 8, U64: 64, U32: 32, U16: 16, U8: 8 },
    ...{ F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4 },
  }),
);

/** Reads and checks a file's header; `label` is what messages call the file. Throws a RelpropError, see the table. */
export async function readHeader(file: Bytes, label: string, options: HeaderOptions = {}): Promise<Header> {
  const { signal, limits = {} } = options;
  try {
    const begin = 8 + (await headerLength(file, label, Math.min(limits.header ?? MOST_HEADER, 1e8), signal));
    const text = decode(await read(file, 8, begin, label, signal), label);
    return checkedHeader(text, label, { begin, size: file.size, tensors: limits.tensors });
  } catch (error) {
    const early = error instanceof RelpropError && /^Header(TooSmall|TooLarge|Length|Utf8|Json)$/.test(error.code);
    if (!early || !file.size) throw error;
    const { foreign } = await import("./foreign.ts");
    throw (await foreign(file, label, error, signal)) ?? error;
  }
}

/** Parses the header of a file of `size` bytes; its tensors begin at `begin`. */
export function checkedHeader(text: string, label: string, file: { begin: number; size: number; tensors?: number }) {
  const { begin, size, tensors = MOST_TENSORS } = file;
  const header = parse(text, label, begin, tensors);
  const end = layoutEnd(header, begin, label);
  if (end > size) fail(label, "Truncated", `ends after ${size} of ${end} bytes: get the file again`, { size, end });
  if (end < size) fail(label, "TrailingBytes", `has ${size} bytes, its tensors end at ${end}`, { size, end });
  return header;
}

async function headerLength(file: Bytes, label: string, most: number, signal?: AbortSignal): Promise<number> {
  if (!(file.size >= 8)) fail(label, "HeaderTooSmall", `has ${file.size} bytes, a safetensors file has at least 8`);
  const bytes = await read(file, 0, 8, label, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (high || !(low <= most)) fail(label, "HeaderTooLarge", `announces a header of more than ${most} bytes`);
  if (8 + low > file.size) {
    fail(label, "HeaderLength", `ends after ${file.size} bytes, its header alone has 8 + ${low}: get the file again`);
  }
  return low;
}

function decode(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    fail(label, "HeaderUtf8", "has a header that is not valid UTF-8");
  }
}

/** Where the header ends, by a file's first 8 bytes; Infinity if that is more than is read. */
export function headerEnd(start: Uint8Array): number {
  const view = new DataView(start.buffer, start.byteOffset);
  const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
  return high || low > MOST_HEADER ? Infinity : 8 + low;
}

/** How long the file is, by all that it has up to the end of its header; undefined if `readHeader` refuses it. */
export function sizeByHeader(start: Uint8Array): number | undefined {
  try {
    return layoutEnd(parse(decode(start.subarray(8), ""), "", start.length, MOST_TENSORS), start.length, "");
  } catch {
    return undefined;
  }
}

/** Where the tensors end. They must tile the file: ranges as long as their shapes say, end to end, from the header on. */
function layoutEnd({ tensors }: Header, begin: number, label: string): number {
  for (const info of tensors.values()) checkSize(info, label);
  let at = begin;
  for (const { name, start, end } of [...tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start > at) fail(label, "Hole", `has bytes ${at} to ${start} in no tensor, before ${quote(name)}`, { name });
    if (start < at)
      fail(label, "Overlap", `has ${quote(name)} begin at ${start}, inside the tensor that ends at ${at}`, { name });
    at = end;
  }
  return at;
}

function checkSize({ name, dtype, shape, start, end }: TensorInfo, label: string): void {
  const no = (code: ErrorCode, what: string): never => fail(label, code, `has ${quote(name)} with ${what}`, { name });
  if (start > end) no("Offset", "data_offsets that end before they begin");
  let bits = dtypes.get(dtype) ?? no("Dtype", `a dtype ${quote(dtype)} that the format does not know`);
  for (const dimension of shape) {
    bits *= dimension;
    if (bits > MOST_BITS) no("Shape", `shape [${shape}], which has too many elements`);
  }
  if (bits % 8) no("Shape", `shape [${shape}], which fills no whole bytes in ${dtype}`);
  if (bits / 8 !== end - start) no("SizeMismatch", `${end - start} bytes of data, ${dtype} [${shape}] has ${bits / 8}`);
}

/** Some of a tensor's numbers, from its number `at` on. */
export interface Piece {
  at: number;
  n: number;
  /** As they are stored. */
  bytes: ByteArray;
  /** Writes them to `out` as f32. */
  put(out: Float32Array): void;
}

/** The most bytes of a piece. */
export const PIECE: number = 2 ** 21;

/**
 * Reads one tensor, front to back and no more of it at a time than a piece. While a piece is put where it belongs the next
 * one is on its way, each in one of two `buffers`, which may serve other tensors afterwards. Throws `Dtype`,
 * `UnexpectedDtype`, `NonFiniteWeights` (an F64 beyond f32).
 */
export async function* pieces(
  file: Bytes,
  info: TensorInfo,
  signal?: AbortSignal,
  buffers?: ByteArray[],
): AsyncGenerator<Piece> {
  const { name, dtype, start, end } = info;
  const size = float(dtype, name).view.BYTES_PER_ELEMENT; // throws before megabytes are read in vain
  const begin = (i: number) => {
    const from = start + i * PIECE;
    if (from >= end) return undefined;
    const label = `the file of ${quote(name)}`;
    const bytes = read(file, from, Math.min(from + PIECE, end), label, signal, buffers?.[i % 2]);
    bytes.catch(() => {}); // thrown when its turn comes, if it does
    return bytes;
  };
  for (let i = 0, coming = begin(0); coming; i++) {
    const bytes: ByteArray = await coming;
    coming = begin(i + 1);
    const at = (i * PIECE) / size;
    yield { at, n: bytes.length / size, bytes, put: (out) => put(bytes, dtype, out, name, at) };
  }
}

/** Reads one tensor as f32; throws what `pieces` throws. */
export async function readTensor(file: Bytes, info: TensorInfo, signal?: AbortSignal): Promise<Float32Array> {
  const out = new Float32Array((info.end - info.start) / float(info.dtype, info.name).view.BYTES_PER_ELEMENT);
  for await (const { at, n, put } of pieces(file, info, signal)) put(out.subarray(at, at + n));
  return out;
}

/** Bytes of a file, all of them or a RelpropError. */
export async function read(
  file: Bytes,
  start: number,
  end: number,
  label: string,
  signal?: AbortSignal,
  into?: ByteArray,
): Promise<ByteArray> {
  throwIfAborted(signal);
  let bytes: ByteArray;
  try {
    bytes = await file.read(start, end, signal, into);
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof RelpropError) throw cause;
    const why = cause instanceof Error ? cause.message : typeof cause;
    throw new RelpropError("FetchFailed", `${label} could not be read: ${why}`, { file: label }, cause);
  }
  throwIfAborted(signal);
  if (bytes.length !== end - start) {
    fail(label, "Truncated", `returned ${bytes.length} bytes for ${end - start}: did it change while it was read?`);
  }
  return bytes;
}
