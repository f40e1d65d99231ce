// Images that claim or unpack to more than they hold: refused by their head, before anything of that size is made.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RelpropError } from "../src/errors.ts";
import { picture } from "../src/inputs/images/picture.ts";
import { preparation, processor } from "../src/inputs/images/prepare.ts";
import { encodePng } from "../src/render/png.ts";

const test = suite("images that are bombs");

const deflated = async (bytes: Uint8Array<ArrayBuffer>) => {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
};

const big = (n: number) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const joined = async (...parts: Uint8Array<ArrayBuffer>[]) => new Uint8Array(await new Blob(parts).arrayBuffer());
const letters = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

function crc(bytes: Uint8Array): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

async function chunk(type: string, content: Uint8Array<ArrayBuffer>) {
  const body = await joined(letters(type), content);
  return joined(big(content.length), body, big(crc(body)));
}

/** A PNG of one sample a pixel, with further chunks before its pixels. */
async function png(width: number, height: number, bits: number, pixels: Uint8Array<ArrayBuffer>, ...more: Chunk[]) {
  const head = await joined(
    big(width),
    big(height),
    Uint8Array.of(bits, more.some(([t]) => t === "PLTE") ? 3 : 0, 0, 0, 0),
  );
  return joined(
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    await chunk("IHDR", head),
    ...(await Promise.all(more.map((one) => chunk(...one)))),
    await chunk("IDAT", await deflated(pixels)),
    await chunk("IEND", new Uint8Array()),
  );
}
type Chunk = [type: string, content: Uint8Array<ArrayBuffer>];

async function refused(file: Uint8Array<ArrayBuffer>, code: string, message: RegExp): Promise<void> {
  const error: RelpropError = await picture(file).then(
    () => assert.unreachable(`${message} was read`),
    (error) => error,
  );
  assert.is(error.code, code, error.message);
  assert.match(error.message, message);
}

test("a PNG of 8192 × 8192 in some kilobytes", async () => {
  const file = await png(8192, 8192, 1, new Uint8Array(8192 * 1025));
  assert.ok(file.length < 10_000);
  await refused(file, "LimitExceeded", /claims 8192 × 8192 pixels; of a file of this size at most 4\d{6} are read/);
});

test("a blank PNG of 2048 × 2048 is small and is read", async () => {
  const { width, data } = await picture(await png(2048, 2048, 1, new Uint8Array(2048 * 257)));
  assert.is(width, 2048);
  assert.ok(data.every((v) => v === 0));
});

test("a PNG that unpacks to more, or to less, than it claims", async () => {
  await refused(await png(24, 24, 8, new Uint8Array(2 ** 25)), "InvalidInput", /unpacks to more than its pixels/);
  await refused(await png(24, 24, 8, new Uint8Array(24 * 25 + 1)), "InvalidInput", /unpacks to more/);
  await refused(await png(24, 24, 8, new Uint8Array(24 * 25 - 1)), "InvalidInput", /unpacks to less/);
});

test("a PNG whose text and profile would unpack to much: they are not looked at", async () => {
  const bomb = await joined(letters("bomb\0\0"), await deflated(new Uint8Array(2 ** 24)));
  const pixels = Uint8Array.from({ length: 24 * 25 }, (_, i) => (i % 25 ? i % 251 : 0));
  const plain = await picture(await png(24, 24, 8, pixels));
  assert.equal(await picture(await png(24, 24, 8, pixels, ["iCCP", bomb], ["zTXt", bomb])), plain);
});

test("a PNG with a colour that is not in its palette, or of no kind", async () => {
  if (!("document" in globalThis)) {
    const file = await png(2, 1, 8, Uint8Array.of(0, 0, 9), ["PLTE", Uint8Array.of(1, 2, 3)]);
    await refused(file, "InvalidInput", /not in its palette/);
  }
  const odd = await png(2, 1, 8, Uint8Array.of(0, 0, 0));
  odd[25] = 5; // its colour type
  await refused(odd, "InvalidInput", /an invalid colour type or bit depth/);
});

const { files }: { files: { name: string; file: string }[] } = JSON.parse(
  readFileSync(new URL("reference/images.json", import.meta.url), "utf8"),
);
const jpeg = Uint8Array.from(atob(files.find(({ name }) => name === "JPEG")!.file), (char) => char.charCodeAt(0));
const marker = (code: number) => jpeg.findIndex((v, i) => v === 0xff && jpeg[i + 1] === code);

test("a JPEG that claims 8192 × 8192, two images, or hundreds of scans", async () => {
  const large = jpeg.slice();
  large.set([0x20, 0, 0x20, 0], marker(0xc0) + 5);
  await refused(large, "LimitExceeded", /claims 8192 × 8192/);
  const [frame, scan] = [marker(0xc0), marker(0xda)];
  const part = (at: number) => jpeg.slice(at, at + 2 + 256 * jpeg[at + 2] + jpeg[at + 3]);
  const with_ = (at: number, more: Uint8Array<ArrayBuffer>, times: number) =>
    joined(jpeg.slice(0, at), ...Array<Uint8Array<ArrayBuffer>>(times).fill(more), jpeg.slice(at));
  await refused(await with_(frame, part(frame), 1), "InvalidInput", /holds 2 images/);
  await refused(await with_(scan, part(scan), 200), "LimitExceeded", /201 scans/);
});

test("a size of millions before a crop: no more is made than what the model sees", async () => {
  const patched = { size: [16, 16], patch: [8, 8], channels: 3, specials: [] } as const;
  const image = await picture({ data: Uint8Array.from({ length: 300 }, (_, i) => i % 100), width: 1, height: 300 });
  for (const resample of [0, 1, 2, 3, 4, 5]) {
    const config = { size: { shortest_edge: 8192 }, do_center_crop: true, crop_size: 16, resample };
    const { values, box } = preparation(processor(config), patched)(image);
    assert.equal(box, { x: (8192 / 2 - 8) / 8192, y: (8192 * 150 - 8) / 8192, width: 16 / 8192, height: 16 / 8192 });
    // The crop lies about the border of two pixels of 49 and 50.
    for (const value of values) assert.ok(Math.abs(value * 127.5 + 127.5 - 49.5) < 0.6, `${resample}: ${value}`);
  }
  assert.throws(() => preparation(processor({ size: 8192 }), patched)(image), /the image is 8192 × 8192/);
});

test("what we write is read", async () => {
  const data = Uint8Array.from({ length: 4 * 70 * 300 }, (_, i) => (i % 4 === 3 ? 255 : i % 253));
  assert.is((await picture(encodePng({ data, width: 70, height: 300 }))).height, 300);
});

test.run();
