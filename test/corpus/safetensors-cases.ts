// Safetensors files by hand: what must be read, and what must be refused with exactly which code. The comment `ref`
// marks files that the reference reader (safetensors 0.8.0) takes and this one does not.

import type { ErrorCode } from "../../src/errors.ts";

const utf8 = new TextEncoder();

/** A file: length, header, data. The length is the header's unless given. */
export function file(
  header: string | Uint8Array,
  data: number | Uint8Array = 0,
  length?: bigint,
): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? utf8.encode(header) : header;
  const tail = typeof data === "number" ? Uint8Array.from({ length: data }, (_, i) => (i * 37 + 1) & 0xff) : data;
  const bytes = new Uint8Array(8 + json.length + tail.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(tail, 8 + json.length);
  return bytes;
}

/** Raw bytes, no safetensors: a character a byte. */
const raw = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const f32 = (begin: number, end = begin + 16, shape = "[2,2]") => entry('"F32"', shape, `[${begin},${end}]`);
/** A file of one tensor "a" of 16 bytes. */
const one = (text: string, data = 16) => file(`{"a":${text}}`, data);
const good = one(f32(0));
const part = (bytes: Uint8Array, from: number, to?: number) => bytes.slice(from, to);
const plus = (bytes: Uint8Array, more: string) => Uint8Array.from([...bytes, ...raw(more)]);
const wide = (text: string) => [...text].flatMap((c) => [c.charCodeAt(0), 0]);
const within = (bytes: number[]) => file(Uint8Array.from([...raw('{"'), ...bytes, ...raw(`":${f32(0)}}`)]), 16);
const nested = (n: number) => "[".repeat(n) + "]".repeat(n);
const many = (n: number, each: (i: number) => string) => `{${Array.from({ length: n }, (_, i) => each(i)).join(",")}}`;

type Malformed = readonly [code: ErrorCode, what: string, bytes: Uint8Array<ArrayBuffer>];

/** What is JSON in place of a number but no plain whole number up to the limit, and what is no JSON. */
const notPlain = [
  ...[
    "2.0",
    "2e0",
    "2E+0",
    "-0",
    "-1",
    "-2",
    "0.5",
    "1e400",
    "20000000000000000",
    "true",
    "false",
    "null",
    '"2"',
    "[2]",
  ],
  ...["{}", '{"2":2}', "18446744073709551618", "9007199254740993", "-18446744073709551614"],
];
const notJson = [
  ...["+2", "02", "00", "0x2", "2.", ".2", "2e", "2_0", "NaN", "Infinity", "-", "- 2", "2 2", "2n", "tru", "'2'", "２"],
  ...["", "2,"],
];

export const malformed: readonly Malformed[] = [
  // V1–V4: the length
  ...[0, 1, 7].map((n): Malformed => ["HeaderTooSmall", `${n} bytes`, part(good, 0, n)]),
  ...[
    2n ** 64n - 1n,
    2n ** 63n,
    2n ** 53n + 1n,
    2n ** 32n,
    2n ** 32n + 52n,
    10n ** 8n + 1n,
    10n ** 8n,
    2n ** 24n + 1n,
  ].map((n): Malformed => ["HeaderTooLarge", `a length of ${n}`, file(`{"a":${f32(0)}}`, 16, n)]),
  ["HeaderTooLarge", "a length with the bytes reversed", file("{}", 0, 2n << 56n)],
  ["HeaderLength", "a header one byte longer than the file", file("{}", 0, 3n)],
  ["HeaderLength", "a header of 16 MiB in a file of 10 bytes", file("{}", 0, 2n ** 24n)],
  ["HeaderLength", "only a length", part(file("{}"), 0, 8)],
  ["HeaderLength", "cut in the header", part(good, 0, 30)],

  // V5: UTF-8
  ["HeaderUtf8", "a stray continuation byte", within([0x80])],
  ["HeaderUtf8", "0xff", within([0xff])],
  ["HeaderUtf8", "an overlong slash", within([0xc0, 0xaf])],
  ["HeaderUtf8", "an overlong NUL", within([0xc0, 0x80])],
  ["HeaderUtf8", "an encoded surrogate", within([0xed, 0xa0, 0x80])],
  ["HeaderUtf8", "beyond U+10FFFF", within([0xf4, 0x90, 0x80, 0x80])],
  ["HeaderUtf8", "a character cut off", within([0xe2, 0x82])],
  ["HeaderUtf8", "UTF-16 with a byte order mark", file(Uint8Array.from([0xff, 0xfe, ...wide("{}")]))],
  ["HeaderUtf8", "a header that ends in a character", file(Uint8Array.from([...raw("{}"), 0xc3]))],
  ["HeaderUtf8", "bytes without meaning", file(Uint8Array.from({ length: 64 }, (_, i) => 255 - i * 3))],

  // V6: JSON
  ["HeaderJson", "an empty header", file("")],
  ["HeaderJson", "a length one too short", file(`{"a":${f32(0)}}`, 16, BigInt(f32(0).length + 5))],
  ["HeaderJson", "a length of 1", file("{}", 0, 1n)],
  ["HeaderJson", "a byte order mark", file(`\ufeff{"a":${f32(0)}}`, 16)],
  ["HeaderJson", "UTF-16", file(Uint8Array.from(wide("{}")))],
  ["HeaderJson", "white space only", file("        ")],
  ...["[]", "null", "true", "3", '"a"', "-", "[{}]", '["a"]'].map(
    (text): Malformed => ["HeaderJson", `${text} at the top`, file(text)],
  ),
  ...["\0", "\0\0\0", "x", "{}", "]", "}", ",", "//", "\u00a0", "\u2028", "\v", "\f"].map(
    (tail): Malformed => ["HeaderJson", `${JSON.stringify(tail)} after the object`, file(`{"a":${f32(0)}}${tail}`, 16)],
  ),
  ...["\0", "\u00a0", "\v", "\f", "\u3000", "//\n", "/**/", "#\n"].map(
    (head): Malformed => [
      "HeaderJson",
      `${JSON.stringify(head)} before the object`,
      file(`${head}{"a":${f32(0)}}`, 16),
    ],
  ),
  ...[
    ["{", "an open object"],
    ['{"a"', "a key only"],
    ['{"a":', "a colon only"],
    ['{"a":}', "no value"],
    ["{,}", "a comma only"],
    [`{"a":${f32(0)},}`, "a comma at the end"],
    [`{,"a":${f32(0)}}`, "a comma at the start"],
    [`{"a":${f32(0)},,"b":${f32(16)}}`, "two commas"],
    [`{"a":${f32(0)} "b":${f32(16)}}`, "no comma"],
    [`{"a" ${f32(0)}}`, "no colon"],
    [`{"a"::${f32(0)}}`, "two colons"],
    [`{a:${f32(0)}}`, "a key without quotes"],
    [`{'a':${f32(0)}}`, "single quotes"],
    [`{3:${f32(0)}}`, "a number as key"],
    [`{"a":${f32(0)}/**/}`, "a comment"],
    [`{"a":${f32(0)}]`, "the wrong bracket"],
    [`{"a:${f32(0)}}`, "a string without end"],
    [`{"a\\":${f32(0)}}`, "an escaped quote as end"],
    ['{"a\\', "a backslash at the end"],
    [`{"a\nb":${f32(0)}}`, "a line feed in a name"],
    [`{"a\tb":${f32(0)}}`, "a tab in a name"],
    [`{"a\0":${f32(0)}}`, "a raw NUL in a name"],
    [`{"\u001f":${f32(0)}}`, "a control character in a name"],
    [`{"\\x61":${f32(0)}}`, "an escape JSON does not have"],
    [`{"\\u00g1":${f32(0)}}`, "an escape that is no hex"],
    [`{"\\u61":${f32(0)}}`, "a short escape"],
    [`{"\\U00000061":${f32(0)}}`, "a long escape"],
    [`{"\\ud800":${f32(0)}}`, "the first half of a pair"],
    [`{"\\udc00":${f32(0)}}`, "the second half of a pair"],
    [`{"\\ud800\\u0041":${f32(0)}}`, "half a pair and a letter"],
    [`{"\\udc00\\ud800":${f32(0)}}`, "a pair the wrong way round"],
    [`{"__metadata__":{"k":"\\ud83d"}}`, "half a pair in metadata"],
    [`{"a":${entry('"F32"', "[2,2,]", "[0,16]")}}`, "a comma at a list's end"],
    [`{"a":${entry('"F32"', "[2 2]", "[0,16]")}}`, "a list without comma"],
    [`{"a":{"dtype":"F32","data_offsets":[0,16],"shape":[2,2}}`, "an open list"],
    [`{"a":{"dtype":"F32","data_offsets":[0,16],"shape":[2,2`, "a header that ends in a list"],
    [`{"a":${entry('"F32"', "[,2,2]", "[0,16]")}}`, "a comma at a list's start"],
    [`{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],}}`, "a comma at an entry's end"],
    [`{"a":{"x":${nested(3)}}}`, "3 lists in an entry"],
    [`{"a":${nested(1000)}}`, "1,000 lists"],
    [`{"a":${"[".repeat(1e6)}`, "10^6 open lists"],
    [`{"a":${'{"a":'.repeat(2e5)}`, "200,000 open objects"],
    [`{"__metadata__":{"k":${nested(4)}}}`, "lists in metadata"],
    [`{"a":{"shape":[[[[2]]]]}}`, "lists in a shape"],
    [`{"a":[1,2}`, "a broken value of the wrong kind"],
  ].map(([text, what]): Malformed => ["HeaderJson", what, file(text, 16)]),
  ...notJson.flatMap((text): Malformed[] => [
    ["HeaderJson", `a dimension ${text}`, one(entry('"F32"', `[2,${text}]`, "[0,16]"))],
    ["HeaderJson", `an offset ${text}`, one(entry('"U8"', "[2]", `[0,${text}]`), 2)],
  ]),

  // a key twice
  ["HeaderDuplicateKey", "a tensor twice", file(`{"a":${f32(0)},"a":${f32(16)}}`, 32)],
  [
    "HeaderDuplicateKey",
    "ref: the same range as another dtype",
    file(`{"a":${entry('"U8"', "[16]", "[0,16]")},"a":${f32(0)}}`, 16),
  ],
  ["HeaderDuplicateKey", "ref: the same entry twice", file(`{"a":${f32(0)},"a":${f32(0)}}`, 16)],
  ["HeaderDuplicateKey", "ref: the second time with an escape", file(`{"a":${f32(0)},"\\u0061":${f32(0)}}`, 16)],
  [
    "HeaderDuplicateKey",
    "ref: a pair of surrogates, escaped and not",
    file(`{"😀":${f32(0)},"\\ud83d\\ude00":${f32(0)}}`, 16),
  ],
  ["HeaderDuplicateKey", "__proto__ twice", file(`{"__proto__":${f32(0)},"__proto__":${f32(16)}}`, 32)],
  ["HeaderDuplicateKey", "metadata twice", file('{"__metadata__":{},"__metadata__":{}}')],
  ["HeaderDuplicateKey", "metadata twice, escaped", file('{"__metadata__":{},"\\u005f_metadata__":{}}')],
  ["HeaderDuplicateKey", "ref: a key in metadata", file('{"__metadata__":{"k":"v","k":"w"}}')],
  ["HeaderDuplicateKey", "ref: an escaped key in metadata", file('{"__metadata__":{"k":"v","\\u006b":"w"}}')],
  ["HeaderDuplicateKey", "ref: an empty key in metadata", file('{"__metadata__":{"":"","":""}}')],
  ["HeaderDuplicateKey", "dtype twice", one('{"dtype":"F32","dtype":"F32","shape":[2,2],"data_offsets":[0,16]}')],
  ["HeaderDuplicateKey", "shape twice", one('{"dtype":"F32","shape":[2,2],"shape":[4],"data_offsets":[0,16]}')],
  [
    "HeaderDuplicateKey",
    "offsets twice, escaped",
    one('{"dtype":"F32","shape":[4],"data_offsets":[0,16],"data\\u005foffsets":[0,16]}'),
  ],

  // V7, V8: fields
  ["HeaderField", "ref: metadata null", file('{"__metadata__":null}')],
  ...["[]", '""', "3", '["k","v"]'].map(
    (text): Malformed => ["HeaderField", `metadata ${text}`, file(`{"__metadata__":${text}}`)],
  ),
  ...["1", "null", "true", "{}", '["v"]', '{"k":"v"}', "[[]]"].map(
    (text): Malformed => ["HeaderField", `a value ${text} in metadata`, file(`{"__metadata__":{"k":${text}}}`)],
  ),
  ["HeaderField", "no dtype", one('{"shape":[2,2],"data_offsets":[0,16]}')],
  ["HeaderField", "no shape", one('{"dtype":"F32","data_offsets":[0,16]}')],
  ["HeaderField", "no data_offsets", one('{"dtype":"F32","shape":[2,2]}')],
  ["HeaderField", "an empty entry", one("{}")],
  ...["null", "3", "true", '"F32"', "[]", "1.5"].map(
    (text): Malformed => ["HeaderField", `an entry ${text}`, one(text)],
  ),
  ["HeaderField", "ref: an entry as a list", one('["F32",[2,2],[0,16]]')],
  ["HeaderField", "ref: a field more", one('{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"x":1}')],
  ["HeaderField", "ref: a field more, a list", one('{"x":[[]],"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}')],
  [
    "HeaderField",
    "ref: a field more, named __proto__",
    one('{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"__proto__":{}}'),
  ],
  ["HeaderField", "a field in capitals", one('{"DTYPE":"F32","shape":[2,2],"data_offsets":[0,16]}')],
  ["HeaderField", "data offsets with a blank", one('{"dtype":"F32","shape":[2,2],"data offsets":[0,16]}')],
  ["HeaderField", "ref: an empty name", file(`{"":${f32(0)}}`, 16)],
  ["HeaderField", "ref: U+0000 in a name", file(`{"a\\u0000":${f32(0)}}`, 16)],
  ["HeaderField", "ref: U+0000 as a name", file(`{"\\u0000":${f32(0)}}`, 16)],
  ["HeaderField", "tensors in a list under a name", file(`{"tensors":[${f32(0)}]}`, 16)],
  [
    "HeaderField",
    "an index instead of a header",
    file('{"metadata":{"total_size":16},"weight_map":{"a":"a.safetensors"}}', 16),
  ],

  // V9: dtype
  ...[
    "f32",
    "FP32",
    "F32 ",
    " F32",
    "float32",
    "",
    "F8",
    "F128",
    "I128",
    "BF32",
    "U4",
    "toString",
    "constructor",
    "__proto__",
    "F32\\u0000",
    "Ｆ32",
  ].map((name): Malformed => ["Dtype", `a dtype "${name}"`, one(entry(`"${name}"`, "[2,2]", "[0,16]"))]),
  ["Dtype", "an unknown dtype without data", one(entry('"F31"', "[0]", "[0,0]"), 0)],
  ["Dtype", "ref: a dtype as an object", one(entry('{"F32":null}', "[2,2]", "[0,16]"))],
  ...["null", "32", "true", '["F32"]', "{}"].map(
    (text): Malformed => ["Dtype", `a dtype ${text}`, one(entry(text, "[2,2]", "[0,16]"))],
  ),

  // V10, V13–V15: shape
  ...notPlain.map((text): Malformed => ["Shape", `a dimension ${text}`, one(entry('"U8"', `[${text}]`, "[0,2]"), 2)]),
  ...["null", "4", '"[4]"', "{}", "true", '{"0":4}'].map(
    (text): Malformed => ["Shape", `a shape ${text}`, one(entry('"F32"', text, "[0,16]"))],
  ),
  ["Shape", "ref: rank 9", one(entry('"F32"', "[1,1,1,1,1,1,1,2,2]", "[0,16]"))],
  ["Shape", "ref: rank 70,000", one(entry('"F32"', `[4${",1".repeat(69999)}]`, "[0,16]"))],
  ["Shape", "ref: 2^31 beside a zero", one(entry('"F32"', "[0,2147483648]", "[0,0]"), 0)],
  ["Shape", "ref: 2^53 + 1 beside a zero", one(entry('"F32"', "[0,9007199254740993]", "[0,0]"), 0)],
  ["Shape", "ref: 2^64 - 1 beside a zero", one(entry('"F32"', "[0,18446744073709551615]", "[0,0]"), 0)],
  ["Shape", "2^64 beside a zero", one(entry('"F32"', "[0,18446744073709551616]", "[0,0]"), 0)],
  ["Shape", "ref: 2^62 before a zero", one(entry('"F32"', "[2147483647,2147483647,0]", "[0,0]"), 0)],
  [
    "Shape",
    "a product that overflows before a zero",
    one(entry('"F32"', "[2147483647,2147483647,2147483647,0]", "[0,0]"), 0),
  ],
  [
    "Shape",
    "a product of 2^64 + 4 (safetensors-cpp)",
    one(entry('"F32"', "[4194305,4194305,211106198978564]", "[0,16]")),
  ],
  ["Shape", "2^32 · 2^32 (stable-diffusion.cpp)", one(entry('"F32"', "[4294967296,4294967296]", "[0,0]"), 0)],
  ["Shape", "2^16 · 2^16 · 2^16 · 2^16", one(entry('"F32"', "[65536,65536,65536,65536]", "[0,0]"), 0)],
  ["Shape", "2^61 elements of 8 bytes", one(entry('"F64"', "[1073741824,2147483647]", "[0,0]"), 0)],
  ["Shape", "2^53 bits", one(entry('"F64"', "[8388608,16777216]", "[0,0]"), 0)],
  ["Shape", "three F4", one(entry('"F4"', "[3]", "[0,1]"), 1)],
  ["Shape", "one F6", one(entry('"F6_E2M3"', "[]", "[0,1]"), 1)],
  ["Shape", "two F6", one(entry('"F6_E3M2"', "[1,2]", "[0,2]"), 2)],

  // V11: offsets
  ...notPlain.map((text): Malformed => ["Offset", `an offset ${text}`, one(entry('"U8"', "[2]", `[0,${text}]`), 2)]),
  ...["-0", "0.0", "0e0", "null", '"0"', "false"].map(
    (text): Malformed => ["Offset", `a first offset ${text}`, one(entry('"U8"', "[2]", `[${text},2]`), 2)],
  ),
  ...["[]", "[0]", "[16]", "[0,8,16]", "[0,16,16]", "[0,16,null]", "null", "16", '"0,16"', '{"0":0,"1":16}'].map(
    (text): Malformed => ["Offset", `offsets ${text}`, one(entry('"F32"', "[2,2]", text))],
  ),
  ["Offset", "offsets reversed", one(entry('"F32"', "[2,2]", "[16,0]"))],
  ["Offset", "offsets reversed with the right difference", one(entry('"F32"', "[2,2]", "[16,15]"))],
  ["Offset", "an offset of 2^64", one(entry('"F32"', "[2,2]", "[0,18446744073709551616]"))],
  ["Offset", "an offset of 2^52 + 1", one(entry('"U8"', "[1]", "[4503599627370496,4503599627370497]"))],

  // V12: the tiling
  ["Hole", "a first tensor at 1", one(entry('"U8"', "[15]", "[1,16]"))],
  ["Hole", "a gap", file(`{"a":${f32(0)},"b":${f32(17)}}`, 33)],
  ["Hole", "a gap before an empty tensor", file(`{"a":${f32(0)},"b":${entry('"F32"', "[0]", "[17,17]")}}`, 17)],
  ["Hole", "an empty tensor beyond the end", file(`{"a":${entry('"F32"', "[0]", "[1,1]")}}`)],
  ["Hole", "a gap by the last, listed first", file(`{"b":${f32(20)},"a":${f32(0)}}`, 36)],
  ["Overlap", "one range twice", file(`{"a":${f32(0)},"b":${f32(0)}}`, 16)],
  [
    "Overlap",
    "one range 1,000 times",
    file(
      many(1000, (i) => `"${i}":${f32(0)}`),
      16,
    ),
  ],
  ["Overlap", "half of another", file(`{"a":${f32(0)},"b":${f32(8)}}`, 24)],
  ["Overlap", "one byte of another", file(`{"a":${f32(0)},"b":${f32(15)}}`, 31)],
  ["Overlap", "within another", file(`{"a":${f32(0)},"b":${entry('"U8"', "[4]", "[4,8]")}}`, 16)],
  ["Overlap", "an empty tensor within another", file(`{"a":${f32(0)},"b":${entry('"U8"', "[0]", "[4,4]")}}`, 16)],
  [
    "Overlap",
    "an empty tensor within the last",
    file(`{"a":${f32(0)},"b":${f32(16)},"c":${entry('"U8"', "[0]", "[24,24]")}}`, 32),
  ],

  // V16: the size
  ["SizeMismatch", "a byte too many", one(entry('"F32"', "[2,2]", "[0,17]"), 17)],
  ["SizeMismatch", "a byte too few", one(entry('"F32"', "[2,2]", "[0,15]"), 15)],
  ["SizeMismatch", "a larger shape", one(entry('"F32"', "[2,3]", "[0,16]"))],
  ["SizeMismatch", "a smaller shape", one(entry('"F32"', "[3]", "[0,16]"))],
  ["SizeMismatch", "a wider dtype", one(entry('"F64"', "[2,2]", "[0,16]"))],
  ["SizeMismatch", "a narrower dtype", one(entry('"BF16"', "[2,2]", "[0,16]"))],
  ["SizeMismatch", "a scalar of 16 bytes", one(entry('"F32"', "[]", "[0,16]"))],
  ["SizeMismatch", "an empty tensor with data", one(entry('"F32"', "[0,4]", "[0,16]"))],
  ["SizeMismatch", "a shape without data", one(entry('"F32"', "[4]", "[0,0]"), 0)],
  ["SizeMismatch", "2^31 - 1 elements in 16 bytes", one(entry('"F32"', "[2147483647]", "[0,16]"))],
  ["SizeMismatch", "2^52 bits in no bytes", one(entry('"F64"', "[8388608,8388608]", "[0,0]"), 0)],
  // a length whose bytes are gzip's, and a fault that has nothing to do with it
  ["SizeMismatch", "a length like gzip's", file(` {"a":${f32(0, 15)}}`.padEnd(0x088b1f), 15)],
  ["SizeMismatch", "a product of 2^32, 0 in 32 bits", one(entry('"U8"', "[65536,65536]", "[0,0]"), 0)],

  // V17: the file's end
  ["Truncated", "a byte missing", part(good, 0, -1)],
  ["Truncated", "all data missing", part(good, 0, -16)],
  ["Truncated", "a tensor of 8 GB in a file of 100 bytes", one(entry('"F32"', "[2147483647]", "[0,8589934588]"))],
  ["Truncated", "the second tensor missing", file(`{"a":${f32(0)},"b":${f32(16)}}`, 16)],
  ["TrailingBytes", "a byte more", plus(good, "\0")],
  ["TrailingBytes", "a line feed more", plus(good, "\n")],
  ["TrailingBytes", "a ZIP archive behind", plus(good, "PK\x03\x04\x14\0\0\0\x08\0")],
  ["TrailingBytes", "twice the file", Uint8Array.from([...good, ...good])],
  ["TrailingBytes", "data without tensors", file("{}", 1)],
  ["TrailingBytes", "data behind an empty tensor", one(entry('"F32"', "[0]", "[0,0]"))],

  // limits
  ["LimitExceeded", "ref: a name of 513 characters", file(`{"${"a".repeat(513)}":${f32(0)}}`, 16)],
  ["LimitExceeded", "ref: a name of 1 MB", file(`{"${"é".repeat(5e5)}":${f32(0)}}`, 16)],
  ["LimitExceeded", "ref: 65,537 tensors", file(many(65537, (i) => `"${i}":${entry('"U8"', "[0]", "[0,0]")}`))],
  ["LimitExceeded", "ref: 65,537 entries of metadata", file(`{"__metadata__":${many(65537, (i) => `"${i}":""`)}}`)],

  // other files
  ...[
    "<!DOCTYPE html><html>",
    "<html><head><title>Not found</title>",
    "\n  <!doctype html>",
    "\xef\xbb\xbf<html lang=en>",
    '<?xml version="1.0"?><Error>',
    "<html>",
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    '{"error":"Repository not found"}',
    '{ "error" : "x" }',
    '{"metadata":{"total_size":16},"weight_map":{}}',
    '{"a":1',
    "GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0",
    "PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl",
    "PK\x03\x04",
    "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    "\x80\x04\x95\x10\0\0\0\0\0\0\0}.",
    "\x1f\x8b\x08\0\0\0\0\0\0\x03",
    `\x1f\x8b\x08\0\0\0\0\0\0\x03${"\xab".repeat(6e5)}`,
    "\x89HDF\r\n\x1a\n\0\0\0\0",
  ].map((text): Malformed => ["NotSafetensors", JSON.stringify(text.slice(0, 24)), raw(text)]),
];

const bits = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  BOOL: 8,
  C64: 64,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
};
const small = {
  U16: 16,
  U8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};

/** Every dtype of the format and its bits, written down once more. */
export const dtypes: Readonly<Record<string, number>> = { ...bits, ...small };

const u8 = (begin: number, end: number, shape = `[${end - begin}]`) => entry('"U8"', shape, `[${begin},${end}]`);
const named = (name: string) => file(`{"${name}":${f32(0)}}`, 16);

export const wellFormed: readonly (readonly [what: string, bytes: Uint8Array<ArrayBuffer>])[] = [
  ["one tensor", good],
  ["no tensor", file("{}")],
  ["no tensor, padded", file("{}      ")],
  ["metadata only", file('{"__metadata__":{"format":"pt"}}')],
  ["empty metadata", file('{"__metadata__":{}}')],
  ["metadata last", file(`{"a":${f32(0)},"__metadata__":{"k":"v"}}`, 16)],
  [
    "metadata with odd keys and values",
    file('{"__metadata__":{"":"","\\u0000":"\\u0000\\n","__proto__":"{\\"a\\":1}","k":"\ufeffé😀"}}'),
  ],
  ["metadata of 1 MB", file(`{"__metadata__":{"k":"${"v".repeat(1e6)}"}}`)],
  ...Object.entries(dtypes).map(
    ([dtype, n]) => [`dtype ${dtype}`, one(entry(`"${dtype}"`, "[2,4]", `[0,${n}]`), n)] as const,
  ),
  ["a scalar", one(entry('"F32"', "[]", "[0,4]"), 4)],
  ["rank 8", one(entry('"F32"', "[1,1,2,1,2,1,1,1]", "[0,16]"))],
  ["an empty tensor", one(entry('"F32"', "[0]", "[0,0]"), 0)],
  ["an empty tensor with large dimensions", one(entry('"F32"', "[0,2147483647,2147483647,2147483647]", "[0,0]"), 0)],
  ["many empty tensors at one place", file(many(50, (i) => `"${i}":${entry('"F64"', "[3,0]", "[0,0]")}`))],
  [
    "empty tensors before, between and behind",
    file(`{"a":${u8(0, 0)},"b":${u8(0, 4)},"c":${u8(4, 4)},"d":${u8(4, 9)},"e":${u8(9, 9)}}`, 9),
  ],
  ["tensors in another order", file(`{"b":${u8(4, 9)},"c":${u8(9, 12)},"a":${u8(0, 4)}}`, 12)],
  ["empty tensors in another order", file(`{"c":${u8(4, 9)},"b":${u8(4, 4)},"a":${u8(0, 4)}}`, 9)],
  ["fields in another order", one('{"data_offsets":[0,16],"shape":[2,2],"dtype":"F32"}')],
  ["a tensor at an odd place", file(`{"a":${u8(0, 1)},"b":${entry('"F32"', "[2]", "[1,9]")}}`, 9)],
  ["a header of odd length", file(`{"a":${f32(0)}} `, 16)],
  ["white space behind", file(`{"a":${f32(0)}} \t\r\n `, 16)],
  [
    "white space in it",
    file('{ "a" :\n{\t"dtype" : "F32" ,\r\n"shape" : [ 2 , 2 ] , "data_offsets" : [ 0 , 16 ] } }', 16),
  ],
  [
    "an empty list and object with white space",
    file('{"__metadata__":{ },"a":{"dtype":"U8","shape":[ ],"data_offsets":[0,1]}}', 1),
  ],
  ["a blank before", file(`  {"a":${f32(0)}}`, 16)],
  ["a tab before", file(`\t{"a":${f32(0)}}`, 16)],
  ["lines before", file(`\r\n\n{"a":${f32(0)}}`, 16)],
  ["an escape in a name", named('\\u0061\\/\\\\\\"\\b\\f\\n\\r\\t')],
  ["an escape in a field", one('{"dtyp\\u0065":"F3\\u0032","sh\\u0061pe":[2,2],"data_offsets":[0,16]}')],
  ["a pair of surrogates as escapes", named("\\ud83d\\ude00")],
  ["capital hex", named("\\u00E9\\uD83D\\uDE00")],
  ["names in other scripts", named("ÿ重み😀\u202e\u2028")],
  ["a byte order mark in a name", named("\ufeff")],
  ["DEL in a name", named("\x7f")],
  ["a noncharacter in a name", named("\uffff")],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "dtype", "0", " ", "__metadata__ ", "../a", "NaN"].map(
    (name) => [`a name ${name}`, named(name)] as const,
  ),
  ["a name of 512 characters", named("a".repeat(512))],
  ["names that differ in normalisation", file(`{"é":${f32(0)},"e\u0301":${f32(16)}}`, 32)],
  ["names that differ in case", file(`{"a":${f32(0)},"A":${f32(16)}}`, 32)],
  [
    "300 tensors",
    file(
      many(300, (i) => `"${i}":${u8(i, i + 1)}`),
      300,
    ),
  ],
  [
    "300 tensors backwards",
    file(
      many(300, (i) => `"${i}":${u8(299 - i, 300 - i)}`),
      300,
    ),
  ],
  ["65,536 tensors", file(many(65536, (i) => `"${i}":${u8(0, 0)}`))],
  ["a length like gzip's first bytes", file(`{"__metadata__":{"k":"${"v".repeat(0x088b1f - 26)}"}}`)],
];
