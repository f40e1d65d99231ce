// An explanation as one page that stands alone: no script, nothing fetched, light and dark, no inline styles. The user's text
// stays one piece of text, so that right-to-left scripts keep their order; every word has its number on hover and in the table.

import type { Attribution } from "../attribution/attribution.ts";
import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import { checked } from "../options/kinds.ts";
import { dark, hex, light } from "./color.ts";
import { heatmap, heatmapStyle, legend } from "./heatmap.ts";
import { el, markup } from "./markup.ts";
import { isMatrix } from "./matrix.ts";
import { type Content, matrixPage } from "./matrix_page.ts";
import { type PageOptions, pageOptions } from "./options.ts";
import { figure } from "./overlay.ts";
import { type Summary, summarize } from "./summary.ts";
import { drawn, escaped, short } from "./text.ts";

/**
 * The explanation, or an answer's matrix, as a standalone HTML page: heatmap, words, classes, ledger. It has no script, follows the
 * reader's light or dark setting, and may be shown in a frame by `srcdoc`. Where a Content-Security-Policy forbids styles within
 * pages, `stylesheet` is the address of a copy of the package's `relprop/page.css`.
 * @throws InvalidInput if it is no explanation, InvalidOption for a wrong option.
 */
export function html(explanation: Explanation | Attribution | AnswerMatrix, options: PageOptions = {}): string {
  const how = checked("html()", pageOptions, options);
  return drawn("html()", "an explanation", () => {
    if (!isMatrix(explanation)) return page(explanation, how);
    return whole(matrixPage(explanation), how);
  });
}

function page(explanation: Explanation | Attribution, options: PageOptions): string {
  const summary = summarize(explanation, options.by);
  const { title, score, classes, apart, parts, entries, total, meta, number } = summary;
  const { warnings, image } = explanation;
  const { by = "words", theme } = options;
  const signed = (value: number) => number(value, "+");
  const special = apart.map(({ text, relevance }) => `<span><bdi>${escaped(text)}</bdi> ${signed(relevance)}</span>`);

  const spread = axis(parts.map(({ relevance }) => relevance));
  const partRows = parts.map(
    ({ name, relevance }, i) =>
      `<tr><td>${i + 1}</td><th scope="row"><bdi>${escaped(name)}</bdi></th><td>${signed(relevance)}</td>${spread(0, relevance)}</tr>`,
  );
  const unit = image ? "patch" : by.slice(0, -1);

  let sum = 0;
  const steps = entries.map((entry) => {
    const from = sum;
    sum += entry.value;
    return { ...entry, from, to: sum };
  });
  const flow = axis([...steps.map(({ to }) => to), total.value]);
  const ledgerRows = steps.map(
    ({ name, gloss, value, from, to }) =>
      `<tr><th scope="row">${name}<small>${gloss}</small></th><td>${signed(value)}</td>${flow(from, to)}</tr>`,
  );

  const ledger = `<h2>Where the ${escaped(total.name)} went</h2>
<table class="ledger">
<tbody>
${ledgerRows.join("\n")}
</tbody>
<tfoot><tr><th scope="row">${escaped(total.name)}</th><td>${number(total.value)}</td>${flow(0, total.value)}</tr></tfoot>
</table>
`;

  const main = `<h1><bdi>${escaped(title)}</bdi> <span>${escaped(score)}</span></h1>
${classes.map((text) => `<p class="faint"><bdi>${escaped(text)}</bdi></p>`).join("\n")}
${warnings.map((text) => `<p class="warning"><bdi>${escaped(text)}</bdi></p>`).join("\n")}
${image ? pictured(explanation, summary, options) : markup(heatmap(summary, { theme, legend: options.legend }, "tokens"))}
<p class="faint special">${special.join(" ")}</p>
${entries.length ? ledger : ""}<h2>Every ${unit}</h2>
<table id="tokens">
<thead><tr><th scope="col">#</th><th scope="col">${unit}</th><th scope="col">relevance</th><td></td></tr></thead>
<tbody>
${partRows.join("\n")}
</tbody>
</table>`;
  return whole({ title: `${title}: ${score}`, main, meta }, options, image ? "; img-src data: blob: https:" : "");
}

/** The page around what is in it; `images` is what its policy says of them. */
function whole({ title, main, meta }: Content, { stylesheet, theme = "auto" }: PageOptions, images = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${stylesheet === undefined ? "'unsafe-inline'" : "'self' https:"}${images}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="${theme === "auto" ? "light dark" : theme}"/>
<title>${escaped(title)}</title>
${stylesheet === undefined ? `<style>${pageStyle()}</style>` : `<link rel="stylesheet" href="${escaped(stylesheet)}"/>`}
</head>
<body>
<main>
${main}
<dl>${meta.map(([name, value]) => `<div><dt>${name}</dt><dd><bdi>${escaped(value)}</bdi></dd></div>`).join("")}</dl>
</main>
</body>
</html>
`;
}

function pictured(explanation: Explanation | Attribution, summary: Summary, options: PageOptions): string {
  const { shapes, width, height } = figure(explanation, options);
  const box = `viewBox="0 0 ${short(width)} ${short(height)}" width="${short(width)}"`;
  const over = `<svg class="picture" ${box} role="img" aria-label="relevance over the image" aria-details="tokens">${shapes}</svg>`;
  return options.legend === false ? over : `${over}\n${markup(el("div", { class: "relprop" }, legend(summary)))}`;
}

/** Draws from … to as a bar in a table cell, on an axis that holds zero and all the values. */
function axis(values: readonly number[]): (from: number, to: number) => string {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const at = (value: number) => (high > low ? (100 * (value - low)) / (high - low) : 0);
  return (from, to) => {
    const x = Math.min(at(from), at(to));
    const name = to < from ? "against" : "for";
    const bar = `<rect class="${name}" x="${short(x)}%" y="0" width="${short(Math.max(at(from), at(to)) - x)}%" height="9"/>`;
    const zero = `<rect class="zero" x="${short(at(0))}%" y="0" width="1" height="9"/>`;
    return `<td class="bar"><svg width="100%" height="9" aria-hidden="true">${bar}${zero}</svg></td>`;
  };
}

/** The page's stylesheet; a function, so that bundlers can leave it out where nothing is rendered. */
export const pageStyle = (): string => `
:root{--paper:light-dark(${hex(0, light)},${hex(0, dark)});--ink:light-dark(${light.ink},${dark.ink});--faint:light-dark(#666,#a0a0a0);--line:light-dark(#ddd,#383838)}
${heatmapStyle().trim()}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:42rem;margin:auto;padding:2.5rem 1.25rem}
h1{margin:0;font-size:1.6rem;line-height:1.25}
h1 span{display:block;font-size:1rem;font-weight:400}
h2{margin:2.75rem 0 .5rem;font-size:1rem}
h1,h2,tfoot th,tfoot td{font-weight:600}
p{margin:.25rem 0}
.relprop{--relprop-background:var(--paper);margin:2rem 0 1.25rem}
.relprop-text{margin-bottom:1.25rem;font:1.375rem/1.75 ui-serif,Charter,Georgia,serif}
.picture+.relprop{margin-top:0}
.faint,dt,small,thead,h1 span{color:var(--faint)}
.faint,dl,table{font-size:.875rem}
.picture{display:block;max-width:100%;height:auto;margin:2rem 0 1.25rem}
.warning{margin:.75rem 0;padding-left:.75rem;border-left:2px solid}
.special span{margin-right:1em}
main{font-variant-numeric:tabular-nums}
table{width:100%;border-collapse:collapse}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;font-weight:400;vertical-align:top}
td:nth-last-child(2),th:nth-child(3){text-align:right;white-space:nowrap}
#tokens td:first-child{color:var(--faint);width:2.25rem}
tbody tr+tr>*{border-top:1px solid var(--line)}
thead>tr>*{border-bottom:1px solid var(--line)}
tfoot>tr>*{border-top:1px solid}
small{display:block;line-height:1.3}
.matrix td{padding:0;min-width:1.1rem;height:1.4rem}
.matrix td:nth-child(2){padding-right:.75rem;text-align:right}
.matrix thead th{padding:.3rem 0;vertical-align:bottom}
.matrix thead span{writing-mode:vertical-rl;max-height:9rem;overflow:hidden}
.relprop:has(.matrix){overflow-x:auto}
.bar{width:45%;padding-right:0}
@media (max-width:30rem){.bar{width:30%}}
.bar svg{display:block;overflow:visible;margin-top:.45em;forced-color-adjust:none;print-color-adjust:exact}
.bar .for{fill:var(--relprop-for,light-dark(${hex(1, light)},${hex(1, dark)}))}
.bar .against{fill:var(--relprop-against,light-dark(${hex(-1, light)},${hex(-1, dark)}))}
.zero{fill:var(--line)}
dl{margin:2.75rem 0 0;display:flex;flex-wrap:wrap;gap:.5rem 2rem}
dd{margin:0}
`;
