// The options of renderers.

import { bytes, either, filled, flag, number, type Options, oneOf, text } from "../options/kinds.ts";

/** What of the text has one colour: each word, each token (a word's pieces apart), or each of the explanation's `groups`. */
export type By = "words" | "tokens" | "groups";

/** Options of svg(). */
export interface FigureOptions {
  /** What has one colour and one number: "words" (default), "tokens" or "groups". Of images it has no effect. */
  by?: By;
  /** Of an image: what is shown below the colours, by its address or as its file's bytes. */
  picture?: string | Uint8Array;
}

/** Options of html(). */
export interface PageOptions extends FigureOptions, Omit<FragmentOptions, "caption"> {
  /** The address of the package's `dist/page.css`, in place of a stylesheet within the page, which some policies forbid. */
  stylesheet?: string;
}

/** Options of segments(). */
export interface SegmentOptions {
  /** What has one colour and one number: "words" (default), "tokens" or "groups". */
  by?: By;
  /** The ground that colours are for: "light" (default) or "dark". */
  theme?: "light" | "dark";
}

/** Options of fragment() and of the custom element. */
export interface FragmentOptions {
  /** What has one colour and one number: "words" (default), "tokens" or "groups". */
  by?: By;
  /** "auto" (default) follows the page's `color-scheme`, on the page's own ground; the others bring theirs. */
  theme?: Theme;
  /** Whether the scale of colours is shown below the text (default true). */
  legend?: boolean;
  /** A line above the text. */
  caption?: string;
}

/** Of colours for a light ground, a dark one, or the page's. */
export type Theme = "light" | "dark" | "auto";

export interface AnsiOptions {
  color?: "truecolor" | "256" | "none";
  /** In cells; no line is wider, unless this is less than 32. */
  width?: number;
  /** What has one colour and one number: "words" (default), "tokens" or "groups". */
  by?: By;
}

const by = oneOf("words", "tokens", "groups");

const theme = oneOf("light", "dark", "auto");

export const segmentOptions = { by, theme: oneOf("light", "dark") } satisfies Options<SegmentOptions>;

export const fragmentOptions = { by, theme, legend: flag, caption: text } satisfies Options<FragmentOptions>;

export const figureOptions = { by, picture: either(text, bytes) } satisfies Options<FigureOptions>;

export const pageOptions = { ...figureOptions, theme, legend: flag, stylesheet: filled } satisfies Options<PageOptions>;

export const ansiOptions = {
  color: oneOf("truecolor", "256", "none"),
  width: number("a number"),
  by,
} satisfies Options<AnsiOptions>;
