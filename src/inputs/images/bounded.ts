// What an image file says of itself, before any of it is decoded: files may claim more than they hold, and unpack to more
// than they claim.

import { RelpropError } from "../../errors.ts";
import { MOST_PIXELS } from "./rgb.ts";

const FREE = 2 ** 22; // pixels that any file may have, and how many more for each of its bytes
const EACH = 64;
const MOST_SCANS = 128; // of a JPEG; progressive ones have some ten

export const invalid = (message: string, cause?: unknown): RelpropError =>
  new RelpropError("InvalidInput", message, {}, cause);

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** The most pixels that are read of a file of so many bytes. */
export const mostPixels = (bytes: number): number => Math.min(MOST_PIXELS, FREE + EACH * bytes);

/** Throws `LimitExceeded` if a file of so many bytes has more pixels than its bytes can hold. */
function checkSize(width: number, height: number, bytes: number): void {
  const most = mostPixels(bytes);
  if (!(width >= 1 && height >= 1)) throw invalid(`the file is an image of ${width} × ${height} pixels`);
  if (width * height <= most) return;
  const message = `the file of ${bytes} bytes claims ${width} × ${height} pixels; of a file of this size at most ${most} are read`;
  throw new RelpropError("LimitExceeded", message, { width, height, bytes, most });
}

const channels = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]); // by a PNG's colour type

/** A PNG with nothing but its pixels, which unpack to as many as it claims. Throws `InvalidInput` and `LimitExceeded`. */
export async function boundedPng(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const data = view(bytes);
  const kept = [bytes.subarray(0, 8)];
  const packed: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8, end = false; !end; ) {
    const length = at + 12 <= bytes.length ? data.getUint32(at) : Infinity;
    if (at + 12 + length > bytes.length) throw invalid("the PNG is truncated");
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at === 8 && (name !== "IHDR" || length !== 13)) throw invalid("the PNG does not begin with its size");
    if (at === 8) checkSize(data.getUint32(16), data.getUint32(20), bytes.length);
    // Text and colour profiles are packed too.
    if (/^(IHDR|PLTE|tRNS|IDAT|IEND)$/.test(name)) kept.push(bytes.subarray(at, at + 12 + length));
    if (name === "IDAT") packed.push(bytes.subarray(at + 8, at + 8 + length));
    end = name === "IEND";
    at += 12 + length;
  }
  const expected = pngBytes(data);
  const found = await unpackedSize(new Blob(packed), expected);
  if (found !== expected) throw invalid(`the PNG unpacks to ${found > expected ? "more" : "less"} than its pixels`);
  return new Uint8Array(await new Blob(kept).arrayBuffer());
}

/** Bytes of a PNG's pixels, each line with its filter's number. */
function pngBytes(data: DataView): number {
  const [width, height] = [data.getUint32(16), data.getUint32(20)];
  const [depth, color, interlaced] = [24, 25, 28].map((at) => data.getUint8(at));
  const bits = depth * (channels.get(color) ?? 0);
  if (!bits || depth > 16 || interlaced > 1) throw invalid("the PNG has an invalid colour type or bit depth");
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return passes.reduce((sum, [x, y, dx, dy]) => {
    const [w, h] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    return w > 0 && h > 0 ? sum + h * (1 + Math.ceil((w * bits) / 8)) : sum;
  }, 0);
}

const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** How much a zlib stream unpacks to, or some number above `most`; no more of it is unpacked. */
async function unpackedSize(packed: Blob, most: number): Promise<number> {
  const unpacked = packed.stream().pipeThrough(new DecompressionStream("deflate"));
  let size = 0;
  try {
    for (const reader = unpacked.getReader(); size <= most; ) {
      const { done, value } = await reader.read();
      if (done) return size;
      size += value.length;
      if (size > most) reader.cancel().catch(() => {});
    }
  } catch (cause) {
    throw invalid(`the PNG cannot be unpacked: ${cause}`, cause);
  }
  return size;
}

/** Throws `InvalidInput` and `LimitExceeded` if a JPEG has more pixels or passes over them than its bytes can hold. */
export function checkJpeg(bytes: Uint8Array): void {
  const data = view(bytes);
  let frames = 0;
  let scans = 0;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
      at++; // within a scan, or before a marker
      continue;
    }
    if (marker === 0xd9) break;
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame && at + 9 <= bytes.length) {
      checkSize(data.getUint16(at + 7), data.getUint16(at + 5), bytes.length);
      frames++;
    }
    if (marker === 0xda) scans++;
    at += marker === 0xd8 ? 2 : 2 + data.getUint16(at + 2);
  }
  if (frames !== 1) throw invalid(`the JPEG holds ${frames || "no"} images`);
  if (scans <= MOST_SCANS) return;
  throw new RelpropError("LimitExceeded", `the JPEG has ${scans} scans, at most ${MOST_SCANS} are read`, { scans });
}
