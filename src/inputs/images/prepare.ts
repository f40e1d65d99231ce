// preprocessor_config.json: what is done to an image before a model sees it.

import { asText, quote, RelpropError } from "../../errors.ts";
import type { Patched } from "./patches.ts";
import { type Filter, numbered, resized } from "./resize.ts";
import type { Rgb } from "./rgb.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a model sees of an image. */
export interface Prepared {
  /** Numbers of each channel, row by row. */
  values: Float32Array;
  /** Where it lies in the image, in pixels of that; it may reach beyond. */
  box: { x: number; y: number; width: number; height: number };
}

export type Prepare = (image: Rgb) => Prepared;

const MOST = 8192; // pixels of a side

const vit = {
  do_resize: true,
  size: { height: 224, width: 224 } as unknown,
  resample: 2,
  do_center_crop: false,
  crop_size: { height: 224, width: 224 } as unknown,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  default_to_square: true,
};
const deit = { ...vit, size: { height: 256, width: 256 } as unknown, resample: 3, do_center_crop: true };
const bit = {
  ...deit,
  size: { shortest_edge: 224 } as unknown,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  default_to_square: false,
};

/** What transformers' classes take for fields that a file leaves out, by the start of their names. */
const kinds = new Map<string, typeof vit>([
  ["ViT", vit],
  ["DeiT", deit],
  ["Beit", deit],
  ["Bit", bit],
  ["CLIP", bit],
  ["Siglip", { ...vit, resample: 3 }],
]);

/** The file's content, with what its class has where it has nothing; `usual` is the class of files that name none. */
export function processor(file: Json, usual = "ViTImageProcessor"): Json {
  const names = file.image_processor_type ?? file.feature_extractor_type ?? usual;
  const name = /^(\w+?)(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/.exec(asText(names))?.[1] ?? "";
  const defaults = kinds.get(name);
  if (!defaults) {
    const known = [...kinds.keys()].map((kind) => `${kind}ImageProcessor`).join(", ");
    throw unsupported("image_processor_type", names, `supported are ${known}`);
  }
  for (const [field, value] of Object.entries({ do_pad: file.do_pad, pad_size: file.pad_size })) {
    if (value) throw unsupported(field, value, "images are not padded");
  }
  const given = Object.entries(file).filter(([field, value]) => Object.hasOwn(defaults, field) && value !== null);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** The height and width that all images come out with, if they do. */
export function outcome(config: Json): [height: number, width: number] | undefined {
  if (config.do_center_crop) return cropped(config.crop_size);
  const { shortest_edge, height, width } = (config.size ?? {}) as Json;
  if (!config.do_resize || shortest_edge !== undefined) return undefined;
  if (typeof config.size === "number") return config.default_to_square ? [config.size, config.size] : undefined;
  return [side(height, "size.height"), side(width, "size.width")];
}

/** Reads what processor() returns, for a model that takes images of this size. */
export function preparation(config: Json, { size: [height, width], channels }: Patched): Prepare {
  const is = (name: string) => {
    const value = config[name];
    if (typeof value === "boolean") return value;
    throw invalid(name, value, "true or false");
  };
  const resize = is("do_resize") && { to: target(config.size, is("default_to_square")), filter: filter(config) };
  const crop = is("do_center_crop") && cropped(config.crop_size);
  const factor = is("do_rescale") ? number(config.rescale_factor, "rescale_factor") : 1;
  const normalize = is("do_normalize");
  const [mean, std] = normalize ? ["image_mean", "image_std"].map((name) => list(config, name, channels)) : [[], []];
  if (std.includes(0)) throw invalid("image_std", config.image_std, "without zeros");

  return (image) => {
    const [h, w] = resize ? resize.to(image) : [image.height, image.width];
    const [ch, cw] = crop || [h, w];
    if (ch !== height || cw !== width) {
      const message = `by preprocessor_config.json the image is ${cw} × ${ch}; this model needs ${width} × ${height}`;
      throw new RelpropError("InvalidInput", message);
    }
    // A crop that does not fit is filled up with zeros.
    const [top, left] = [Math.floor((h - ch) / 2), Math.floor((w - cw) / 2)];
    const scaled = resize ? resized(image, [w, h], resize.filter, { x: left, y: top, width: cw, height: ch }) : image;
    const [dx, dy] = resize ? [Math.max(0, left), Math.max(0, top)] : [0, 0]; // where it begins
    const values = new Float32Array(channels * ch * cw);
    for (let c = 0; c < channels; c++) {
      const [shift, by] = normalize ? [mean[c], std[c]] : [0, 1];
      for (let y = 0; y < ch; y++) {
        for (let x = 0; x < cw; x++) {
          const value = channel(scaled, x + left - dx, y + top - dy, channels, c);
          values[(c * ch + y) * cw + x] = (value * factor - shift) / by;
        }
      }
    }
    const [sx, sy] = [image.width / w, image.height / h];
    return { values, box: { x: left * sx, y: top * sy, width: cw * sx, height: ch * sy } };
  };
}

/** A pixel's number in a channel; of a single one its luma (ITU-R 601-2, as Pillow has it). */
function channel({ data, width, height }: Rgb, x: number, y: number, channels: number, c: number): number {
  if (x < 0 || y < 0 || x >= width || y >= height) return 0;
  const i = 3 * (y * width + x);
  if (channels > 1) return data[i + c];
  return (19595 * data[i] + 38470 * data[i + 1] + 7471 * data[i + 2] + 0x8000) >> 16;
}

/** The height and width that an image is resized to. */
function target(size: unknown, square: boolean): (image: Rgb) => [number, number] {
  const name = "size";
  const whole = typeof size === "number" ? (square ? { height: size, width: size } : { shortest_edge: size }) : size;
  const { height, width, shortest_edge: shortest, ...others } = (whole ?? {}) as Json;
  const [other] = Object.entries(others).filter(([, value]) => value !== null);
  if (other) throw unsupported(`size.${other[0]}`, other[1], "supported are height and width, or shortest_edge");
  if (shortest === undefined || shortest === null) {
    const both: [number, number] = [side(height, `${name}.height`), side(width, `${name}.width`)];
    return () => both;
  }
  const short = side(shortest, `${name}.shortest_edge`);
  return (image) => {
    const long = (a: number, b: number) => Math.trunc((short * a) / b);
    return image.height < image.width
      ? [short, long(image.width, image.height)]
      : [long(image.height, image.width), short];
  };
}

function cropped(size: unknown): [number, number] {
  if (typeof size === "number") return [side(size, "crop_size"), side(size, "crop_size")];
  const { height, width } = (size ?? {}) as Json;
  return [side(height, "crop_size.height"), side(width, "crop_size.width")];
}

function filter({ resample }: Json): Filter {
  const found = typeof resample === "number" ? numbered[resample] : undefined;
  if (found) return found;
  throw invalid("resample", resample, `a number from 0 to ${numbered.length - 1}`);
}

function side(value: unknown, name: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST) return value as number;
  throw invalid(name, value, `a whole number from 1 to ${MOST}`);
}

function number(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid(name, value, "a number");
}

function list(config: Json, name: string, n: number): number[] {
  const value = config[name];
  if (typeof value === "number") return Array(n).fill(number(value, name));
  if (Array.isArray(value) && value.length === n) return value.map((one) => number(one, name));
  throw invalid(name, value, `${n} numbers, one a channel`);
}

const unsupported = (field: string, value: unknown, instead: string) =>
  new RelpropError("ConfigUnsupported", `preprocessor_config.json's ${field} is ${quote(value)}; ${instead}`, {
    field,
  });

const invalid = (field: string, value: unknown, wanted: string) =>
  new RelpropError("ConfigInvalid", `preprocessor_config.json's ${field} is ${quote(value)}, it must be ${wanted}`, {
    field,
  });
