// The rules of a safetensors header restated slowly, over JSON.parse and a list of tokens: which of them a text breaks. The
// reader stops at the first fault that it meets, so its code is one of these; what breaks none of them is read.

import { dtypes } from "./safetensors-cases.ts";

type Value = { pairs: [string, Value][] } | { items: Value[] } | { literal: string };

const PLAIN = /^(0|[1-9][0-9]*)$/;
const FIELDS = ["dtype", "shape", "data_offsets"];

/** A whole file: by its bytes. */
export function brokenFile(bytes: Uint8Array): Set<string> {
  if (bytes.length < 8) return new Set(["HeaderTooSmall"]);
  const n = Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64LE();
  if (n > 2n ** 24n) return new Set(["HeaderTooLarge"]);
  if (8n + n > BigInt(bytes.length)) return new Set(["HeaderLength"]);
  const json = Buffer.from(bytes.subarray(8, 8 + Number(n)));
  if (!Buffer.from(json.toString("utf8")).equals(json)) return new Set(["HeaderUtf8"]);
  return brokenHeader(json.toString("utf8"), 8 + json.length, bytes.length);
}

/** A header, of a file of `size` bytes whose tensors begin at `begin`; "any" if it is no JSON at all. */
export function brokenHeader(text: string, begin: number, size: number): Set<string> {
  try {
    JSON.parse(text);
  } catch {
    return new Set(["any"]);
  }
  const found = new Set<string>();
  const top = tree(text, found);
  if (!("pairs" in top)) return new Set(["HeaderJson"]);
  twice(top.pairs, found);
  const ranges: [begin: number, end: number][] = [];
  for (const [name, value] of top.pairs) {
    if (name === "__metadata__") {
      if ("pairs" in value) twice(value.pairs, found);
      if (!("pairs" in value) || value.pairs.some(([, one]) => word(one) === undefined)) found.add("HeaderField");
    } else {
      if (name.length > 512) found.add("LimitExceeded");
      if (!name || name.includes("\0")) found.add("HeaderField");
      ranges.push(...range(value, found));
    }
  }
  if (found.size) return found;
  let at = 0;
  for (const [from, to] of ranges.sort(([a, b], [c, d]) => a - c || b - d)) {
    if (from !== at) return found.add(from > at ? "Hole" : "Overlap");
    at = to;
  }
  if (begin + at !== size) found.add(begin + at > size ? "Truncated" : "TrailingBytes");
  return found;
}

/** Where a tensor lies, if that can be said. */
function range(value: Value, found: Set<string>): [number, number][] {
  if (!("pairs" in value)) {
    found.add("HeaderField");
    return [];
  }
  twice(value.pairs, found);
  if (value.pairs.some(([name]) => !FIELDS.includes(name))) found.add("HeaderField");
  const [dtype, shape, offsets] = FIELDS.map((field) => value.pairs.find(([name]) => name === field)?.[1]);
  if (!dtype || !shape || !offsets) found.add("HeaderField");
  const bits = dtype && new Map(Object.entries(dtypes)).get(word(dtype) ?? "");
  if (dtype && !bits) found.add("Dtype");
  const dimensions = shape && plain(shape, 2n ** 31n - 1n);
  if (shape && (!dimensions || dimensions.length > 8)) found.add("Shape");
  const ends = offsets && plain(offsets, 2n ** 52n);
  if (offsets && (ends?.length !== 2 || ends[0] > ends[1])) found.add("Offset");
  if (!bits || !dimensions || ends?.length !== 2) return [];
  let total = BigInt(bits);
  for (const one of dimensions) {
    total *= one;
    if (total > 2n ** 52n) found.add("Shape");
  }
  if (total % 8n) found.add("Shape");
  else if (total / 8n !== ends[1] - ends[0]) found.add("SizeMismatch");
  return [[Number(ends[0]), Number(ends[1])]];
}

const MOST = 65536; // tensors, and entries of metadata

function twice(pairs: readonly [string, Value][], found: Set<string>): void {
  if (pairs.filter(([name]) => name !== "__metadata__").length > MOST) found.add("LimitExceeded");
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) found.add("HeaderDuplicateKey");
}

/** A list's numbers, each in plain digits and at most `most`. */
function plain(value: Value, most: bigint): bigint[] | undefined {
  if (!("items" in value)) return undefined;
  const digits = value.items.map((item) =>
    "literal" in item && PLAIN.test(item.literal) ? BigInt(item.literal) : -1n,
  );
  return digits.every((one) => one >= 0n && one <= most) ? digits : undefined;
}

const word = (value: Value): string | undefined =>
  "literal" in value && value.literal[0] === '"' ? JSON.parse(value.literal) : undefined;

/** A JSON text with every key, however often, and numbers as they are written. */
function tree(text: string, found: Set<string>): Value {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let at = 0;
  const read = (depth: number): Value => {
    const token = tokens[at++];
    if (token[0] === '"' && /\p{Cs}/u.test(JSON.parse(token))) found.add("HeaderJson");
    if (token !== "{" && token !== "[") return { literal: token };
    if (depth === 4) found.add("HeaderJson"); // deeper than any tensor is described
    const pairs: [string, Value][] = [];
    for (const end = token === "{" ? "}" : "]"; tokens[at] !== end; at += Number(tokens[at] === ",")) {
      const key = token === "{" ? tokens[at++] : '""';
      if (/\p{Cs}/u.test(JSON.parse(key))) found.add("HeaderJson");
      if (token === "{") at++; // the colon
      pairs.push([JSON.parse(key), read(depth + 1)]);
    }
    at++;
    return token === "{" ? { pairs } : { items: pairs.map(([, value]) => value) };
  };
  return read(0);
}
