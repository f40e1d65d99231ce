// The safetensors reader against files by hand, every cut and every changed byte of one file, and a stream of mutants;
// widening against its definition. An oracle made of JSON.parse and BigInt checks all that is accepted.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkFinite, rows, widen } from "../src/checkpoint/dtypes.ts";
import type { Header } from "../src/checkpoint/header.ts";
import { type Bytes, PIECE, pieces, readHeader, readTensor } from "../src/checkpoint/safetensors.ts";
import { RelpropError } from "../src/errors.ts";
import { dtypes, file, malformed, wellFormed } from "./corpus/safetensors-cases.ts";
import { mutant, seeded } from "./corpus/safetensors-mutants.ts";

type Buffer = Uint8Array<ArrayBuffer>;

/** A file that notices every read, and reads that are none of a file. */
function source(bytes: Buffer, reads: [number, number][] = []): Bytes {
  return {
    size: bytes.length,
    async read(start, end) {
      if (!(start >= 0 && start <= end && end <= bytes.length)) throw new Error(`a read of [${start}, ${end})`);
      reads.push([start, end]);
      return bytes.slice(start, end);
    },
  };
}

const read = (bytes: Buffer) => readHeader(source(bytes), "a file");

async function failure(promise: Promise<unknown>): Promise<RelpropError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!(error instanceof RelpropError)) throw error;
    assert.ok(error.message.length <= 500, "a message of more than 500 characters");
    assert.not.match(error.message, /[\p{Cc}\p{Cf}\p{Cs}]/u);
    return error;
  }
}

/** Accepted means: JSON.parse finds the same, and the ranges cover every byte after the header exactly once. */
function checkSound(bytes: Buffer, header: Header): void {
  const begin = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, begin));
  const json = Object.entries(JSON.parse(text));
  const metadata = json.find(([name]) => name === "__metadata__")?.[1] ?? {};
  const expected = new Map(json.filter(([name]) => name !== "__metadata__"));
  assert.equal([...header.metadata].sort(), Object.entries(metadata).sort());
  assert.equal([...header.tensors.keys()].sort(), [...expected.keys()].sort());
  const covered = new Uint8Array(bytes.length - begin);
  for (const [key, { name, dtype, shape, start, end }] of header.tensors) {
    assert.is(name, key);
    assert.equal(expected.get(name), { dtype, shape: [...shape], data_offsets: [start - begin, end - begin] });
    assert.is(
      shape.map(BigInt).reduce((n, d) => n * d, BigInt(dtypes[dtype])),
      8n * BigInt(end - start),
    );
    for (let i = start; i < end; i++) covered[i - begin]++;
  }
  assert.ok(covered.every((times) => times === 1));
  assert.is(header.nonCanonical, !text.startsWith("{"));
}

const good = wellFormed.find(([what]) => what === "empty tensors before, between and behind")![1];
const goodHeader = await read(good);

/** After whatever came before, a good file reads as it always did. */
const checkGood = async () => assert.equal(await read(good), goodHeader);

const globals = [Object, Array, Map, String, Number, Function, RegExp, Uint8Array, Float32Array].map(
  (g) => g.prototype,
);
const ownKeys = () => globals.map((prototype) => Reflect.ownKeys(prototype));
const keysBefore = ownKeys();
test.after(() => assert.equal(ownKeys(), keysBefore, "prototypes"));

for (const [expected, what, bytes] of malformed) {
  test(`${expected}: ${what}`, async () => {
    const reads: [number, number][] = [];
    const error = await failure(readHeader(source(bytes, reads), "a file"));
    assert.is(error?.code, expected, error?.message);
    assert.match(error!.message, /^a file /);
    assert.is(error!.facts.file, "a file");
    const header = bytes.length < 8 ? 8 : 8 + new DataView(bytes.buffer).getUint32(0, true);
    assert.ok(
      reads.every(([, end]) => end <= Math.max(64, header)),
      "a tensor's bytes were read",
    );
    await checkGood();
  });
}

for (const [what, bytes] of wellFormed) {
  test(`read: ${what}`, async () => checkSound(bytes, await read(bytes)));
}

/** Damaged files: each is refused with a RelpropError, or what is read is sound. How often each came. */
async function outcomes(files: Iterable<Buffer>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const bytes of files) {
    const error = await failure(read(bytes).then((header) => checkSound(bytes, header)));
    const outcome = error?.code ?? "read";
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (error) await checkGood();
  }
  return counts;
}

test("every cut of a file", async () => {
  const header = 8 + new DataView(good.buffer).getUint32(0, true);
  for (let n = 0; n < good.length; n++) {
    const expected = n < 8 ? "HeaderTooSmall" : n < header ? "HeaderLength" : "Truncated";
    assert.is((await failure(read(good.slice(0, n))))?.code, expected, `${n} bytes`);
  }
  await checkGood();
});

test("every change of one bit of a file", async () => {
  function* flipped() {
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const bytes = good.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      yield bytes;
    }
  }
  const counts = await outcomes(flipped());
  assert.ok(counts.get("read")! >= 8 * 9, "the data's bits change no header");
});

test("every change of one byte of a file", async () => {
  const bytes = file('{"a":{"dtype":"I8","shape":[1,2],"data_offsets":[0,2]}}', 2);
  function* changed() {
    for (let i = 0; i < 256 * bytes.length; i++) {
      const copy = bytes.slice();
      copy[i >> 8] = i & 0xff;
      yield copy;
    }
  }
  await outcomes(changed());
});

test("mutants", async () => {
  const env = globalThis.process?.env ?? {};
  const seed = Number(env.RELPROP_SEED ?? (env.RELPROP_FULL ? Date.now() % 2 ** 31 : 1));
  const n = Number(env.RELPROP_MUTANTS ?? 20000);
  const random = seeded(seed);
  function* mutants() {
    for (let i = 0; i < n; i++) yield mutant(random);
  }
  const counts = await outcomes(mutants());
  const shares = [...counts].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`);
  console.log(`safetensors: ${n} mutants of seed ${seed}: ${shares.join(", ")}`);
  const never = new Set(malformed.map(([code]) => code).filter((code) => !counts.has(code)));
  for (const code of ["NotSafetensors", "LimitExceeded", "HeaderTooSmall"] as const) never.delete(code);
  assert.equal([...never], [], "codes that no mutant had");
});

test("files from PyTorch", async () => {
  const folders = [
    "reference/tiny/gelu-new-3-labels/",
    "reference/tiny/relu-1-layer/",
    "reference/tiny/silu-5-labels/",
  ];
  for (const folder of [...folders, "../models/sst2-tiny/"]) {
    const bytes = new Uint8Array(readFileSync(new URL(`${folder}model.safetensors`, import.meta.url)));
    const header = await read(bytes);
    checkSound(bytes, header);
    for (const info of header.tensors.values()) {
      const values = await readTensor(source(bytes), info);
      assert.is(
        values.length,
        info.shape.reduce((n, d) => n * d, 1),
      );
      checkFinite(values, info.name);
    }
  }
});

test("limits", async () => {
  const two = file(
    `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`,
  );
  const code = async (limits: object) => (await failure(readHeader(source(two), "a file", { limits })))?.code;
  assert.is(await code({}), undefined);
  assert.is(await code({ tensors: 2, header: two.length - 8 }), undefined);
  assert.is(await code({ tensors: 1 }), "LimitExceeded");
  assert.is(await code({ header: two.length - 9 }), "HeaderTooLarge");
  assert.is(await code({ header: Number.NaN }), "HeaderTooLarge");
  const long = { ...source(file("{}", 0, 100_000_001n)), size: 2 ** 40 };
  assert.is((await failure(readHeader(long, "a file", { limits: { header: Infinity } })))?.code, "HeaderTooLarge");
});

test("what is read from a header", async () => {
  const { tensors, metadata, nonCanonical } = await read(
    file(
      ` {"b":{"dtype":"F16","shape":[1,2],"data_offsets":[3,7]},"__metadata__":{"format":"pt"},
          "a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}   `,
      7,
    ),
  );
  const { start, ...b } = tensors.get("b")!;
  assert.equal(b, { name: "b", dtype: "F16", shape: [1, 2], end: start + 4 });
  assert.equal(tensors.get("a"), { name: "a", dtype: "BOOL", shape: [3], start: start - 3, end: start });
  assert.equal([...metadata], [["format", "pt"]]);
  assert.is(nonCanonical, true);
  assert.is(tensors.get("constructor"), undefined);
});

test("files that other programs write, with what to do", async () => {
  for (const [start, hint] of [
    ["<!doctype html>", "HTML"],
    ["version https://git-lfs.github.com/spec/v1", "git lfs pull"],
    ['{"error":"x"}', "error message"],
    ["GGUF\x03\0\0\0\0", "GGUF"],
    ["PK\x03\x04\0\0\x08\x08\0", "PyTorch"],
    ["\x80\x02}q\0(X\x01\0\0", "pickle"],
    ["\x1f\x8b\x08\x08\0\0\0\0\0", "gzip"],
  ]) {
    const error = await failure(read(Uint8Array.from(start, (c) => c.charCodeAt(0))));
    assert.match(error!.message, hint);
    assert.ok(error!.cause instanceof RelpropError, "and the plain fault as its cause");
  }
  // Lengths of true headers that begin like a pickle or gzip do; what is wrong is in the JSON.
  for (const length of [0x0280, 0x0480, 0x088b1f]) {
    const broken = file(`{"__metadata__":{"k":"${"v".repeat(length - 23)}"`);
    assert.is(new DataView(broken.buffer).getUint32(0, true), length);
    assert.is((await failure(read(broken)))?.code, "HeaderJson");
  }
});

test("messages name the tensor, what it has, and what it should have", async () => {
  const message = async (entry: string) => (await failure(read(file(`{"w":${entry}}`))))!.message;
  assert.is(
    await message('{"dtype":"F32","shape":[2,3],"data_offsets":[4,20]}'),
    'a file has "w" with 16 bytes of data, F32 [2,3] has 24',
  );
  assert.match(await message('{"dtype":"F32","shape":[-2]'), '"w" with a shape with elements that are not');
  assert.match(await message('{"data_offsets":[0,4,8]'), '"w" with data_offsets of more than 2 numbers');
  assert.match(await message('{"dtype":"F33","shape":[],"data_offsets":[0,4]}'), 'a dtype "F33"');
  assert.match(await message("{dtype"), 'not JSON: "dtype}" at 6');
});

test("a source that fails", async () => {
  const bytes = good;
  const at = async (change: (start: number, end: number) => Promise<Buffer>) =>
    (await failure(readHeader({ size: bytes.length, read: change }, "a file")))?.code;
  assert.is(await at(async () => Promise.reject(new Error("EIO"))), "FetchFailed");
  assert.is(await at(async () => Promise.reject(undefined)), "FetchFailed");
  assert.is(
    await at(() => {
      throw new TypeError("at once");
    }),
    "FetchFailed",
  );
  assert.is(await at(async () => Promise.reject(new RelpropError("FetchStatus", "404"))), "FetchStatus");
  assert.is(await at(async (start, end) => bytes.slice(start, end - 1)), "Truncated");
  assert.is(await at(async (start, end) => bytes.slice(start, start ? end - 1 : end)), "Truncated");
  assert.is(await at(async () => bytes.slice()), "Truncated");
  const info = { name: "a", dtype: "F32", shape: [2], start: 0, end: 8 };
  const short: Bytes = { size: 8, read: async () => new Uint8Array(4) };
  assert.is((await failure(readTensor(short, info)))?.code, "Truncated");
  await checkGood();
});

test("a source whose bytes lie at odd places", async () => {
  const shifted: Bytes = {
    size: good.length,
    read: async (start, end) => new Uint8Array([9, 9, 9, ...good.subarray(start, end)]).subarray(3),
  };
  assert.equal(await readHeader(shifted, "a file"), goodHeader);
});

test("an abort before, between and during reads", async () => {
  for (let nth = 0; nth < 3; nth++) {
    for (const during of [false, true]) {
      const abort = new AbortController();
      let reads = 0;
      const stop = () => abort.abort(new Error("enough"));
      if (!nth) stop();
      const aborting: Bytes = {
        size: good.length,
        async read(start, end, signal) {
          assert.is(signal, abort.signal);
          if (++reads === nth) stop();
          if (during) signal!.throwIfAborted();
          return good.slice(start, end);
        },
      };
      const error = await failure(readHeader(aborting, "a file", { signal: abort.signal }));
      assert.is(error?.code, "Aborted");
      assert.is((error!.cause as Error).message, "enough");
      assert.is(reads, nth);
    }
  }
  const signal = AbortSignal.abort();
  const info = { name: "a", dtype: "F32", shape: [], start: 0, end: 4 };
  assert.is((await failure(readTensor(source(good), info, signal)))?.code, "Aborted");
});

/** A pass over bytes as plain as can be, in whose time others are told. */
function pass(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (31 * sum + byte) | 0;
  return sum;
}

test("a reject takes no more than some passes over the bytes", async () => {
  const n = 40000;
  const entries = Array.from(
    { length: n },
    (_, i) => `"layer.${i}.weight":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  );
  const megabyte = 2 ** 20;
  for (const [what, text] of [
    ["tensors, and a byte too many", `{${entries}}`],
    ["lists of lists", `{"a":[${"[],".repeat(megabyte)}1]}`],
    ["digits", `{"a":{"shape":[${"1".repeat(megabyte)}]}}`],
    ["digits of a fraction", `{"a":{"shape":[1.${"1".repeat(megabyte)}]}}`],
    ["blanks", `{${" ".repeat(megabyte)}`],
    ["backslashes", `{"${"\\\\".repeat(megabyte)}":1}`],
    ["numbers", `{"a":[${"1,".repeat(megabyte)}1]}`],
  ]) {
    const bytes = file(text, n + 1);
    const [one, reject] = [[], []] as number[][];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      pass(bytes);
      const middle = performance.now();
      assert.ok(await failure(read(bytes)), what);
      one.push(middle - start);
      reject.push(performance.now() - middle);
    }
    // Measured: 5 at most. What is not linear takes thousands.
    const passes = Math.min(...reject) / Math.min(...one);
    assert.ok(passes < 50, `${what}: the time of ${passes} passes`);
  }
});

// ---- numbers

/** An IEEE number by its definition, as the bits of an f32. */
function definition(pattern: number, exponentBits: number, fractionBits: number): number {
  const sign = pattern >> (exponentBits + fractionBits) ? -1 : 1;
  const exponent = (pattern >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = pattern & (2 ** fractionBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) {
    return ((sign < 0 ? 0x80000000 : 0) + 0x7f800000 + fraction * 2 ** (23 - fractionBits)) >>> 0;
  }
  const magnitude = exponent
    ? 2 ** (exponent - bias) * (1 + fraction * 2 ** -fractionBits)
    : 2 ** (1 - bias) * (fraction * 2 ** -fractionBits);
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, sign * magnitude);
  return view.getUint32(0);
}

const bitsOf = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);
const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

for (const [dtype, exponentBits, fractionBits] of [
  ["F16", 5, 10],
  ["BF16", 8, 7],
] as const) {
  test(`${dtype}: all 65,536 patterns, bit for bit`, () => {
    const expected = Uint32Array.from(patterns, (h) => definition(h, exponentBits, fractionBits));
    const shifted = new Uint8Array(1 + patterns.byteLength);
    shifted.set(new Uint8Array(patterns.buffer), 1);
    for (const bytes of [new Uint8Array(patterns.buffer), shifted.subarray(1)]) {
      assert.ok(bitsOf(widen(bytes, dtype)).every((bits, i) => bits === expected[i]));
    }
  });
}

test("F32: every bit stays, wherever the bytes lie", () => {
  const bits = Uint32Array.from([
    0, 0x80000000, 1, 0x807fffff, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00001, 0x3f800000,
  ]);
  for (let shift = 0; shift < 4; shift++) {
    const bytes = new Uint8Array(bits.byteLength + shift);
    bytes.set(new Uint8Array(bits.buffer), shift);
    assert.equal(bitsOf(widen(bytes.subarray(shift), "F32")), bits);
  }
});

test("F64: to nearest, and no further than f32 goes", () => {
  const bytes = (...x: number[]) => new Uint8Array(Float64Array.from(x).buffer);
  const values = fc.array(fc.double().filter((x) => !Number.isFinite(x) || Number.isFinite(Math.fround(x))));
  fc.assert(
    fc.property(values, (x) => assert.equal([...widen(bytes(...x), "F64")], x.map(Math.fround))),
    { seed: 1 },
  );
  const most = (2 - 2 ** -23) * 2 ** 127;
  const tie = (2 - 2 ** -24) * 2 ** 127;
  assert.is(widen(bytes(tie * (1 - 2 ** -53)), "F64")[0], most);
  assert.is(widen(bytes(-Infinity), "F64")[0], -Infinity);
  for (const beyond of [tie, -tie, 1e300]) {
    const error = caught(() => widen(bytes(0, 0, beyond), "F64", "w"));
    assert.is(error?.code, "NonFiniteWeights");
    assert.equal(error!.facts, { name: "w", index: 2, value: beyond });
  }
});

test("pieces: front to back, one on its way while one is put, whatever the source makes of the buffers", async () => {
  const random = seeded(9);
  for (const [dtype, size, from] of [
    ["F64", 8, 0],
    ["F32", 4, 4],
    ["F16", 2, 2],
    ["BF16", 2, 5],
  ] as const) {
    const bytes = new Uint8Array(from + 2 * PIECE + 3 * size);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
    // No F64 beyond f32: exponents of such a size that they stay finite.
    if (dtype === "F64") for (let i = 7; i < bytes.length; i += 8) bytes[i] = 0x3f;
    const info = { name: "w", dtype, shape: [bytes.length], start: from, end: bytes.length };
    const expected = bitsOf(widen(bytes.slice(from), dtype));
    const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)];
    for (const keeps of [true, false]) {
      let [open, most] = [0, 0];
      const reads: [number, number][] = [];
      const file: Bytes = {
        size: bytes.length,
        async read(start, end, _, into) {
          reads.push([start, end]);
          most = Math.max(most, ++open);
          await new Promise((resolve) => setTimeout(resolve));
          open--;
          if (!keeps || !into) return bytes.slice(start, end);
          into.set(bytes.subarray(start, end));
          return into.subarray(0, end - start);
        },
      };
      const out = new Float32Array(expected.length);
      let next = 0;
      for await (const { at, n, put } of pieces(file, info, undefined, buffers)) {
        assert.is(at, next);
        next = at + n;
        await new Promise((resolve) => setTimeout(resolve, 3)); // the next one may come meanwhile
        put(out.subarray(at, at + n));
      }
      assert.is(next, expected.length);
      assert.ok(
        bitsOf(out).every((bits, i) => bits === expected[i]),
        `${dtype} ${keeps}`,
      );
      assert.is(most, 1, "one read at a time");
      assert.equal(
        reads.map(([start, end]) => end - start),
        [PIECE, PIECE, 3 * size],
      );
    }
  }
});

test("pieces: a source that fails later, and a reader that stops early", async () => {
  const info = { name: "w", dtype: "F32", shape: [PIECE], start: 0, end: 4 * PIECE };
  let reads = 0;
  const file: Bytes = {
    size: info.end,
    async read(start, end) {
      if (++reads > 2) throw new Error("gone");
      return new Uint8Array(end - start);
    },
  };
  let seen = 0;
  const all = async () => {
    for await (const { n } of pieces(file, info)) seen += n;
  };
  assert.is((await failure(all()))?.code, "FetchFailed");
  assert.is(seen, PIECE / 2); // two pieces of four bytes a number

  // What is on its way when the reader stops fails unseen, and is no unhandled rejection.
  reads = 1;
  for await (const _ of pieces(file, info)) break;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is(reads, 3);
});

function caught(run: () => unknown): RelpropError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof RelpropError) return error;
    throw error;
  }
}

test("dtypes that are no weights", async () => {
  const floats = ["F64", "F32", "F16", "BF16"];
  for (const [dtype, bits] of Object.entries(dtypes)) {
    const info = { name: "w", dtype, shape: [8], start: 0, end: bits };
    const reads: [number, number][] = [];
    const error = await failure(readTensor(source(new Uint8Array(bits), reads), info));
    const expected = floats.includes(dtype) ? undefined : /^(BOOL|[IU]\d+)$/.test(dtype) ? "UnexpectedDtype" : "Dtype";
    assert.is(error?.code, expected, dtype);
    assert.is(reads.length, expected ? 0 : 1, "reads");
    assert.is(caught(() => rows(new Uint8Array(bits), info))?.code, expected);
  }
  for (const dtype of ["constructor", "", "f32"])
    assert.is(caught(() => widen(new Uint8Array(4), dtype))?.code, "Dtype");
  assert.is(caught(() => widen(new Uint8Array(3), "F16"))?.code, "SizeMismatch");
});

test("rows of a table are the rows of the widened table", () => {
  const random = seeded(5);
  for (const [dtype, size] of [
    ["F64", 8],
    ["F32", 4],
    ["F16", 2],
    ["BF16", 2],
  ] as const) {
    for (const shape of [[7, 5], [1, 9000], [9000, 1], [3, 0], [6], []]) {
      const length = shape.reduce((n, d) => n * d, 1);
      const bytes = new Uint8Array(length * size + 1).subarray(1);
      for (let i = 0; i < bytes.length; i++) bytes[i] = i % size === size - 1 ? 0x3a + random(4) : random(256);
      const all = widen(bytes, dtype);
      const read = rows(bytes, { name: "w", dtype, shape, start: 0, end: bytes.length });
      const width = shape.at(-1) ?? 1;
      const count = width ? length / width : 0;
      for (const row of [0, 1, count >> 1, count - 1].filter((row) => row >= 0 && row < count)) {
        const out = new Float32Array(width + 2).fill(9);
        read(row, out, 1);
        assert.equal(out, Float32Array.from([9, ...all.subarray(row * width, (row + 1) * width), 9]));
      }
      const out = new Float32Array(width);
      if (width)
        for (const row of [count, -1, Number.NaN, 2 ** 53])
          assert.is(caught(() => read(row, out, 0))?.code, "InvalidInput");
    }
  }
});

test("weights that are not finite", () => {
  for (const [bits, finite] of [
    [0, true],
    [0x80000000, true],
    [0x7f7fffff, true],
    [0xff7fffff, true],
    [0x7f800000, false],
    [0xff800000, false],
    [0x7fc00000, false],
    [0x7f800001, false],
    [0xffffffff, false],
  ] as const) {
    const values = new Float32Array(5);
    bitsOf(values)[3] = bits;
    const error = caught(() => checkFinite(values, "w"));
    assert.is(error?.code, finite ? undefined : "NonFiniteWeights");
    if (error) assert.equal([error.facts.name, error.facts.index], ["w", 3]);
    const table = { name: "w", dtype: "F32", shape: [5, 1], start: 0, end: 20 };
    assert.is(caught(() => rows(new Uint8Array(values.buffer), table))?.code, error?.code);
  }
  for (const place of [0, 4095, 4096, 8191, 8192, 8999]) {
    const halves = new Uint16Array(9000);
    halves[place] = 0x7c00;
    const table = { name: "w", dtype: "F16", shape: [9000, 1], start: 0, end: 18000 };
    assert.is(caught(() => rows(new Uint8Array(halves.buffer), table))?.facts.index, place);
    assert.is(caught(() => checkFinite(widen(new Uint8Array(halves.buffer), "F16"), "w"))?.facts.index, place);
  }
});

test.run();
