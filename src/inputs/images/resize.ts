// Resampling to the last bit as Pillow 11 does it, which is what image models were trained on: a filter as wide as what is
// left out, along rows and then along columns, with weights in fixed point and bytes in between. (Pillow 13 begins with
// columns where that is less work, which changes some bytes by one or two.)

/** A filter by its name: half its width, and its value. */
const filters = {
  nearest: undefined,
  box: { support: 0.5, at: (x: number) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, at: (x: number) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: { support: 2, at: (x: number) => cubic(Math.abs(x)) },
  lanczos: { support: 3, at: (x: number) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

import type { Rgb } from "./rgb.ts";
export type Filter = keyof typeof filters;

/** As `resample` numbers them in preprocessor_config.json. */
export const numbered: readonly Filter[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

const BITS = 22;

export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The part of an image resized to `[width, height]` that lies in a window; no more of it is made. */
export function resized(image: Rgb, to: readonly [number, number], filter: Filter, window: Window): Rgb {
  const [columns, rows] = [span(window.x, window.width, to[0]), span(window.y, window.height, to[1])];
  if (filter === "nearest") return nearest(image, columns, rows);
  const [across, down] = [weights(image.width, columns, filter), weights(image.height, rows, filter)];
  const [width, height] = [across.length, down.length];
  const [first, end] = [down[0].from, down[height - 1].from + down[height - 1].fixed.length];
  const { data } = image;
  const out = new Uint8Array(3 * width * height);
  const column = new Uint8Array(3 * (end - first));
  for (let x = 0; x < width; x++) {
    for (let y = first; y < end; y++) sum(data, y * image.width, across[x], column, 3 * (y - first));
    for (let y = 0; y < height; y++) sum(column, -first, down[y], out, 3 * (y * width + x));
  }
  return { data: out, width, height };
}

/** Where to begin and end on an axis that is resized to `to` pixels. */
interface Span {
  from: number;
  end: number;
  to: number;
}

const span = (start: number, length: number, to: number): Span => ({
  from: Math.max(0, start),
  end: Math.min(to, start + length),
  to,
});

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys, 1981, with a = −½. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** The pixels that make one of the result, from one on, and their weights in fixed point. */
interface Weights {
  from: number;
  fixed: number[];
}

/** Of each pixel of a span of an axis that has `size` pixels before. */
function weights(size: number, { from: first, end, to }: Span, filter: Exclude<Filter, "nearest">): Weights[] {
  const { support, at } = filters[filter];
  const scale = size / to;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: end - first }, (_, k) => {
    const center = (first + k + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const n = Math.min(size, Math.trunc(center + reach + 0.5)) - from;
    const all = Array.from({ length: n }, (_, i) => at((i + from - center + 0.5) / stretch));
    const sum = all.reduce((total, weight) => total + weight, 0);
    const fixed = all.map((weight) => {
      const scaled = (weight / sum) * 2 ** BITS;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    return { from, fixed };
  });
}

/** Writes the weighted sum of pixels side by side, the one of number `start` first, to `out`. */
function sum(data: Uint8Array, start: number, { from, fixed }: Weights, out: Uint8Array, at: number): void {
  for (let c = 0; c < 3; c++) {
    let value = 2 ** (BITS - 1);
    for (let i = 0; i < fixed.length; i++) value += fixed[i] * data[3 * (start + from + i) + c];
    out[at + c] = Math.min(255, Math.max(0, Math.floor(value / 2 ** BITS)));
  }
}

function nearest(image: Rgb, columns: Span, rows: Span): Rgb {
  const [across, down] = [closest(image.width, columns), closest(image.height, rows)];
  const [width, height] = [across.length, down.length];
  const out = new Uint8Array(3 * width * height);
  for (const [y, row] of down.entries()) {
    for (const [x, column] of across.entries()) {
      const from = 3 * (row * image.width + column);
      out.set(image.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { data: out, width, height };
}

/** The pixel that each of a span lies in. Pillow steps along the axis, so that rounding adds up. */
function closest(size: number, { from, end, to }: Span): number[] {
  const step = size / to;
  const found: number[] = [];
  for (let i = 0, at = step / 2; i < end; i++, at += step) if (i >= from) found.push(Math.trunc(at));
  return found;
}
