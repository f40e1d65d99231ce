// The options of renderers.

import { bytes, either, number, type Options, oneOf, text } from "../options/kinds.ts";

/** Options of svg() and html(), for explanations of images. */
export interface ImageRenderOptions {
  /** What is shown below the colours: the image's address, or its file's bytes. */
  picture?: string | Uint8Array;
}

export interface AnsiOptions {
  color?: "truecolor" | "256" | "none";
  /** In cells; no line is wider, unless this is less than 32. */
  width?: number;
}

export const pictureOptions = { picture: either(text, bytes) } satisfies Options<ImageRenderOptions>;

export const ansiOptions = {
  color: oneOf("truecolor", "256", "none"),
  width: number("a number"),
} satisfies Options<AnsiOptions>;
