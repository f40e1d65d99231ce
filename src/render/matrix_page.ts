// An answer's matrix as a page: a table of colours, a row for each part of the answer, with its numbers on hover.

import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import { strength } from "./color.ts";
import { level } from "./heatmap.ts";
import { gridOf, strongest } from "./matrix.ts";
import type { Summary } from "./summary.ts";
import { escaped } from "./text.ts";

/** What html() puts into a page; `meta` comes last. */
export interface Content {
  title: string;
  main: string;
  meta: Summary["meta"];
}

export function matrixPage(matrix: AnswerMatrix): Content {
  const { columns, rows, scale, meta, number } = gridOf(matrix);
  const signed = (value: number) => number(value, "+");
  const cell = (value: number, c: number) => {
    const s = strength(value, scale);
    return `<td class="${level(s)}" title="${escaped(`${columns[c]} ${signed(value)}`)}"></td>`;
  };
  const body = rows.map(
    (row) =>
      `<tr><th scope="row"><bdi>${escaped(row.name)}</bdi></th><td>${number(row.logit)}</td>` +
      `${row.values.map(cell).join("")}${"<td></td>".repeat(columns.length - row.values.length)}</tr>`,
  );
  const most = rows.map((row) => {
    const parts = strongest(row, columns, 8).map(({ name, value }) => `<bdi>${escaped(name)}</bdi> ${signed(value)}`);
    return `<tr><th scope="row"><bdi>${escaped(row.name)}</bdi></th><td>${parts.join(", ")}</td></tr>`;
  });
  const title = `what the answer rests on: ${rows.length} rows`;
  const heads = columns.map((name) => `<th scope="col"><span><bdi>${escaped(name)}</bdi></span></th>`).join("");
  return {
    title,
    main: `<h1>What the answer rests on</h1>
<p class="faint"><bdi>${escaped(matrix.text)}</bdi></p>
${matrix.warnings.map((text) => `<p class="warning"><bdi>${escaped(text)}</bdi></p>`).join("\n")}
<div class="relprop"><table class="matrix">
<thead><tr><td></td><td>logit</td>${heads}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>
<h2>Most of each row</h2>
<table>
<tbody>
${most.join("\n")}
</tbody>
</table>`,
    meta,
  };
}
