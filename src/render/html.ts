// An explanation as one page that stands alone: no script, nothing fetched, light and dark. The user's text stays one
// piece of text, so that right-to-left scripts keep their order; every token has its number on hover and in the table.

import type { Attribution } from "../attribution/attribution.ts";
import type { Explanation } from "../explain/explanation.ts";
import { checked } from "../options/kinds.ts";
import { dark, hex, light, type Palette, strength, weak } from "./color.ts";
import type { ImageRenderOptions } from "./options.ts";
import { pictureOptions } from "./options.ts";
import { figure } from "./overlay.ts";
import { summarize } from "./summary.ts";
import { drawn, escaped, short } from "./text.ts";

/**
 * The explanation as a standalone HTML page: heatmap, tokens, classes, ledger. It has no script, follows the reader's light or dark
 * setting, and may be shown in a frame by `srcdoc`.
 * @throws InvalidInput if it is no explanation, InvalidOption for a wrong option.
 */
export function html(explanation: Explanation | Attribution, options: ImageRenderOptions = {}): string {
  const how = checked("html()", pictureOptions, options);
  return drawn("html()", "an explanation", () => page(explanation, how));
}

function page(explanation: Explanation | Attribution, options: ImageRenderOptions): string {
  const { title, score, classes, slices, scale, apart, entries, total, meta, number, called } = summarize(explanation);
  const { tokens, warnings, image } = explanation;
  const signed = (value: number) => number(value, "+");

  const heatmap = slices.map(({ text, tokens, relevance }) => {
    const shown = escaped(text, "↵\n");
    if (!tokens.length) return shown.replaceAll("↵\n", "<span>↵</span>\n");
    const parts = tokens.length > 1 ? ` = ${tokens.map((t) => `${called(t)} ${signed(t.relevance)}`).join(", ")}` : "";
    const s = strength(relevance, scale);
    const name = s < -weak ? ' class="against"' : "";
    return `<mark${name} title="${escaped(signed(relevance) + parts)}" style="--l:${hex(s, light)};--d:${hex(s, dark)}">${shown}</mark>`;
  });
  const special = apart.map(({ text, relevance }) => `<span><bdi>${escaped(text)}</bdi> ${signed(relevance)}</span>`);

  const spread = axis(tokens.map(({ relevance }) => relevance));
  const tokenRows = tokens.map(
    (token, i) =>
      `<tr><td>${i + 1}</td><th scope="row"><bdi>${escaped(called(token))}</bdi></th><td>${signed(token.relevance)}</td>${spread(0, token.relevance)}</tr>`,
  );

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

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${image ? "; img-src data: blob: https:" : ""}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${escaped(`${title}: ${score}`)}</title>
<style>${style()}</style>
</head>
<body>
<main>
<h1><bdi>${escaped(title)}</bdi> <span>${escaped(score)}</span></h1>
${classes.map((text) => `<p class="faint"><bdi>${escaped(text)}</bdi></p>`).join("\n")}
${warnings.map((text) => `<p class="warning"><bdi>${escaped(text)}</bdi></p>`).join("\n")}
${image ? pictured(explanation, options) : `<p class="text" dir="auto" lang="" aria-details="tokens">${heatmap.join("")}</p>`}
<p class="faint legend"><span>against ${number(-scale)}</span><i></i><span>${signed(scale)} for</span></p>
<p class="faint special">${special.join(" ")}</p>
${entries.length ? ledger : ""}<h2>Every token</h2>
<table id="tokens">
<thead><tr><th scope="col">#</th><th scope="col">token</th><th scope="col">relevance</th><td></td></tr></thead>
<tbody>
${tokenRows.join("\n")}
</tbody>
</table>
<dl>${meta.map(([name, value]) => `<div><dt>${name}</dt><dd><bdi>${escaped(value)}</bdi></dd></div>`).join("")}</dl>
</main>
</body>
</html>
`;
}

function pictured(explanation: Explanation | Attribution, options: ImageRenderOptions): string {
  const { shapes, width, height } = figure(explanation, options);
  const box = `viewBox="0 0 ${short(width)} ${short(height)}" width="${short(width)}"`;
  return `<svg class="picture" ${box} role="img" aria-label="relevance over the image" aria-details="tokens">${shapes}</svg>`;
}

/** Draws from … to as a bar in a table cell, on an axis that holds zero and all the values. */
function axis(values: readonly number[]): (from: number, to: number) => string {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const at = (value: number) => (high > low ? (100 * (value - low)) / (high - low) : 0);
  return (from, to) => {
    const x = Math.min(at(from), at(to));
    const name = to < from ? ' class="against"' : "";
    const bar = `<i${name} style="left:${short(x)}%;width:${short(Math.max(at(from), at(to)) - x)}%"></i>`;
    return `<td class="bar">${bar}<b style="left:${short(at(0))}%"></b></td>`;
  };
}

const colors = (palette: Palette, faint: string, line: string) => {
  const [against, low, paper, high, most] = [-1, -0.5, 0, 0.5, 1].map((s) => hex(s, palette));
  return `:root{--paper:${paper};--ink:${palette.ink};--faint:${faint};--line:${line};--for:${most};--against:${against};--ramp:${against},${low},${paper},${high},${most}}`;
};

/** Made when asked for, so that bundlers can leave it out where nothing is rendered. */
const style = () => `
${colors(light, "#666", "#ddd")}
mark{background:var(--l)}
@media (prefers-color-scheme:dark){
${colors(dark, "#a0a0a0", "#383838")}
mark{background:var(--d)}
}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:42rem;margin:auto;padding:2.5rem 1.25rem}
h1{margin:0;font-size:1.6rem;line-height:1.25}
h1 span{display:block;font-size:1rem;font-weight:400}
h2{margin:2.75rem 0 .5rem;font-size:1rem}
h1,h2,tfoot th,tfoot td{font-weight:600}
p{margin:.25rem 0}
.faint,dt,small,thead,h1 span,.text span{color:var(--faint)}
.faint,dl,table{font-size:.875rem}
.picture{display:block;max-width:100%;height:auto;margin:2rem 0 1.25rem}
.warning{margin:.75rem 0;padding-left:.75rem;border-left:2px solid}
.text{margin:2rem 0 1.25rem;font:1.375rem/1.75 ui-serif,Charter,Georgia,serif;white-space:pre-wrap}
mark{padding:.12em 0;border-radius:.15em;color:inherit}
mark.against{text-decoration:underline .05em;text-underline-offset:.22em}
mark,i{forced-color-adjust:none;print-color-adjust:exact}
.legend{display:flex;gap:.75rem;align-items:center;white-space:nowrap}
.legend i{flex:0 1 10rem;height:.5rem;border-radius:.25rem;background:linear-gradient(90deg,var(--ramp))}
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
.bar{position:relative;width:45%;padding:0}
@media (max-width:30rem){.bar{width:30%}}
.bar i,.bar b{position:absolute;top:.75em;height:.6em}
.bar i{min-width:1px;background:var(--for)}
.bar i.against{background:var(--against)}
.bar b{top:0;height:100%;border-left:1px solid var(--line)}
dl{margin:2.75rem 0 0;display:flex;flex-wrap:wrap;gap:.5rem 2rem}
dd{margin:0}
`;
