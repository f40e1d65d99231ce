import type { ImageView } from "../../explain/explanation.ts";

/** Where a pixel's number is among those of all tokens, of which the first `specials` are no patches. */
export function place(
  { size: [across, down], rows, cols }: Pick<ImageView, "size" | "rows" | "cols">,
  { specials, channels }: { specials: number; channels: number },
  [channel, y, x]: readonly [channel: number, y: number, x: number],
): number {
  const [height, width] = [down / rows, across / cols];
  const token = specials + Math.floor(y / height) * cols + Math.floor(x / width);
  return ((token * channels + channel) * height + (y % height)) * width + (x % width);
}
