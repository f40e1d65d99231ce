// A text with its relevance as colour, as a tree: what fragment(), html() and the custom element have in common. There are no
// inline styles: a class says how strong a mark is, in twentieths, and the stylesheet makes a colour of it.

import { dark, hex, light, strength, weak } from "./color.ts";
import type { Slice } from "./layout.ts";
import { el, type Markup } from "./markup.ts";
import type { FragmentOptions } from "./options.ts";
import type { Summary } from "./summary.ts";
import { visible } from "./text.ts";

const LEVELS = 20;

/** The whole: caption, text, legend. `details` is the id of a table of the same numbers. */
export function heatmap(
  summary: Summary,
  { theme, caption, legend: hasLegend = true }: FragmentOptions,
  details?: string,
): Markup {
  const name = caption ?? `${visible(summary.title)}: ${summary.score}`;
  const classes = theme === "light" || theme === "dark" ? `relprop relprop-${theme}` : "relprop";
  return el(
    "div",
    { class: classes, part: "heatmap", role: "group", "aria-label": visible(name) },
    ...(caption === undefined ? [] : [el("p", { class: "relprop-caption", part: "caption" }, visible(caption))]),
    heatText(summary, details),
    ...(hasLegend && summary.scale ? [legend(summary)] : []),
  );
}

/** The text alone. */
function heatText(summary: Summary, details?: string): Markup {
  const { slices, empty } = summary;
  const inside = empty
    ? [el("span", { class: "relprop-faint", lang: "en" }, empty)]
    : slices.flatMap((slice) => mark(slice, summary));
  const attributes = { class: "relprop-text", part: "text", dir: "auto", lang: "", "aria-details": details };
  return el("p", attributes, ...inside);
}

/** A slice of the text: marked where tokens were read from it. */
function mark({ text, tokens, relevance }: Slice, { scale, number, called }: Summary): (Markup | string)[] {
  const shown = visible(text, "↵\n");
  if (!tokens.length)
    return shown.split("↵").flatMap((part, i) => (i ? [el("span", { class: "relprop-faint" }, "↵"), part] : [part]));
  const sum = number(relevance, "+");
  const pieces = tokens.map((token) => `${called(token)} ${number(token.relevance, "+")}`).join(", ");
  const title = visible(tokens.length > 1 ? `${sum} = ${pieces}` : sum);
  return [el("mark", { class: level(strength(relevance, scale)), part: "token", title }, shown)];
}

/** The classes of a strength in −1 … 1. Weak marks have no side, so that none is underlined for next to nothing. */
export function level(s: number): string {
  const side = s < -weak ? "against" : s < 0 ? "below" : "for";
  return `relprop-token relprop-${side} relprop-${Math.round(LEVELS * Math.abs(s))}`;
}

export function legend({ scale, number, sides: [against, pro] }: Summary): Markup {
  return el(
    "p",
    { class: "relprop-legend", part: "legend" },
    el("span", {}, `${visible(against)} ${number(-scale)}`),
    el("span", { class: "relprop-ramp", part: "ramp", role: "presentation" }),
    el("span", {}, `${number(scale, "+")} ${visible(pro)}`),
  );
}

/** The stylesheet of fragment(), as a text. Colours are CSS variables that a page may set, such as `--relprop-for`. */
export const heatmapStyle = (): string => `
.relprop{--_for:var(--relprop-for,light-dark(${hex(1, light)},${hex(1, dark)}));--_against:var(--relprop-against,light-dark(${hex(-1, light)},${hex(-1, dark)}));--_ground:var(--relprop-background,var(--_paper,transparent));--_faint:var(--relprop-faint,light-dark(#666,#a0a0a0));color:var(--relprop-ink,light-dark(${light.ink},${dark.ink}));background:var(--_ground);font-variant-numeric:tabular-nums}
.relprop-light,.relprop-dark{padding:.75em 1em;border-radius:.4em}
.relprop-light{color-scheme:light;--_paper:${hex(0, light)}}
.relprop-dark{color-scheme:dark;--_paper:${hex(0, dark)}}
.relprop-text{margin:0;line-height:1.75;white-space:pre-wrap;overflow-wrap:anywhere}
.relprop-caption{margin:0 0 .25em;font-weight:600}
.relprop-faint,.relprop-legend{color:var(--_faint)}
.relprop-token{padding:.12em 0;border-radius:.15em;color:inherit;background:color-mix(in oklab,var(--_hue) calc(var(--_level)*${100 / LEVELS}%),var(--_ground));forced-color-adjust:none;print-color-adjust:exact}
.relprop-for{--_hue:var(--_for)}
.relprop-against,.relprop-below{--_hue:var(--_against)}
.relprop-against{text-decoration:underline .05em;text-underline-offset:.22em}
.relprop-legend{display:flex;flex-wrap:wrap;gap:0 .75em;align-items:center;margin:.5em 0 0;font-size:.875em}
.relprop-ramp{flex:0 1 10em;height:.5em;border-radius:.25em;background:linear-gradient(90deg in oklab,var(--_against),var(--_ground),var(--_for));forced-color-adjust:none;print-color-adjust:exact}
@media (forced-colors:active){.relprop{--_paper:light-dark(${hex(0, light)},${hex(0, dark)});forced-color-adjust:none}}
${Array.from({ length: LEVELS + 1 }, (_, i) => `.relprop-${i}{--_level:${i}}`).join("")}
`;
