// Taking an explanation along: a link to the same question, or a file.

import type { Explanation } from "../../src/explain/explanation.ts";
import type { Pixels } from "../../src/inputs/images/picture.ts";
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

/** An explained image, as a file and as its pixels. */
export interface Shown {
  picture: Uint8Array;
  pixels: Pixels;
}

type Write = (explanation: Explanation, shown?: Shown) => Promise<string | Uint8Array<ArrayBuffer>>;

const kinds: Record<"html" | "svg" | "png" | "json", { type: string; write: Write }> = {
  html: {
    type: "text/html",
    write: async (e, shown) => (await import("../../src/render/html.ts")).html(e, { picture: shown?.picture }),
  },
  svg: {
    type: "image/svg+xml",
    write: async (e, shown) => (await import("../../src/render/svg.ts")).svg(e, { picture: shown?.picture }),
  },
  png: {
    type: "image/png",
    write: async (e, shown) => (await import("../../src/render/overlay.ts")).png(e, shown?.pixels),
  },
  json: { type: "application/json", write: async (e) => `${JSON.stringify(e, null, 2)}\n` },
};

/** Saves an explanation as a file. */
export async function save(explanation: Explanation, kind: keyof typeof kinds, shown?: Shown): Promise<string> {
  const { type, write } = kinds[kind];
  const url = URL.createObjectURL(new Blob([await write(explanation, shown)], { type }));
  const words = explanation.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [
    explanation.image ? "image" : "explanation",
  ];
  const download = `${words.slice(0, 4).join("-").slice(0, 40)}.${explanation.method}.${kind}`;
  el("a", { href: url, download }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return `Saved ${download}.`;
}
