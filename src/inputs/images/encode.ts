// From an image to what a network is fed, patch by patch.

import type { Encoded } from "../encoded.ts";
import type { Token } from "../tokenizers/token.ts";
import { type ImageView, type Patched, pixelOffset } from "./patches.ts";
import { type Image, picture } from "./picture.ts";

/** An image as the model will see it; patches are called by row and column, from 1. */
export async function encodeImage(
  { size, patch, channels, specials, prepare }: Patched,
  given: Image,
): Promise<Encoded> {
  const width = channels * patch[0] * patch[1];
  const seen = await picture(given);
  const { values, box } = prepare!(seen);
  const [rows, cols] = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])];
  const [down, across] = [rows * patch[0], cols * patch[1]];
  // What patches leave over at the right and below is not seen.
  const shown = { ...box, width: (box.width * across) / size[1], height: (box.height * down) / size[0] };
  const view: ImageView = { width: seen.width, height: seen.height, box: shown, size: [across, down], rows, cols };

  const patches = Array.from({ length: rows * cols }, (_, k) => `${Math.floor(k / cols) + 1},${(k % cols) + 1}`);
  const tokens = [...specials, ...patches].map((text, id): Token => {
    return id < specials.length
      ? { id, text, start: null, end: null, special: true }
      : { id, text, start: 0, end: 0, special: false };
  });
  const pixels = new Float32Array(tokens.length * width);
  const own = { specials: specials.length, channels };
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++)
        pixels[pixelOffset(view, own, [c, y, x])] = values[(c * size[0] + y) * size[1] + x];
    }
  }
  return { text: "", tokens, warnings: [], given: { tokenEmbeddings: pixels }, image: view };
}
