// Taking an explanation along: a link to the same question, or a file.

import type { Explanation } from "../../src/explanation.ts";
import { el } from "./dom.ts";
import { type Settings, toFragment } from "./settings.ts";

/** Puts the question into the address, and the address where one can paste it from. Says what it did. */
export async function share(settings: Settings): Promise<string> {
  const link = new URL(toFragment(settings), location.href).href;
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    return "The link is copied. It carries the text after its #, which browsers send to no server.";
  } catch {
    return "The link is in the address bar; this browser does not let the page copy it.";
  }
}

const kinds = {
  html: { type: "text/html", write: async (e: Explanation) => (await import("../../src/render/html.ts")).html(e) },
  svg: { type: "image/svg+xml", write: async (e: Explanation) => (await import("../../src/render/svg.ts")).svg(e) },
  json: { type: "application/json", write: async (e: Explanation) => `${JSON.stringify(e, null, 2)}\n` },
};

/** Saves an explanation as a file. */
export async function save(explanation: Explanation, kind: keyof typeof kinds): Promise<string> {
  const { type, write } = kinds[kind];
  const url = URL.createObjectURL(new Blob([await write(explanation)], { type }));
  const words = explanation.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["explanation"];
  const download = `${words.slice(0, 4).join("-").slice(0, 40)}.${explanation.method}.${kind}`;
  el("a", { href: url, download }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return `Saved ${download}.`;
}
