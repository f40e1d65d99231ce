// An explanation as one page that stands alone: no script, nothing fetched, light and dark. The user's text stays one
// piece of text, so that right-to-left scripts keep their order; every token has its number on hover and in the table.

import type { Explanation } from "../explanation.ts";
import { dark, hex, light } from "./color.ts";
import { facts, strength } from "./facts.ts";
import { escape, short, visible } from "./text.ts";

/** The explanation as a standalone HTML page. */
export function html(explanation: Explanation): string {
  const { title, score, classes, slices, scale, apart, entries, total, meta, number } = facts(explanation);
  const { tokens, warnings } = explanation;
  const signed = (value: number) => number(value, "+");

  const heatmap = slices.map(({ text, tokens, relevance }) => {
    const shown = escape(text, "↵\n");
    if (!tokens.length) return shown;
    const parts = tokens.length > 1 ? ` = ${tokens.map((t) => `${t.text} ${signed(t.relevance)}`).join(", ")}` : "";
    const s = strength(relevance, scale);
    const name = s < 0 ? ' class="against"' : "";
    return `<mark${name} title="${escape(signed(relevance) + parts)}" style="--l:${hex(s, light)};--d:${hex(s, dark)}">${shown}</mark>`;
  });
  const special = apart.map(({ text, relevance }) => `<span><bdi>${escape(text)}</bdi> ${signed(relevance)}</span>`);

  const spread = axis(tokens.map(({ relevance }) => relevance));
  const tokenRows = tokens.map(
    ({ text, relevance }, i) =>
      `<tr><td>${i + 1}</td><th scope="row"><bdi>${escape(text)}</bdi></th><td>${signed(relevance)}</td>${spread(0, relevance)}</tr>`,
  );

  let sum = 0;
  const steps = entries.map(({ name, gloss, value }) => ({ name, gloss, value, from: sum, to: (sum += value) }));
  const flow = axis([...steps.map(({ to }) => to), total.value]);
  const ledgerRows = steps.map(
    ({ name, gloss, value, from, to }) =>
      `<tr><th scope="row">${name}<small>${gloss}</small></th><td>${signed(value)}</td>${flow(from, to)}</tr>`,
  );

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${escape(`${title}: ${score}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1><bdi>${escape(title)}</bdi> <span>${escape(score)}</span></h1>
${classes.map((text) => `<p class="faint"><bdi>${escape(text)}</bdi></p>`).join("\n")}
${warnings.map((text) => `<p class="warning"><bdi>${escape(text)}</bdi></p>`).join("\n")}
<p class="text" dir="auto" lang="" aria-details="tokens">${heatmap.join("")}</p>
<p class="faint legend"><span>against ${number(-scale)}</span><i></i><span>${signed(scale)} for</span></p>
<p class="faint special">${special.join(" ")}</p>
<h2>Where the ${total.name} went</h2>
<table class="ledger">
<tbody>
${ledgerRows.join("\n")}
</tbody>
<tfoot><tr><th scope="row">${total.name}</th><td>${number(total.value)}</td>${flow(0, total.value)}</tr></tfoot>
</table>
<h2>Every token</h2>
<table id="tokens">
<thead><tr><th scope="col">#</th><th scope="col">token</th><th scope="col">relevance</th><td></td></tr></thead>
<tbody>
${tokenRows.join("\n")}
</tbody>
</table>
<dl>${meta.map(([name, value]) => `<div><dt>${name}</dt><dd><bdi>${escape(value)}</bdi></dd></div>`).join("")}</dl>
</main>
</body>
</html>
`;
}

/** Draws from … to as a bar in a table cell, on an axis that holds zero and all the values. */
function axis(values: readonly number[]): (from: number, to: number) => string {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const at = (value: number) => (high > low ? (100 * (value - low)) / (high - low) : 0);
  return (from, to) => {
    const x = Math.min(at(from), at(to));
    const name = to < from ? "against" : "for";
    const bar = `<i class="${name}" style="left:${short(x)}%;width:${short(Math.max(at(from), at(to)) - x)}%"></i>`;
    return `<td class="bar"><div>${bar}<b style="left:${short(at(0))}%"></b></div></td>`;
  };
}
