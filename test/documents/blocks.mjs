// The code blocks of the README and of docs/. What a comment right above a block says of it:
//   <!-- not run: REASON -->        its types or syntax are checked alone
//   <!-- not compiled: REASON -->   not these either
// A block of `text` right below one that runs is what that prints; a line of "…" stands for any lines.

import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);

/** Every block: page, line, language, code, the reason why it does not run, and what it prints if that is shown. */
export function blocks() {
  const docs = readdirSync(new URL("docs", root), { recursive: true }).filter(
    (path) => path.endsWith(".md") && !/node_modules|public|reference\/(api|cli)/.test(path), // which are generated
  );
  return ["README.md", "CONTRIBUTING.md", ...docs.sort().map((path) => `docs/${path}`)].flatMap(blocksOf);
}

function blocksOf(page) {
  const text = readFileSync(new URL(page, root), "utf8");
  const found = [];
  for (const match of text.matchAll(/^( *)```(\w*).*\n([\s\S]*?)^\1```$/gm)) {
    const before = text.slice(0, match.index);
    const [, not, reason] = /<!-- not (run|compiled): ([^\n]+) -->\n\s*$/.exec(before) ?? [];
    const line = before.split("\n").length;
    const last = found.at(-1);
    const [, , language, code] = match;
    if (language === "text" && last && /^\s*$/.test(text.slice(last.end, match.index))) last.prints = code;
    else if (language !== "text")
      found.push({
        page,
        line,
        language,
        code,
        reason,
        compiles: not !== "compiled",
        end: match.index + match[0].length,
      });
  }
  return found;
}

/** Whether the lines printed are those shown. The residual is each build's own rounding. */
export function isShown(printed, shown) {
  const lines = (text) =>
    text
      .replace(/(residual +)\S+/g, "$1~")
      .trimEnd()
      .split("\n")
      .map((line) => line.trimEnd());
  const escaped = (line) => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = lines(shown).map((line) => (/^\s*…$/.test(line) ? "[^]*?" : `${escaped(line)}\n`));
  return new RegExp(`^${pattern.join("")}$`).test(`${lines(printed).join("\n")}\n`);
}
