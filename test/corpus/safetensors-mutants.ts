// A seeded stream of safetensors files that are almost right: a random small file, changed at one of four depths (its
// fields, the text of its header, its bytes, its length), up to four times over. About half reach the last checks.

import { dtypes, file } from "./safetensors-cases.ts";

export type Random = (below: number) => number;

/** xorshift32: the same numbers everywhere. */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

/** The next mutant. */
export function mutant(random: Random): Uint8Array<ArrayBuffer> {
  const fields = wellFormed(random);
  const depth = random(10);
  const times = 1 + (random(3) ? 0 : random(4));
  if (depth < 5) for (let i = 0; i < times; i++) changeField(fields, random);
  let header = write(fields, random);
  if (depth >= 4 && depth < 7) for (let i = 0; i < times; i++) header = changeText(header, random);
  let size = 0;
  for (const { end } of fields) if (typeof end === "number" && end > size && end < 1000) size = end;
  let bytes = file(
    header,
    size,
    random(60) ? undefined : BigInt(pick(random, [0, 1, 2 ** 32, 1e8, header.length + 8])),
  );
  if (depth >= 7 && depth < 9) for (let i = 0; i < times; i++) bytes = changeBytes(bytes, random);
  if (depth === 9 && random(2))
    bytes = random(2) ? bytes.slice(0, random(bytes.length)) : Uint8Array.from([...bytes, 0]);
  return bytes;
}

/** A header that is right, but for its metadata at times, of a file with `size` bytes of tensors. */
export function rightHeader(random: Random): { text: string; size: number } {
  const fields = wellFormed(random);
  return { text: write(fields, random), size: fields.reduce((most, { end }) => Math.max(most, end as number), 0) };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];

interface Fields {
  name: unknown;
  dtype: unknown;
  shape: unknown;
  begin: unknown;
  end: unknown;
  more: string;
}

const names = ["a", "b", "layer.0.weight", "é", "😀", "__proto__", "constructor", 'a"\\'];
const oddNames = ["", "\u0000", "__metadata__", "a".repeat(513), "\ud800", "__proto__"];
const numbers = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  15,
  16,
  17,
  255,
  256,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 52,
  2 ** 53,
];
const literals = [
  "-0",
  "2.0",
  "1e0",
  "18446744073709551615",
  "18446744073709551616",
  "null",
  "true",
  "[]",
  "{}",
  '"1"',
];

const oddMetadata = ["{}", '{"k":"v","k":"w"}', "null", '{"k":1}', "[]"];

/** Tensors that tile their file. */
function wellFormed(random: Random): Fields[] {
  const fields: Fields[] = [];
  let at = 0;
  for (let i = random(6); i > 0; i--) {
    const dtype = pick(random, Object.keys(dtypes));
    const shape = Array.from({ length: random(4) }, () => random(4));
    if (dtypes[dtype] < 8) shape.push(4);
    const size = (shape.reduce((n, d) => n * d, 1) * dtypes[dtype]) / 8;
    fields.push({
      name: random(5) ? `${pick(random, names)}${i}` : pick(random, names),
      dtype,
      shape,
      begin: at,
      end: at + size,
      more: "",
    });
    at += size;
  }
  if (!random(3)) fields.reverse();
  return fields;
}

function changeField(fields: Fields[], random: Random): void {
  if (!fields.length) return;
  const one = pick(random, fields);
  const other = pick(random, fields);
  const shape = Array.isArray(one.shape) ? one.shape : [];
  const odd = () => (random(2) ? pick(random, numbers) : { literal: pick(random, literals) });
  const near = (x: unknown) => (typeof x === "number" && random(3) ? x + pick(random, [-8, -4, -1, 1, 4, 8]) : odd());
  const changes: (() => unknown)[] = [
    () => (one.name = random(2) ? other.name : pick(random, oddNames)),
    () => (one.dtype = pick(random, random(3) ? Object.keys(dtypes) : ["F31", "f32", "", 3])),
    () => (one.begin = near(one.begin)),
    () => (one.end = near(one.end)),
    () => ([one.begin, one.end] = [other.begin, other.end]),
    () => (one.begin = other.begin),
    () => shape.splice(random(shape.length), 1, near(pick(random, shape))),
    () => shape.push(pick(random, [0, 1, 1, 1, 2, 2 ** 31 - 1])),
    () => shape.reverse(),
    () => (one.shape = { literal: pick(random, literals) }),
    () => (one.more = pick(random, [',"x":1', ',"dtype":"F32"', ',"shape":[]', ',"d\\u0074ype":"F32"'])),
    () => fields.splice(random(fields.length), 1),
    () => fields.push({ ...one, name: `${one.name}+`, shape: [...shape] }),
    () => fields.push(fields.splice(random(fields.length), 1)[0]),
  ];
  pick(random, changes)();
}

/** JSON, by hand: for a key twice, and numbers that JSON.stringify never writes. */
function write(fields: readonly Fields[], random: Random): string {
  const text = (x: unknown): string => {
    if (Array.isArray(x)) return `[${x.map(text)}]`;
    return typeof x === "object" && x ? (x as { literal: string }).literal : JSON.stringify(x);
  };
  const entries = fields.map(({ name, dtype, shape, begin, end, more }) => {
    const offsets = `[${text(begin)},${text(end)}]`;
    return `${text(name)}:{"dtype":${text(dtype)},"shape":${text(shape)},"data_offsets":${offsets}${more}}`;
  });
  if (!random(4)) entries.unshift(`"__metadata__":${random(6) ? '{"k":"v"}' : pick(random, oddMetadata)}`);
  return `${pick(random, ["", "", "", "", " ", "\n"])}{${entries}}${" ".repeat(random(8))}`;
}

const tokens = [
  ...'{}[]:,"\\ \n\t\0-.0123456789eE',
  "\\u0061",
  "\\ud800",
  "null",
  "true",
  '"a"',
  "é",
  "\ufeff",
  "{}",
  "[]",
];

function changeText(text: string, random: Random): string {
  const at = random(text.length + 1);
  const to = at + random(random(4) ? 2 : 40);
  const change = random(4);
  if (change === 0) return text.slice(0, at) + text.slice(to);
  if (change === 1) return text.slice(0, at) + pick(random, tokens) + text.slice(at);
  if (change === 2) return text.slice(0, at) + pick(random, tokens) + text.slice(at + 1);
  const from = random(text.length + 1);
  return text.slice(0, at) + text.slice(from, from + random(30)) + text.slice(to); // a piece from elsewhere
}

function changeBytes(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const at = random(bytes.length);
  const change = random(4);
  if (change === 0) return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
  if (change === 1) return Uint8Array.from([...bytes.subarray(0, at), random(256), ...bytes.subarray(at)]);
  const changed = bytes.slice();
  if (change === 2) changed[at] ^= 1 << random(8);
  else changed[at] = random(256);
  return changed;
}
