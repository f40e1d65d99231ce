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
// Not JSON.parse: it drops a key given twice, and cannot tell 2.0, 2e0 and 2^53 + 1 from plain whole numbers.

import { type ErrorCode, quote, RelpropError, throwIfAborted } from "./errors.ts";

/** A file as random access: what every source of `load()` comes down to. */
export interface Bytes {
  readonly size: number;
  /** The bytes from `start` up to `end`, in a buffer that is the caller's to keep. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a header says about a tensor; `start` and `end` are bytes of the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The JSON begins with white space: against the format's text, but the reference reads it. */
  readonly nonCanonical: boolean;
}

export interface HeaderOptions {
  signal?: AbortSignal;
  /** The longest header in bytes (default 2^24, at most 10^8) and the most tensors (default 2^16) to read. */
  limits?: { header?: number; tensors?: number };
}

const MOST_RANK = 8;
const MOST_DIMENSION = 2 ** 31 - 1;
const MOST_BITS = 2 ** 52;
const MOST_OFFSET = 2 ** 52; // any sum of two is exact
const MOST_NAME = 512;
const MOST_DEPTH = 4;

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
    const begin = 8 + (await headerLength(file, label, Math.min(limits.header ?? 2 ** 24, 1e8), signal));
    const text = decode(await read(file, 8, begin, label, signal), label);
    const header = parse({ text, label, begin, at: 0, depth: 0 }, limits.tensors ?? 2 ** 16);
    checkLayout(header, begin, file.size, label);
    return header;
  } catch (error) {
    throw (await foreign(file, label, error, signal)) ?? error;
  }
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
    fail(label, "HeaderUtf8", "has a header that is no valid UTF-8");
  }
}

/** What follows must tile the file: ranges as long as their shapes say, end to end, from the header to the file's end. */
function checkLayout({ tensors }: Header, begin: number, size: number, label: string): void {
  for (const info of tensors.values()) checkSize(info, label);
  let at = begin;
  for (const { name, start, end } of [...tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start > at) fail(label, "Hole", `has bytes ${at} to ${start} in no tensor, before ${quote(name)}`, { name });
    if (start < at)
      fail(label, "Overlap", `has ${quote(name)} begin at ${start}, in the one that ends at ${at}`, { name });
    at = end;
  }
  if (at > size) fail(label, "Truncated", `ends after ${size} of ${at} bytes: get the file again`, { size, end: at });
  if (at < size) fail(label, "TrailingBytes", `has ${size} bytes, its tensors end at ${at}`, { size, end: at });
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

function fail(label: string, code: ErrorCode, message: string, details: Record<string, unknown> = {}): never {
  throw new RelpropError(code, `${label} ${message}`, { file: label, ...details });
}

/** Bytes of a file, all of them or a RelpropError. */
async function read(file: Bytes, start: number, end: number, label: string, signal?: AbortSignal) {
  throwIfAborted(signal);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await file.read(start, end, signal);
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof RelpropError) throw cause;
    const why = cause instanceof Error ? cause.message : typeof cause;
    throw new RelpropError("FetchFailed", `${label} could not be read: ${why}`, { file: label }, cause);
  }
  throwIfAborted(signal);
  if (bytes.length !== end - start) {
    fail(label, "Truncated", `gave ${bytes.length} bytes for ${end - start}: did it change while it was read?`);
  }
  return bytes;
}

// ---- what people take for safetensors

const kinds: readonly [RegExp | string, string][] = [
  [/^(\xef\xbb\xbf)?\s*<[!?a-z][ -~]{2}/i, "an HTML page: the server answered with a page instead of the file"],
  [/^(\xef\xbb\xbf)?\s*\{\s*"[ -~]{3}/, "JSON: an index, or a server's error message instead of the file"],
  ["version https://git-lfs", "a git-lfs pointer: run `git lfs pull` where it comes from"],
  ["GGUF", "a GGUF file: take the model's safetensors instead"],
  ["\x89HDF", "an HDF5 file: take the model's safetensors instead"],
  ["PK\x03\x04", "a ZIP archive, as PyTorch's own files are: save the model as safetensors (save_pretrained does)"],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a protocol's number, then no length's high byte
  [/^\x80[\x02-\x05][^\0]/, "a Python pickle, which is not safe to read: save the model as safetensors"],
  ["\x1f\x8b\x08", "compressed with gzip: unpack it"],
];

/** A better answer than a header's `error`, if the file does not look like safetensors from its first bytes on. */
async function foreign(file: Bytes, label: string, error: unknown, signal?: AbortSignal) {
  const early = error instanceof RelpropError && /^Header(TooSmall|TooLarge|Length|Utf8|Json)$/.test(error.code);
  if (!early || !file.size) return undefined;
  const bytes = await read(file, 0, Math.min(64, file.size), label, signal).catch(() => []);
  const start = String.fromCharCode(...bytes);
  if (start[8] === "{") return undefined;
  const kind = kinds.find(([is]) => (typeof is === "string" ? start.startsWith(is) : is.test(start)));
  return kind && new RelpropError("NotSafetensors", `${label} is ${kind[1]}`, { file: label }, error);
}

// ---- the header's JSON

interface Scan {
  readonly text: string;
  readonly label: string;
  /** Where the tensors begin in the file. */
  readonly begin: number;
  at: number;
  depth: number;
}

function parse(s: Scan, most: number): Header {
  const tensors = new Map<string, TensorInfo>();
  let metadata: Map<string, string> | undefined;
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const name = key(s);
    if (name === "__metadata__") {
      once(s, name, metadata);
      metadata = strings(s, most);
    } else {
      once(s, name, tensors.get(name));
      if (tensors.size >= most) fail(s.label, "LimitExceeded", `has more than ${most} tensors`);
      tensors.set(name, tensor(s, name));
    }
  }
  if (peek(s)) noJson(s, "nothing");
  return { tensors, metadata: metadata ?? new Map(), nonCanonical: s.text[0] !== "{" };
}

function strings(s: Scan, most: number): Map<string, string> {
  if (peek(s) !== "{") wrong(s, "HeaderField", "has metadata that is no object of strings");
  const found = new Map<string, string>();
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const name = key(s);
    once(s, name, found.get(name));
    if (found.size >= most) fail(s.label, "LimitExceeded", `has more than ${most} entries of metadata`);
    if (peek(s) !== '"') wrong(s, "HeaderField", `has metadata ${quote(name)} that is no string`);
    found.set(name, string(s));
  }
  return found;
}

function tensor(s: Scan, name: string): TensorInfo {
  const no = (code: ErrorCode, what: string): never => fail(s.label, code, `has ${quote(name)} with ${what}`, { name });
  if (name.length > MOST_NAME) fail(s.label, "LimitExceeded", `has a tensor's name of ${name.length} characters`);
  if (!name || name.includes("\0")) fail(s.label, "HeaderField", "has a tensor's name that is empty or holds U+0000");
  if (peek(s) !== "{") wrong(s, "HeaderField", `has ${quote(name)} that is no object`);

  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const field = key(s);
    if (field === "dtype") {
      once(s, field, dtype);
      if (peek(s) !== '"') wrong(s, "Dtype", `has ${quote(name)} with a dtype that is no string`);
      dtype = string(s);
    } else if (field === "shape") {
      once(s, field, shape);
      shape = numbers(s, "Shape", MOST_RANK, MOST_DIMENSION, name);
    } else if (field === "data_offsets") {
      once(s, field, offsets);
      offsets = numbers(s, "Offset", 2, MOST_OFFSET, name);
    } else {
      wrong(s, "HeaderField", `has ${quote(name)} with a field ${quote(field)}; the format has none of that name`);
    }
  }
  if (dtype === undefined) return no("HeaderField", "no dtype");
  if (!shape) return no("HeaderField", "no shape");
  if (!offsets) return no("HeaderField", "no data_offsets");

  if (offsets.length < 2) no("Offset", "one offset, or none");
  return { name, dtype, shape, start: s.begin + offsets[0], end: s.begin + offsets[1] };
}

/** A list of at most `count` whole numbers, each at most `most`; anything else is refused with `code`. */
function numbers(s: Scan, code: "Shape" | "Offset", count: number, most: number, name: string): number[] {
  const of = () => `has ${quote(name)} with ${code === "Shape" ? "a shape" : "data_offsets"}`;
  if (peek(s) !== "[") wrong(s, code, `${of()} that is no list`);
  const found: number[] = [];
  for (let more = open(s, "["); more; more = next(s, "]")) {
    if (found.length === count) wrong(s, code, `${of()} of more than ${count} numbers`);
    const digits = literal(s, PLAIN);
    if (!digits) wrong(s, code, `${of()} of something else than plain whole numbers`);
    if (Number(digits) > most) fail(s.label, code, `${of()} that holds ${digits}, the most is ${most}`, { name });
    found.push(Number(digits));
  }
  return found;
}

/** A value that has no place in a header: `code`, unless the JSON is broken or nested too deep there. */
function wrong(s: Scan, code: ErrorCode, message: string): never {
  skip(s);
  fail(s.label, code, message);
}

function skip(s: Scan): void {
  const first = peek(s);
  if (first === "{") {
    for (let more = open(s, "{"); more; more = next(s, "}")) {
      key(s);
      skip(s);
    }
  } else if (first === "[") {
    for (let more = open(s, "["); more; more = next(s, "]")) skip(s);
  } else if (first === '"') {
    string(s);
  } else if (!literal(s, SCALAR)) {
    noJson(s, "a value");
  }
}

function once(s: Scan, key: string, before: unknown): void {
  if (before !== undefined) fail(s.label, "HeaderDuplicateKey", `has the key ${quote(key)} twice`, { key });
}

/** Steps into an object or a list: is there anything in it? */
function open(s: Scan, bracket: "{" | "["): boolean {
  if (!eat(s, bracket)) noJson(s, `"${bracket}"`);
  if (++s.depth > MOST_DEPTH) fail(s.label, "HeaderJson", "has a header nested deeper than any tensor is described");
  if (!eat(s, bracket === "{" ? "}" : "]")) return true;
  s.depth--;
  return false;
}

/** Steps to the next member or out: is there one? */
function next(s: Scan, bracket: "}" | "]"): boolean {
  if (eat(s, ",")) return true;
  if (!eat(s, bracket)) noJson(s, `"," or "${bracket}"`);
  s.depth--;
  return false;
}

function key(s: Scan): string {
  const name = string(s);
  if (!eat(s, ":")) noJson(s, '":"');
  return name;
}

function string(s: Scan): string {
  if (peek(s) !== '"') noJson(s, "a string");
  const { text, at } = s;
  let end = at + 1;
  let escaped = false;
  for (let unit = text.charCodeAt(end); unit !== 0x22; unit = text.charCodeAt(++end)) {
    if (unit >= 0x20 && unit !== 0x5c) continue;
    if (unit !== 0x5c) noJson(s, "a string without control characters, and its end");
    escaped = true;
    end++;
  }
  s.at = end + 1;
  return escaped ? unescaped(s, text.slice(at, s.at)) : text.slice(at + 1, end);
}

function unescaped(s: Scan, literal: string): string {
  try {
    const value: string = JSON.parse(literal);
    if (!/\p{Cs}/u.test(value)) return value; // no half of a surrogate pair
  } catch {}
  noJson(s, "valid escapes in the string before");
}

const PLAIN = /(?:0|[1-9]\d{0,15})(?![\w.+-])/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

function literal(s: Scan, pattern: RegExp): string {
  peek(s);
  pattern.lastIndex = s.at;
  if (!pattern.test(s.text)) return "";
  const start = s.at;
  s.at = pattern.lastIndex;
  return s.text.slice(start, s.at);
}

/** The character after white space, "" at the end. */
function peek(s: Scan): string {
  for (; ; s.at++) {
    const unit = s.text.charCodeAt(s.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return s.text[s.at] ?? "";
  }
}

function eat(s: Scan, character: string): boolean {
  if (peek(s) !== character) return false;
  s.at++;
  return true;
}

function noJson(s: Scan, wanted: string): never {
  const there = s.text.slice(s.at, s.at + 20);
  const found = there ? quote(there) : "the end";
  fail(s.label, "HeaderJson", `has a header that is no JSON: ${found} at ${s.at}, where ${wanted} should be`);
}

// ---- numbers

/** Writes a row of a table to `out`, from `offset` on. */
export type Rows = (row: number, out: Float32Array, offset: number) => void;

/** Reads one tensor and widens it to f32. Throws `Dtype`, `UnexpectedDtype`, `NonFiniteWeights` (an F64 beyond f32). */
export async function readTensor(file: Bytes, info: TensorInfo, signal?: AbortSignal): Promise<Float32Array> {
  const { name, dtype, start, end } = info;
  float(dtype, name); // before megabytes are read in vain
  return widen(await read(file, start, end, `the file of ${quote(name)}`, signal), dtype, name);
}

/**
 * Numbers of a float dtype as f32: F32, F16 and BF16 bit for bit, F64 rounded to nearest. F32 stays where it is if it is
 * aligned there.
 */
export function widen(bytes: Uint8Array<ArrayBuffer>, dtype: string, name = "a tensor"): Float32Array {
  const { view, convert } = float(dtype, name);
  const x = viewed(bytes, view, name);
  if (x instanceof Float32Array) return x;
  const out = new Float32Array(x.length);
  convert(x, 0, x.length, out, 0, name);
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
    if (!(from >= 0 && from + width <= x.length)) {
      throw new RelpropError("InvalidInput", `${quote(name)} [${shape}] has no row ${row}`, { name, row });
    }
    convert(x, from, width, out, offset, name);
  };
}

/** Throws `NonFiniteWeights` at the first NaN or infinity; `first` is the index of `values[0]` in the tensor. */
export function checkFinite(values: Float32Array, name: string, first = 0): void {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7f800000) === 0x7f800000) nonFinite(name, first + i, values[i]);
  }
}

function nonFinite(name: string, index: number, value: number): never {
  const message = `${quote(name)} holds ${value} at ${index}, weights must be finite in f32`;
  throw new RelpropError("NonFiniteWeights", message, { name, index, value });
}

type View = Float32Array | Float64Array | Uint16Array;

interface Float {
  view: { new (buffer: ArrayBuffer, offset: number, length: number): View; BYTES_PER_ELEMENT: number };
  /** Writes x[from … from + n) to `out` from `offset` on. */
  convert(x: View, from: number, n: number, out: Float32Array, offset: number, name: string): void;
}

const floats = new Map<string, Float>([
  ["F32", { view: Float32Array, convert: (x, from, n, out, offset) => out.set(x.subarray(from, from + n), offset) }],
  ["F16", { view: Uint16Array, convert: fromF16 }],
  ["BF16", { view: Uint16Array, convert: fromBF16 }],
  ["F64", { view: Float64Array, convert: fromF64 }],
]);

function float(dtype: string, name: string): Float {
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
      out[offset + i] = (sign ? -(2 ** -24) : 2 ** -24) * (h & 0x3ff); // a zero or subnormal, which f32 can tell apart
    }
  }
}

function fromBF16(x: View, from: number, n: number, out: Float32Array, offset: number): void {
  const bits = bitsOf(out);
  for (let i = 0; i < n; i++) bits[offset + i] = x[from + i] << 16;
}

function fromF64(x: View, from: number, n: number, out: Float32Array, offset: number, name: string): void {
  for (let i = 0; i < n; i++) {
    const value = x[from + i];
    out[offset + i] = value;
    if (!Number.isFinite(out[offset + i]) && Number.isFinite(value)) nonFinite(name, from + i, value);
  }
}
