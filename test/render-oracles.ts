// What the renderers are held against: a strict parser with a whitelist of elements and attributes, and a terminal that
// knows nothing but our colours.

import * as assert from "uvu/assert";
import type { Explanation } from "../src/explain/explanation.ts";
import { ansi } from "../src/render/ansi.ts";
import { fragment } from "../src/render/fragment.ts";
import { html } from "../src/render/html.ts";
import { cells } from "../src/render/layout.ts";
import type { By } from "../src/render/options.ts";
import { characters } from "../src/render/spans.ts";
import { svg } from "../src/render/svg.ts";
import { visible } from "../src/render/text.ts";

// A strict parser: quoted attributes, numeric entities, every tag closed, nothing else.

export interface Node {
  name: string;
  attributes: Map<string, string>;
  children: (Node | string)[];
}

export function parse(markup: string): Node {
  const root: Node = { name: "", attributes: new Map(), children: [] };
  const open = [root];
  const token =
    /<!doctype html>|<(\/?)([a-z][a-zA-Z0-9]*)((?: [a-zA-Z0-9:-]+="[^"<>&`]*(?:&#\d+;[^"<>&`]*)*")*)(\/?)>|((?:[^<>&"'`]|&#\d+;)+)/y;
  while (token.lastIndex < markup.length) {
    const at = token.lastIndex;
    const match = token.exec(markup);
    if (!match) throw new Error(`not markup at ${at}: ${markup.slice(at, at + 60)}`);
    const [, end, name, attributes, empty, text] = match;
    const parent = open.at(-1)!;
    if (text) parent.children.push(decode(text));
    if (!name) continue;
    if (end) {
      if (open.pop()!.name !== name) throw new Error(`stray </${name}>`);
      continue;
    }
    const node: Node = { name, attributes: new Map(), children: [] };
    for (const [, key, value] of attributes!.matchAll(/ ([^=]+)="([^"]*)"/g)) {
      if (node.attributes.has(key!)) throw new Error(`${key} twice`);
      node.attributes.set(key!, decode(value!));
    }
    parent.children.push(node);
    if (name === "style") {
      const close = markup.indexOf("</style>", token.lastIndex);
      node.children.push(markup.slice(token.lastIndex, close));
      assert.not.match(content(node), /[<&\\]|url|image|import|expression/i);
      token.lastIndex = close + "</style>".length;
    } else if (!empty) open.push(node);
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> stays open`);
  return root;
}

const decode = (text: string) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
export const content = (node: Node | string): string =>
  typeof node === "string" ? node : node.children.map(content).join("");
export function walk(node: Node, into: Node[] = []): Node[] {
  into.push(node);
  for (const child of node.children) if (typeof child !== "string") walk(child, into);
  return into;
}
export const all = (root: Node, name: string) => walk(root).filter((node) => node.name === name);
export const only = (root: Node, name: string, key: string, value: string) =>
  walk(root).find((node) => node.name === name && node.attributes.get(key) === value)!;

const number = /^-?\d+(\.\d+)?(e[+-]\d+)?$/;
const free = /^[^\p{Cc}\p{Cs}]*$/u;
const color = /^#[0-9a-f]{6}$/;

const htmlAttributes: Record<string, RegExp> = {
  lang: /^(en)?$/,
  charset: /^utf-8$/,
  name: /^(viewport|color-scheme)$/,
  "http-equiv": /^Content-Security-Policy$/,
  content: /^(default-src 'none'; style-src 'unsafe-inline'|width=device-width, initial-scale=1|light dark)$/,
  class:
    /^(against|for|zero|bar|warning|faint( special)?|ledger|matrix|relprop(-(text|legend|ramp|faint))?|relprop-token relprop-(for|below|against) relprop-(1?\d|20))$/,
  part: /^(heatmap|text|token|legend|ramp)$/,
  role: /^(group|presentation)$/,
  "aria-label": free,
  "aria-hidden": /^true$/,
  x: /^[\d.]+%$/,
  y: /^0$/,
  width: /^([\d.]+%|1)$/,
  height: /^9$/,
  id: /^tokens$/,
  dir: /^auto$/,
  "aria-details": /^tokens$/,
  scope: /^(row|col)$/,
  title: free,
};
const htmlElements =
  /^(|html|head|meta|title|style|body|main|h1|h2|p|span|bdi|mark|table|thead|tbody|tfoot|tr|th|td|small|svg|rect|dl|div|dt|dd)$/;

/** Of an image, in a page or a figure: at most a picture of the user's, under colours of ours. */
const pictured: Record<string, RegExp> = {
  href: /^(data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*|user:.*)$/su,
  filter: /^grayscale\(1\)$/,
  "image-rendering": /^pixelated$/,
  preserveAspectRatio: /^none$/,
  class: /^picture$/,
  "aria-details": /^tokens$/,
  "aria-label": /^relevance over the image$/,
  content: /^default-src 'none'; style-src 'unsafe-inline'; img-src data: blob: https:$/,
  transform: /^translate\([\d.]+ [\d.]+\)$/,
};

const svgAttributes: Record<string, RegExp> = {
  xmlns: /^http:\/\/www\.w3\.org\/2000\/svg$/,
  viewBox: /^0 0 [\d.]+ [\d.]+$/,
  role: /^img$/,
  "aria-label": free,
  fill: color,
  direction: /^(ltr|rtl)$/,
  lengthAdjust: /^spacingAndGlyphs$/,
  "text-anchor": /^(middle|end)$/,
  transform: /^rotate\(-90 [\d.]+ [\d.]+\)$/,
  "font-family": /^[A-Za-z, -]+$/,
};
for (const name of ["x", "y", "rx", "width", "height", "font-size", "font-weight", "textLength"]) {
  svgAttributes[name] = number;
}
const svgElements = /^(|svg|g|rect|text|title)$/;

function check(markup: string, elements: RegExp, attributes: Record<string, RegExp>): Node {
  const root = parse(markup);
  for (const node of walk(root)) {
    assert.ok(elements.test(node.name), node.name);
    for (const [key, value] of node.attributes) {
      assert.ok(attributes[key]?.test(value), `<${node.name} ${key}=${JSON.stringify(value)}>`);
    }
  }
  const plain = markup.replaceAll("\n", "");
  assert.is(visible(plain), plain);
  return root;
}

const either = (a: Record<string, RegExp>, b: Record<string, RegExp>): Record<string, RegExp> => {
  const names = Object.keys({ ...a, ...b });
  const both = (name: string) => [a, b].flatMap((one) => one[name]?.source ?? []).map((source) => `(?:${source})`);
  return Object.fromEntries(names.map((name) => [name, new RegExp(both(name).join("|"), "su")]));
};
const joined = (a: RegExp, more: string) => new RegExp(`(?:${a.source})|^(?:${more})$`);

const chartAttributes = either(svgAttributes, {
  points: /^[\d.e+ ,-]*$/,
  fill: /^(none|#[0-9a-f]{6})$/,
  stroke: color,
  transform: pictured.transform,
  "text-anchor": /^start$/,
});
for (const name of ["x1", "x2", "y1", "y2", "cx", "cy", "r", "dy", "stroke-width"]) chartAttributes[name] = number;

/** Markup of any explanation, of an image too. */
export const checkPage = (markup: string) =>
  check(markup, joined(htmlElements, "svg|image"), either(htmlAttributes, either(pictured, svgAttributes)));
export const checkFigure = (markup: string) =>
  check(markup, joined(svgElements, "image"), either(svgAttributes, pictured));
/** What charts() and plot() draw. */
export const checkChart = (markup: string) =>
  check(markup, joined(svgElements, "polyline|line|circle|path"), chartAttributes);

export const checkHtml = (explanation: Explanation, by?: By) =>
  check(html(explanation, { by }), htmlElements, htmlAttributes);
export const checkSvg = (explanation: Explanation, by?: By) =>
  check(svg(explanation, { by }), svgElements, svgAttributes);
export const checkFragment = (explanation: Explanation, by?: By) =>
  check(fragment(explanation, { by }), htmlElements, htmlAttributes);

// A terminal that prints, starts lines and knows SGR; anything else is an attack.

function show(output: string): string[] {
  const lines = [""];
  let styled = false;
  for (let i = 0; i < output.length; i++) {
    if (output[i] === "\x1b") {
      const sgr = /^\[([\d;]+)m/.exec(output.slice(i + 1, i + 60));
      assert.ok(sgr, `a foreign escape: ${JSON.stringify(output.slice(i, i + 20))}`);
      styled = sgr[1] !== "0";
      i += sgr[0].length;
    } else if (output[i] === "\n") {
      assert.not(styled, "a line that leaks its style");
      lines.push("");
    } else lines[lines.length - 1] += output[i]!;
  }
  for (const line of lines) assert.is(visible(line), line);
  return lines;
}

export function checkAnsi(explanation: Explanation, width = 80, by?: By): void {
  const plain = ansi(explanation, { color: "none", width, by });
  assert.not.match(plain, "\x1b");
  const lines = show(plain);
  for (const color of ["truecolor", "256"] as const) {
    const colored = show(ansi(explanation, { color, width, by }));
    if (!explanation.image) assert.equal(colored, lines); // an image's cells have signs where they have no colour
  }
  for (const line of lines) {
    const used = [...characters.segment(line)].reduce((sum, { segment }) => sum + cells(segment), 0);
    assert.ok(used <= Math.max(32, width), `${used} cells: ${line}`);
  }
}

export const heatmap = (root: Node) => only(root, "p", "class", "relprop-text");
/** The text of the figure's heatmap as a set: lines drop the space they break at, and right-to-left runs are placed. */
export const figure = (root: Node) =>
  letters(
    all(only(root, "g", "text-anchor", "middle"), "text")
      .map(content)
      .join(""),
  );
export const letters = (text: string) =>
  text
    .replace(/[ \u00a0]/g, "")
    .split("")
    .sort()
    .join("");
