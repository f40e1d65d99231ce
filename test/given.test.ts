// A model's files as contents: read where they lie, whatever kind of buffer they are in.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Contents, files, type Source } from "../src/checkpoint/sources.ts";

const FILE = "model.safetensors";
const truth = Uint8Array.from({ length: 1000 }, (_, i) => (i * 2654435761) >>> 13);
const record = (contents: unknown) => ({ "config.json": "{}", [FILE]: contents }) as Source;

const test = suite("files given as contents");

const shared = new Uint8Array(new SharedArrayBuffer(1000));
shared.set(truth);
const inside = new Uint8Array(1100);
inside.set(truth, 50);

const kinds: [string, Contents][] = [
  ["a typed array", truth],
  ["a part of a buffer", inside.subarray(50, 1050)],
  ["a DataView", new DataView(inside.buffer, 50, 1000)],
  ["a buffer", truth.buffer],
  ["shared memory", shared],
  ["a shared buffer", shared.buffer as unknown as ArrayBuffer],
  ["a Blob", new Blob([truth])],
];

for (const [name, contents] of kinds) {
  test(`right bytes, which are the caller's to keep: ${name}`, async () => {
    const read: number[] = [];
    const from = await files(record(contents), {
      onProgress: ({ file, loaded }) => file === FILE && read.push(loaded),
    });
    const bytes = (await from.open(FILE))!;
    assert.is(bytes.size, 1000);
    for (const [start, end] of [
      [0, 8],
      [8, 8],
      [8, 700],
      [700, 1000],
    ]) {
      const got = await bytes.read(start, end, undefined, new Uint8Array(800));
      assert.equal(got, truth.slice(start, end));
      got.fill(7);
      assert.equal(await bytes.read(start, end), truth.slice(start, end));
    }
    assert.is(read.at(-1), 1000);
  });
}

test("a text, as UTF-8", async () => {
  const bytes = (await (await files(record("ä\ud800"))).open(FILE))!;
  assert.equal(await bytes.read(0, bytes.size), Uint8Array.of(0xc3, 0xa4, 0xef, 0xbf, 0xbd));
});

// A Blob of them is a second copy that V8 does not see: aborted loads held gigabytes until they were collected.
test("no Blob is made of bytes", async () => {
  const { Blob } = globalThis;
  const made: unknown[] = [];
  globalThis.Blob = class extends Blob {
    constructor(...given: ConstructorParameters<typeof Blob>) {
      super(...given);
      made.push(given);
    }
  };
  try {
    const from = await files(record(truth));
    for (const file of ["config.json", FILE]) await (await from.open(file))?.read(0, 2);
    assert.equal(made, []);
  } finally {
    globalThis.Blob = Blob;
  }
});

type Resizable = ArrayBuffer & { resize(bytes: number): void };

test("FetchFailed, Truncated: a buffer that is handed on or shrinks meanwhile", async () => {
  const resizable = { maxByteLength: 1000 };
  const buffer: Resizable = new (ArrayBuffer as never as new (n: number, how: typeof resizable) => Resizable)(
    1000,
    resizable,
  );
  const bytes = (await (await files(record(buffer))).open(FILE))!;
  const told = async () => (await bytes.read(8, 1000).catch((error) => error)).code;
  assert.is(await told(), undefined);
  buffer.resize(500);
  assert.is(await told(), "Truncated");
  structuredClone(buffer, { transfer: [buffer] });
  assert.is(await told(), "FetchFailed");
});

test.run();
