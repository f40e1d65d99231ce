// Chromium as a reader of markup: its trees are those of the strict parser, and no page runs a script, breaks its own policy or
// asks anybody for anything.

import { existsSync } from "node:fs";
import type { Page } from "playwright-core";
import { chromium, type Browser as Process } from "playwright-core";
import type { Node } from "../../render-oracles.ts";

export interface Markup {
  as: "html" | "svg";
  source: string;
  /** What the strict parser made of it. */
  tree: Node;
}

const POLICY = /<meta http-equiv="Content-Security-Policy"[^>]*>/;

/** A tree as text: names, attributes by name, text. White space alone is nothing. */
function written(node: Node | string): string {
  if (typeof node === "string") return /^\s*$/.test(node) ? "" : JSON.stringify(node);
  const attributes = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => ` ${k}=${JSON.stringify(v)}`);
  return `<${node.name}${attributes.join("")}>${node.children.map(written).join("")}</>`;
}

/** The same of what Chromium makes of it, by its parsers; runs in the page. */
function parsed(pages: { as: string; source: string }[]): string[][] {
  const write = (node: ChildNode): string => {
    if (node.nodeType === 3 || node.nodeType === 4)
      return /^\s*$/.test(node.nodeValue!) ? "" : JSON.stringify(node.nodeValue);
    if (node.nodeType !== 1) return node.nodeType === 10 ? "" : `node of type ${node.nodeType}`;
    const element = node as Element;
    const attributes = [...element.attributes].map(({ name, value }) => [name, value]);
    attributes.sort(([a], [b]) => (a! < b! ? -1 : 1));
    const own = attributes.map(([k, v]) => ` ${k}=${JSON.stringify(v)}`).join("");
    return `<${element.localName}${own}>${[...element.childNodes].map(write).join("")}</>`;
  };
  return pages.map(({ as, source }) => {
    const read = (type: DOMParserSupportedType) => new DOMParser().parseFromString(source, type);
    if (as === "html") return [write(read("text/html").documentElement)];
    const inline = read("text/html").body;
    return [write(read("image/svg+xml").documentElement), [...inline.childNodes].map(write).join("")];
  });
}

/** Loads each in a frame of its own, as a document, and waits for all; runs in the page. */
async function opened(pages: { type: string; source: string }[]): Promise<void> {
  const frames = pages.map(({ type, source }) => {
    const frame = document.createElement("iframe");
    const url = URL.createObjectURL(new Blob([source], { type }));
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    frame.src = url;
    document.body.append(frame);
    return { frame, url, loaded };
  });
  await Promise.all(frames.map(({ loaded }) => loaded));
  await new Promise((resolve) => setTimeout(resolve));
  for (const { frame, url } of frames) {
    frame.remove();
    URL.revokeObjectURL(url);
  }
}

export class Browser {
  readonly #process: Process;
  readonly #page: Page;
  readonly #wrong: string[] = [];

  private constructor(process: Process, page: Page) {
    this.#process = process;
    this.#page = page;
    page.on("dialog", (dialog) => {
      this.#wrong.push(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => this.#wrong.push(`the console says: ${message.text()}`));
    page.on("pageerror", (error) => this.#wrong.push(`an error: ${error}`));
    page.on("request", (request) => {
      if (!/^(blob|data|about):/.test(request.url())) this.#wrong.push(`a request: ${request.url()}`);
    });
  }

  /** Undefined where there is no Chromium. */
  static async start(): Promise<Browser | undefined> {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    if (!existsSync(executablePath)) return undefined;
    const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
    const browser = await chromium.launch({ executablePath, args });
    return new Browser(browser, await browser.newPage());
  }

  /** Throws at the first that Chromium's parsers read otherwise than the strict one. */
  async read(pages: readonly Markup[]): Promise<void> {
    const sources = pages.map(({ as, source }) => ({ as, source }));
    const found = await this.#page.evaluate(parsed, sources);
    for (const [i, { as, tree }] of pages.entries()) {
      const expected = tree.children.map(written).join("");
      for (const own of found[i]) {
        if (own === expected) continue;
        const at = [...own].findIndex((_, k) => own[k] !== expected[k]);
        const near = (text: string) => text.slice(Math.max(0, at - 80), at + 120);
        throw new Error(`Chromium reads ${as} otherwise, at ${at}: ${near(own)}\n  instead of ${near(expected)}`);
      }
    }
    if (this.#wrong.length) throw new Error(`in Chromium ${this.#wrong.splice(0).join("; ")}`);
  }

  /** Loads each as a document of its own; throws at whatever one does. */
  async load(pages: readonly Markup[]): Promise<void> {
    // Under its own policy nothing may even be tried; without it nothing may run.
    const documents = pages.flatMap(({ as, source }) =>
      as === "svg"
        ? [{ type: "image/svg+xml", source }]
        : [source, source.replace(POLICY, "")].map((one) => ({ type: "text/html", source: one })),
    );
    await this.#page.evaluate(opened, documents);
    if (this.#wrong.length) throw new Error(`in Chromium ${this.#wrong.splice(0).join("; ")}`);
  }

  async close(): Promise<void> {
    await this.#process.close();
  }
}
