// The glossary of docs/, for the page: sentences of its tooltips, and glossary.html, which its words link to.

import { readFileSync } from "node:fs";

const source = readFileSync(new URL("../docs/understand/glossary.md", import.meta.url), "utf8");

const plain = (markdown) => markdown.replaceAll("`", "");

/** Each term, its first sentence and all that it means, without the links to other documents. */
const glossary = source
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [term, ...lines] = section.trim().split("\n");
    const links = /\[[^\]]*\]\([^)]*\)/g;
    const text = lines.join(" ").replace(links, "").trim();
    const [first] = text.split(/(?<=\.) (?=[A-Z`])/);
    return { term, first: plain(first), meaning: plain(text) };
  });

const id = (term) => term.replaceAll(" ", "-");
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The first sentence on each term, by term. */
export const sentences = Object.fromEntries(glossary.map(({ term, first }) => [term, first]));

function sentence(term) {
  if (!(term in sentences)) throw new Error(`docs/understand/glossary.md has no term "${term}"`);
  return sentences[term];
}

/** A page with `data-term="ledger"` replaced by the term's sentence as a tooltip. */
export const withTerms = (html) =>
  html.replace(/data-term="([^"]+)"/g, (_, term) => `title="${escaped(sentence(term))}"`);

/** glossary.html, with the head of the page. */
export function glossaryPage(index) {
  const head = index
    .slice(0, index.indexOf("<body>"))
    .replace(/<script.*<\/script>\n/, "")
    .replace(/<title>.*<\/title>/, "<title>relprop: glossary</title>")
    .replace(/(name="description" content=")[^"]*/, "$1What the words of relprop's pages mean.");
  const terms = glossary.map(
    ({ term, meaning }) => `  <dt id="${id(term)}">${escaped(term)}</dt>\n  <dd>${escaped(meaning)}</dd>\n`,
  );
  return `${head}<body>
<header>
  <h1><b>relprop</b> <span>Glossary</span></h1>
  <a href="./">Back to the page</a>
</header>
<main>
<dl class="glossary">
${terms.join("")}</dl>
</main>
</body>
</html>
`;
}
