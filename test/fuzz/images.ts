// PNG and JPEG files with bytes, chunks and claims changed: as many pixels as the image says, or an error with a code.

import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import * as assert from "uvu/assert";
import { picture } from "../../src/inputs/images/picture.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";

const { files }: { files: { name: string; file: string }[] } = JSON.parse(
  readFileSync(new URL("../reference/images.json", import.meta.url), "utf8"),
);
const seeds = files.map(({ file }) => Buffer.from(file, "base64"));
const sides = [0, 1, 2, 255, 256, 2047, 8192, 65535, 2 ** 20, 2 ** 31 - 1, 2 ** 32 - 1];

export const fuzzer: Fuzzer = {
  async one(random) {
    let file = Buffer.from(pick(random, seeds));
    const png = file[0] === 0x89;
    for (let times = 1 + random(3); times; times--)
      file = pick(random, png ? [...any, ...ofPng] : [...any, ...ofJpeg])(file, random);
    if (png && random(4)) fixSums(file);
    const what = await coded(async () => {
      const { data, width, height } = await picture(new Uint8Array(file));
      assert.is(data.length, 3 * width * height);
      // A file of so few bytes may have four million pixels; of these alone, memory is not by the bytes.
      pixels = width * height;
    });
    const bytes = file.length + 8 * pixels;
    pixels = 0;
    return { bytes, what };
  },
};
let pixels = 0;

type Change = (file: Buffer, random: Random) => Buffer<ArrayBuffer>;

const any: Change[] = [
  (file, random) => {
    const out = Buffer.from(file);
    for (let n = 1 + random(8); n; n--) out[random(out.length)] = random(256);
    return out;
  },
  (file, random) => Buffer.from(file.subarray(0, random(file.length + 1))),
  (file, random) => {
    const [from, to] = [random(file.length), random(file.length)];
    return Buffer.concat([file.subarray(0, to), file.subarray(from, from + random(400)), file.subarray(to)]);
  },
];

const ofPng: Change[] = [
  (file, random) => {
    const out = Buffer.from(file);
    if (out.length > 24) out.writeUInt32BE(pick(random, sides), pick(random, [16, 20]));
    return out;
  },
  (file, random) => {
    const out = Buffer.from(file);
    if (out.length > 29) out[pick(random, [24, 25, 26, 27, 28])] = pick(random, [0, 1, 2, 3, 4, 5, 6, 8, 16, 255]);
    return out;
  },
  (file, random) => {
    const bomb = deflateSync(Buffer.alloc(random(2 ** 22)));
    const head = Buffer.alloc(8);
    head.writeUInt32BE(bomb.length);
    head.write(pick(random, ["IDAT", "iCCP", "zTXt", "PLTE", "tRNS", "fdAT"]), 4, "latin1");
    return Buffer.concat([file.subarray(0, 33), head, bomb, Buffer.alloc(4), file.subarray(33)]);
  },
];

const ofJpeg: Change[] = [
  (file, random) => {
    const out = Buffer.from(file);
    const at = out.indexOf(Buffer.from([0xff, pick(random, [0xc0, 0xc2])]));
    if (at > 0 && at + 9 < out.length) out.writeUInt16BE(pick(random, sides) & 0xffff, at + pick(random, [5, 7]));
    return out;
  },
  (file, random) => {
    const at = file.indexOf(Buffer.from([0xff, pick(random, [0xc0, 0xc4, 0xda, 0xdb, 0xdd])]));
    if (at < 0) return Buffer.from(file);
    const part = file.subarray(at, at + 2 + (file.length > at + 4 ? file.readUInt16BE(at + 2) : 0));
    return Buffer.concat([file.subarray(0, at), ...Array(1 + random(300)).fill(part), file.subarray(at)]);
  },
];

/** Makes the sums of a PNG's chunks right again, so that what is behind them is met. */
function fixSums(file: Buffer): void {
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) return;
    file.writeUInt32BE(sum(file.subarray(at + 4, end)), end);
    at = end + 4;
  }
}

/** Node 20.15 has zlib's own; before that it is not tried. */
const sum = (bytes: Buffer): number => crc32?.(bytes) ?? 0;
