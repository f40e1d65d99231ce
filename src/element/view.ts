// What the element shows, as a tree and as HTML for servers.

import type { Attribution } from "../attribution/attribution.ts";
import type { Explanation } from "../explain/explanation.ts";
import { checked } from "../options/kinds.ts";
import { heatmapStyle, ofText } from "../render/fragment.ts";
import { heatmap } from "../render/heatmap.ts";
import { el, type Markup, markup, written } from "../render/markup.ts";
import { type FragmentOptions, fragmentOptions } from "../render/options.ts";
import { summarize } from "../render/summary.ts";
import { drawn, visible } from "../render/text.ts";

export const NAME = "relprop-heatmap";

/** The stylesheet of the shadow root. */
export const style = (): string => `:host{display:block}:host([hidden]){display:none}${heatmapStyle()}
.relprop-token{cursor:default}
.relprop-token:focus-visible{outline:2px solid currentColor;outline-offset:2px}
.relprop-error{margin:0;padding-left:.75em;border-left:2px solid}
[aria-busy=true]{opacity:.6}
`;

/** The heatmap, its text as a list box: each mark is an option that says its number. */
export function listBox(explanation: Explanation | Attribution, how: FragmentOptions): Markup {
  const summary = summarize(explanation, how.by);
  const root = heatmap(summary, how);
  let count = 0;
  const option = (child: Markup | string): Markup | string => {
    if (typeof child === "string" || child.tag !== "mark") return child;
    const { title } = child.attributes;
    const attributes = {
      ...child.attributes,
      role: "option",
      "aria-label": `${child.children.join("")} ${title.split(" = ")[0]}`,
      "aria-selected": "false",
      tabindex: count++ ? "-1" : "0",
    };
    return { ...child, attributes };
  };
  const children = root.children.map((child) => {
    if (typeof child === "string" || !child.children.some((one) => typeof one !== "string" && one.tag === "mark"))
      return child;
    const attributes = {
      ...child.attributes,
      role: "listbox",
      "aria-orientation": "horizontal",
      "aria-label": root.attributes["aria-label"],
    };
    return { ...child, attributes, children: child.children.map(option) };
  });
  return { ...root, children };
}

/** A text that is being explained. */
export const waiting = (text: string): Markup =>
  el("p", { class: "relprop-text", part: "text", dir: "auto", lang: "", "aria-busy": "true" }, visible(text, "↵\n"));

export function failed(error: Error): Markup {
  const message = error.name === "RelpropError" ? error.message : String(error);
  return el(
    "div",
    { class: "relprop" },
    el("p", { class: "relprop-error", part: "error", role: "alert" }, visible(message)),
  );
}

/**
 * The element as HTML, for servers: it is seen before any script runs, and works once `relprop/element` is loaded, with nothing to
 * be set.
 * @throws InvalidInput if it is no explanation of a text, InvalidOption for a wrong option.
 */
export function heatmapHtml(explanation: Explanation | Attribution, options: FragmentOptions = {}): string {
  const how = checked("heatmapHtml()", fragmentOptions, options);
  const host = el(NAME, { ...how, legend: how.legend === false ? "false" : undefined });
  return drawn("heatmapHtml()", "an explanation of a text", () => {
    const shadow = shadowHtml(explanation, how);
    const json = JSON.stringify(explanation).replaceAll("<", "\\u003c");
    return written(host, `${shadow}<script type="application/json">${json}</script>`);
  });
}

/** What is inside of the element on servers: its shadow root as HTML. @internal */
export const shadowHtml = (explanation: Explanation | Attribution, options: FragmentOptions): string =>
  drawn("heatmapHtml()", "an explanation of a text", () => {
    const how = checked("heatmapHtml()", fragmentOptions, options);
    ofText("heatmapHtml()", explanation);
    const content = markup(listBox(explanation, how));
    return `<template shadowrootmode="open"><style>${style()}</style>${content}</template>`;
  });
