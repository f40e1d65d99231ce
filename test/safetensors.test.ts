// The safetensors reader against files by hand, every cut and every changed byte of one file, and a stream of mutants;
// widening against its definition. An oracle made of JSON.parse and BigInt checks all that is accepted.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import { type Bytes, checkFinite, type Header, readHeader, readTensor, rows, widen } from "../src/safetensors.ts";
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
  const { __metadata__: metadata = {}, ...tensors } = JSON.parse(text);
  // biome-ignore lint/suspicious/noPrototypeBuiltins: `...` above would have run a setter called __proto__
  const expected = new Map(Object.entries(JSON.parse(text)).filter(([name]) => name !== "__metadata__"));
  assert.ok(expected.size >= Object.keys(tensors).length);
  assert.equal([...header.metadata], Object.entries(metadata));
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
    assert.is(error!.details.file, "a file");
    const data = 8 + new DataView(bytes.buffer).getUint32(0, true);
    if (expected !== "NotSafetensors")
      assert.ok(
        reads.every(([, end]) => end <= Math.max(64, data)),
        "read of data",
      );
    await checkGood();
  });
}

for (const [what, bytes] of wellFormed) {
  test(`read: ${what}`, async () => checkSound(bytes, await read(bytes)));
}

test("every cut of a file", async () => {
  const header = 8 + new DataView(good.buffer).getUint32(0, true);
  for (let n = 0; n < good.length; n++) {
    const expected = n < 8 ? "HeaderTooSmall" : n < header ? "HeaderLength" : "Truncated";
    assert.is((await failure(read(good.slice(0, n))))?.code, expected, `${n} bytes`);
  }
  await checkGood();
});
