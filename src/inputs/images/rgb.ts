/** The most pixels that an image may have. */
export const MOST_PIXELS = 2 ** 26;

/** Pixels as RGB. */
export interface Rgb {
  data: Uint8Array;
  width: number;
  height: number;
}
