// The site: pages of docs/ as they are, with local search and nothing from another origin.

import { cpSync, existsSync, mkdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { sections } from "./sections.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Live examples run the engine as it was built.
mkdirSync(at("../public/engine/models"), { recursive: true });
for (const file of ["relprop.min.js", "worker.js", "models/sst2-tiny.js"]) {
  if (!existsSync(at(`../../dist/${file}`))) throw new Error("the site needs the package: npm run build");
  cpSync(at(`../../dist/${file}`), at(`../public/engine/${file}`));
}

export default defineConfig({
  title: "relprop",
  description: "Which words does a Transformer's prediction rest on? Layer-wise relevance propagation in JavaScript.",
  base: process.env.DOCS_BASE ?? "/",
  srcExclude: ["tables/**"],
  cleanUrls: true,
  head: [["link", { rel: "icon", href: "data:," }]],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: sections.map(({ text, items }) => ({
      text,
      link: items[0].link,
      activeMatch: items[0].link.split("/", 2)[1],
    })),
    sidebar: [...sections],
    docFooter: { prev: "Before", next: "Next" },
  },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (md) => md.core.ruler.push("repository", unlinked),
  },
  vite: {
    publicDir: at("../public"),
    server: { fs: { allow: [at("../..")] } },
    build: { chunkSizeWarningLimit: 2000 },
  },
});

/** Links to files of the repository that are no pages become text: the site may be served anywhere. */
function unlinked({ tokens, env }: { tokens: MarkdownToken[]; env: { relativePath: string } }): void {
  for (const { children } of tokens) {
    let out = false;
    for (const token of children ?? []) {
      if (token.type === "link_open") {
        const href = token.attrs?.find(([name]) => name === "href")?.[1] ?? "";
        out = href.startsWith("../") && posix.join(posix.dirname(env.relativePath), href).startsWith("../");
        if (out) {
          token.tag = "span";
          token.attrs = [];
        }
      } else if (token.type === "link_close" && out) token.tag = "span";
    }
  }
}

interface MarkdownToken {
  type: string;
  tag: string;
  attrs: [string, string][] | null;
  children: MarkdownToken[] | null;
}
