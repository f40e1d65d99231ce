// The diverging palette: orange speaks for the target, blue against it. These are the hues of Okabe and Ito's vermilion
// and blue, which are distinct for every common kind of colour vision. It is built in OKLCH, both arms with the same lightness
// and chroma at the same strength, so that neither looks stronger and a grey print still shows how strong. Lightness
// stays where one ink reads well on the whole scale: at least 4.5:1 (WCAG AA), so the text never flips colour.

import { finite } from "./text.ts";

/** The way from no relevance to the most, as lightness and chroma, and the ink that reads well all along. */
export interface Palette {
  ink: string;
  from: readonly [lightness: number, chroma: number];
  to: readonly [lightness: number, chroma: number];
}

export const light: Palette = { ink: "#1a1a1a", from: [0.99, 0], to: [0.73, 0.13] };

export const dark: Palette = { ink: "#f2f2f2", from: [0.2, 0], to: [0.52, 0.12] };

/** For a terminal with an unknown background: strength is in the chroma alone. */
export const terminal: Palette = { ink: "#000000", from: [0.68, 0.03], to: [0.68, 0.14] };

/** The terminal's scale in xterm's 256 colours, weak to strong; the ink is number 16. */
export const xterm = { for: [180, 173, 166], against: [110, 68, 33] };

const hue = { for: 55, against: 250 };

/** Below this strength a sign is not worth marking. */
export const weak = 0.08;

/** How strongly a relevance is coloured, in −1 … 1. */
export function strength(relevance: number, scale: number): number {
  return scale > 0 ? Math.min(Math.max(finite(relevance) / scale, -1), 1) : 0;
}

/** The background for a strength in −1 … 1, as red, green, blue in 0 … 255. */
export function rgb(strength: number, { from, to }: Palette): [red: number, green: number, blue: number] {
  const t = Math.min(Math.abs(strength), 1);
  const lightness = from[0] + t * (to[0] - from[0]);
  const chroma = from[1] + t * (to[1] - from[1]);
  const h = ((strength < 0 ? hue.against : hue.for) * Math.PI) / 180;
  const a = chroma * Math.cos(h);
  const b = chroma * Math.sin(h);
  // Ottosson's OKLab (2020) to cone responses to linear sRGB.
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The same as "#rrggbb". */
export function hex(strength: number, palette: Palette): string {
  return `#${rgb(strength, palette)
    .map((channel) => channel.toString(16).padStart(2, "0"))
    .join("")}`;
}

function encode(linear: number): number {
  const x = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(Math.max(x, 0), 1));
}
