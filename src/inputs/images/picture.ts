// Images as pixels. The platform decodes where it can; elsewhere PNG and JPEG are read by fast-png and jpeg-js, if they are
// installed.

import { quote, RelpropError } from "../../errors.ts";
import type { Blob, ImageBitmap } from "../../options/globals.ts";
import { unreadable } from "../given.ts";
import { boundedPng, checkJpeg, invalid, mostPixels } from "./bounded.ts";
import { MOST_PIXELS, type Rgb } from "./rgb.ts";

/** Pixels, row by row: RGBA as ImageData has them, RGB, or grey, as `data` has 4, 3 or 1 numbers from 0 to 255 for each. */
export interface Pixels {
  /** The numbers, 0 to 255. */
  data: Uint8Array | Uint8ClampedArray;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
}

/** Pixels, an image that the platform can draw, or a file of one. */
export type Image = Pixels | ImageBitmap | Blob | ArrayBuffer | Uint8Array;

/** Any image as RGB; what is transparent lies on white. Throws `InvalidInput` or `ImageUnsupported`. */
export async function picture(image: Image): Promise<Rgb> {
  try {
    return await pixelsOf(image);
  } catch (cause) {
    throw unreadable("the image", cause);
  }
}

async function pixelsOf(image: Image): Promise<Rgb> {
  if (typeof image !== "object" || image === null) throw invalid(`an image cannot be a ${typeof image}; ${KINDS}`);
  if (isPixels(image)) return rgb(image);
  if (isBytes(image) || (globalThis.Blob && image instanceof Blob)) return rgb(await decoded(await bytesOf(image)));
  if ("width" in image && "close" in image) return rgb(drawn(image));
  throw invalid(`${quote(image)} is not an image; ${KINDS}`);
}

const KINDS = "pass ImageData or { data, width, height }, an ImageBitmap, or a PNG or JPEG file as a Blob or bytes";

const isPixels = (image: object): image is Pixels => "data" in image && "width" in image && "height" in image;
const isBytes = (image: object): image is ArrayBuffer | Uint8Array =>
  image instanceof ArrayBuffer || image instanceof Uint8Array;

/** A copy, so that nothing changes it afterwards. */
async function bytesOf(file: ArrayBuffer | Uint8Array | Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(isBytes(file) ? file : await file.arrayBuffer());
  } catch (cause) {
    throw invalid(`the file cannot be read: ${cause}`, cause); // it is gone, or its buffer is another thread's now
  }
}

function rgb({ data, width, height }: Pixels): Rgb {
  const whole = [width, height].every((side) => Number.isInteger(side) && side >= 1);
  if (!whole || width * height > MOST_PIXELS) {
    throw invalid(
      `an image of ${quote(width)} × ${quote(height)} pixels; at least 1 × 1 and at most ${MOST_PIXELS} are read`,
    );
  }
  if (!/Uint8(Clamped)?Array/.test(Object.prototype.toString.call(data))) {
    throw invalid(`an image's data are a Uint8Array or a Uint8ClampedArray, not ${quote(data)}`);
  }
  const n = width * height;
  const channels = data.length / n;
  if (channels === 3) return { data: Uint8Array.from(data), width, height };
  if (channels !== 1 && channels !== 4) {
    throw invalid(`an image of ${width} × ${height} pixels has ${data?.length} numbers; it needs 1, 3 or 4 a pixel`);
  }
  const out = new Uint8Array(3 * n);
  for (let i = 0; i < n; i++) {
    const opaque = channels === 4 ? data[4 * i + 3] / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = channels === 4 ? data[4 * i + c] : data[i];
      out[3 * i + c] = opaque === 1 ? value : Math.round(opaque * value + (1 - opaque) * 255);
    }
  }
  return { data: out, width, height };
}

/** A canvas to draw on, which not every runtime has that knows OffscreenCanvas. */
function context(width: number, height: number): OffscreenCanvasRenderingContext2D | null {
  if (!("OffscreenCanvas" in globalThis)) return null;
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
}

/** Draws what the platform can draw. */
function drawn(image: ImageBitmap): Pixels {
  const { width, height } = image;
  if (!(width * height <= MOST_PIXELS))
    throw invalid(`an image of ${width} × ${height} pixels; at most ${MOST_PIXELS} are read`);
  const canvas = context(width, height);
  if (!canvas) throw new RelpropError("ImageUnsupported", "this runtime cannot draw images; pass pixels, or a file");
  try {
    canvas.drawImage(image, 0, 0);
  } catch (cause) {
    throw invalid(`the image cannot be drawn: ${cause}`, cause);
  }
  return canvas.getImageData(0, 0, width, height);
}

/** A file's pixels. What is decoded is what its head says, and that is bounded by its bytes. */
async function decoded(file: Uint8Array<ArrayBuffer>): Promise<Pixels> {
  const kind = kindOf(file);
  const bytes = kind ? await kind.bounded(file) : file;
  if ("createImageBitmap" in globalThis && context(1, 1)) {
    const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;
    const bitmap = await createImageBitmap(new Blob([bytes]), options).catch((cause) => {
      throw invalid(`the file of ${bytes.length} bytes is not an image that this browser reads: ${cause}`, cause);
    });
    const pixels = drawn(bitmap);
    bitmap.close();
    return pixels;
  }
  if (!kind) throw invalid(`the file of ${bytes.length} bytes is neither PNG nor JPEG`);
  const { name, read } = kind;
  const library = await imported(name).catch((cause) => {
    const message = `this runtime cannot decode images; \`npm install ${name}\`, or pass pixels { data, width, height }`;
    throw new RelpropError("ImageUnsupported", message, {}, cause);
  });
  try {
    return read((library.default as Library | undefined) ?? library, bytes, library);
  } catch (cause) {
    throw cause instanceof RelpropError ? cause : invalid(`${name} cannot read the file: ${cause}`, cause);
  }
}

type Library = Record<string, unknown>;

interface Kind {
  name: string;
  /** As much of the file as is to be decoded; throws if it claims or unpacks to too much. */
  bounded(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  read(library: Library, bytes: Uint8Array<ArrayBuffer>, all: Library): Pixels;
}

const png: Kind = {
  name: "fast-png",
  bounded: boundedPng,
  read: (_, bytes, { decode }) => eight((decode as (bytes: Uint8Array) => Png)(bytes)),
};

const jpeg: Kind = {
  name: "jpeg-js",
  async bounded(bytes) {
    checkJpeg(bytes);
    return bytes;
  },
  read: ({ decode }, bytes) =>
    (decode as (bytes: Uint8Array, options: object) => Pixels)(bytes, {
      useTArray: true,
      maxResolutionInMP: mostPixels(bytes.length) / 1e6,
      maxMemoryUsageInMB: 32 + Math.ceil((32 * mostPixels(bytes.length)) / 2 ** 20), // 28 bytes a pixel of four colours
    }),
};

function kindOf(bytes: Uint8Array): Kind | undefined {
  const begins = (...head: number[]) => head.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return png;
  return begins(0xff, 0xd8, 0xff) ? jpeg : undefined;
}

/** What fast-png returns. */
interface Png {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray | Uint16Array;
  depth: number;
  channels: number;
  palette?: number[][];
  transparency?: Uint16Array;
}

/** RGBA of 8 bits each, whatever the file has. */
function eight({ width, height, data, depth, channels, palette, transparency }: Png): Pixels {
  const n = width * height;
  const out = new Uint8Array(4 * n);
  const most = 2 ** depth - 1;
  const perByte = 8 / depth;
  const line = Math.ceil((width * channels * depth) / 8); // bytes, where samples are narrower than one
  const sample = (i: number, c: number) => {
    if (depth >= 8) return data[i * channels + c];
    const [x, y] = [i % width, Math.floor(i / width)];
    const byte = data[y * line + Math.floor(x / perByte)];
    return (byte >> (8 - depth * ((x % perByte) + 1))) & most;
  };
  const grey = channels < 3;
  const hidden = (i: number) => transparency!.every((value, c) => c >= channels || sample(i, c) === value);
  for (let i = 0; i < n; i++) {
    const color = palette?.[sample(i, 0)];
    if (palette && !color) throw invalid("the PNG has a pixel of a colour that is not in its palette");
    for (let c = 0; c < 3; c++) {
      out[4 * i + c] = color ? color[c] : Math.round((255 * sample(i, grey ? 0 : c)) / most);
    }
    const alpha = channels % 2 ? (transparency?.length && hidden(i) ? 0 : most) : sample(i, channels - 1);
    out[4 * i + 3] = color ? (color[3] ?? 255) : Math.round((255 * alpha) / most);
  }
  return { data: out, width, height };
}

// The name is a parameter so that no bundler follows the import.
const imported = (name: string): Promise<Library> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);
