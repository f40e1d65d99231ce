// An image's relevance as colours over it: by pixels where an explanation has them, else by patches. Orange speaks for the
// target, blue against it, and what does not matter stays as it is, in grey.

import type { Attribution } from "../attribution/attribution.ts";
import { RelpropError } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ImageView } from "../inputs/images/patches.ts";
import type { Pixels } from "../inputs/images/picture.ts";
import { MOST_PIXELS } from "../inputs/images/rgb.ts";
import type { ByteArray } from "../options/globals.ts";
import { light, rgb, strength } from "./color.ts";
import type { FigureOptions } from "./options.ts";
import { encodePng } from "./png.ts";
import { drawn, escaped, short } from "./text.ts";

type Seen = ImageView & { pixels?: number[] };

const OPACITY = 0.85; // of full colour
const SIDE = 448; // of a figure, in CSS pixels

/** Relevance by cells, row by row, and what has full colour. */
export interface Cells {
  cols: number;
  rows: number;
  values: readonly number[];
  scale: number;
}

export function cellsOf({ image, tokens }: Explanation | Attribution): Cells {
  const { rows, cols, size, pixels } = checked(image as Seen, tokens.length);
  const values = pixels ?? tokens.slice(tokens.length - rows * cols).map(({ relevance }) => relevance);
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  // Of many pixels some few stand out; the hundredth part has full colour.
  const scale = sizes[Math.floor((pixels ? 0.99 : 1) * (sizes.length - 1))] || sizes[sizes.length - 1];
  const [across, down] = pixels ? size : [cols, rows];
  return { cols: across, rows: down, values, scale };
}

/** A stored explanation may say anything of its image; what is drawn is as large as it says. */
function checked(image: Seen, tokens: number): Seen {
  const { width, height, box, rows, cols, size, pixels } = image;
  const sides = [width, height, rows, cols, ...size];
  const whole = sides.every((side) => Number.isInteger(side) && side >= 1 && side <= MOST_PIXELS);
  const placed = [box.x, box.y, box.width, box.height].every(Number.isFinite) && box.width > 0 && box.height > 0;
  const fits = pixels ? pixels.length === size[0] * size[1] : rows * cols <= tokens;
  if (whole && width * height <= MOST_PIXELS && placed && fits) return image;
  throw new RelpropError("InvalidInput", "the explanation's image has sides or cells that do not fit together");
}

/** The colours alone, RGBA, a pixel a cell. */
export function heat(explanation: Explanation | Attribution): Pixels {
  const { cols, rows, values, scale } = cellsOf(explanation);
  const data = new Uint8Array(4 * cols * rows);
  values.forEach((value, i) => {
    const s = strength(value, scale);
    data.set([...rgb(Math.sign(s), light), Math.round(255 * OPACITY * Math.abs(s))], 4 * i);
  });
  return { data, width: cols, height: rows };
}

/**
 * The image in grey with the colours over it, as a PNG file; without its pixels, on white. Colours are where the model looked.
 * @throws InvalidInput if it is no explanation of an image, or the pixels are of another size.
 */
export const png = (explanation: Explanation | Attribution, picture?: Pixels): ByteArray =>
  drawn("png()", "an explanation, and pixels { data, width, height } if any,", () => painted(explanation, picture));

function painted(explanation: Explanation | Attribution, picture?: Pixels): ByteArray {
  if (!explanation.image)
    throw new RelpropError("InvalidInput", "png() needs an explanation of an image; for texts use svg() or html()");
  const { width, height, box } = explanation.image;
  if (picture && (picture.width !== width || picture.height !== height)) {
    const message = `the picture has ${picture.width} × ${picture.height} pixels, the explained image ${width} × ${height}`;
    throw new RelpropError("InvalidInput", message);
  }
  const over = heat(explanation); // which checks the image
  const channels = picture ? picture.data.length / (width * height) : 0;
  const data = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const [r, g, b] = picture
        ? [0, channels > 2 ? 1 : 0, channels > 2 ? 2 : 0].map((c) => picture.data[i * channels + c])
        : [255, 255, 255];
      const grey = 0.299 * r + 0.587 * g + 0.114 * b;
      const col = Math.floor(((x + 0.5 - box.x) / box.width) * over.width);
      const row = Math.floor(((y + 0.5 - box.y) / box.height) * over.height);
      const inside = col >= 0 && row >= 0 && col < over.width && row < over.height;
      const at = 4 * (row * over.width + col);
      const share = inside ? over.data[at + 3] / 255 : 0;
      for (let c = 0; c < 3; c++)
        data[4 * i + c] = Math.round((1 - share) * grey + (inside ? share * over.data[at + c] : 0));
      data[4 * i + 3] = 255;
    }
  }
  return encodePng({ data, width, height });
}

/** A figure's shapes, from its upper left corner, and its size. */
export function figure(
  explanation: Explanation | Attribution,
  { picture }: FigureOptions,
): { shapes: string; width: number; height: number } {
  const { width, height, box } = checked(explanation.image as Seen, explanation.tokens.length);
  const by = SIDE / Math.max(width, height);
  const place = (x: number, y: number, w: number, h: number) =>
    `x="${short(by * x)}" y="${short(by * y)}" width="${short(by * w)}" height="${short(by * h)}" preserveAspectRatio="none"`;
  const under =
    picture === undefined
      ? ""
      : `<image ${place(0, 0, width, height)} href="${escaped(address(picture))}" filter="grayscale(1)"/>`;
  const over = `<image ${place(box.x, box.y, box.width, box.height)} href="${address(encodePng(heat(explanation)))}" image-rendering="pixelated"/>`;
  return { shapes: under + over, width: by * width, height: by * height };
}

/** An address as it is, a file as a data URL. */
function address(picture: string | Uint8Array): string {
  if (typeof picture === "string") return picture;
  const text = Array.from(picture, (byte) => String.fromCharCode(byte)).join("");
  const type = picture[0] === 0xff ? "jpeg" : picture[0] === 0x52 ? "webp" : picture[0] === 0x47 ? "gif" : "png";
  return `data:image/${type};base64,${btoa(text)}`;
}
