// Resampling to the last bit as Pillow 11 does it, which is what image models were trained on: a filter as wide as what is
// left out, along rows and then along columns, with weights in fixed point and bytes in between. (Pillow 13 begins with
// columns where that is less work, which changes some bytes by one or two.)

import type { Rgb } from "./picture.ts";

/** A filter by its name: half its width, and its value. */
const filters = {
  nearest: undefined,
  box: { support: 0.5, at: (x: number) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, at: (x: number) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: { support: 2, at: (x: number) => cubic(Math.abs(x)) },
  lanczos: { support: 3, at: (x: number) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

export type Filter = keyof typeof filters;

/** As `resample` numbers them in preprocessor_config.json. */
export const numbered: readonly Filter[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

const BITS = 22;

export function resized(image: Rgb, width: number, height: number, filter: Filter): Rgb {
  if (filter === "nearest") return nearest(image, width, height);
  const across = width === image.width ? image : along(image, width, filter);
  return height === image.height ? across : turned(along(turned(across), height, filter));
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys, 1981, with a = −½. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Resamples each row. */
function along({ data, width, height }: Rgb, to: number, filter: Exclude<Filter, "nearest">): Rgb {
  const { support, at } = filters[filter];
  const scale = width / to;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  const out = new Uint8Array(3 * to * height);
  for (let x = 0; x < to; x++) {
    const center = (x + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const n = Math.min(width, Math.trunc(center + reach + 0.5)) - from;
    const weights = Array.from({ length: n }, (_, i) => at((i + from - center + 0.5) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const fixed = weights.map((weight) => {
      const scaled = (weight / sum) * 2 ** BITS;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < 3; c++) {
        let value = 2 ** (BITS - 1);
        for (let i = 0; i < n; i++) value += fixed[i] * data[3 * (y * width + from + i) + c];
        out[3 * (y * to + x) + c] = Math.min(255, Math.max(0, Math.floor(value / 2 ** BITS)));
      }
    }
  }
  return { data: out, width: to, height };
}

/** Rows as columns. */
function turned({ data, width, height }: Rgb): Rgb {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) out[3 * (x * height + y) + c] = data[3 * (y * width + x) + c];
    }
  }
  return { data: out, width: height, height: width };
}

function nearest(image: Rgb, width: number, height: number): Rgb {
  const out = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * image.height) / height);
    for (let x = 0; x < width; x++) {
      const from = 3 * (row * image.width + Math.floor(((x + 0.5) * image.width) / width));
      out.set(image.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { data: out, width, height };
}
