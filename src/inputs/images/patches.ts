// An image as patches.

import type { Prepare } from "./prepare.ts";

/** What of an image a model saw. */
export interface ImageView {
  /** Of the image, in pixels. */
  width: number;
  /** The image's height in pixels. */
  height: number;
  /** Where what the model saw lies in it; it may reach beyond. */
  box: { x: number; y: number; width: number; height: number };
  /** Width and height that the model saw it at, in pixels. */
  size: readonly [width: number, height: number];
  /** How many patches there are: row by row, they are the tokens that are not special. */
  rows: number;
  /** The number of patches in a row. */
  cols: number;
}

/** How an image is cut into patches, row by row, after tokens of the model's own; height before width. */
export interface Patched {
  size: readonly [height: number, width: number];
  patch: readonly [height: number, width: number];
  channels: number;
  specials: readonly string[];
  /** The image processor of transformers that makes pixels ready unless a file names another. */
  processor?: string;
  /** How pixels are made ready. */
  prepare?: Prepare;
}

/** Where a pixel's number is among those of all tokens, of which the first `specials` are no patches. */
export function pixelOffset(
  { size: [across, down], rows, cols }: Pick<ImageView, "size" | "rows" | "cols">,
  { specials, channels }: { specials: number; channels: number },
  [channel, y, x]: readonly [channel: number, y: number, x: number],
): number {
  const [height, width] = [down / rows, across / cols];
  const token = specials + Math.floor(y / height) * cols + Math.floor(x / width);
  return ((token * channels + channel) * height + (y % height)) * width + (x % width);
}
