// Tables of tokens: what the heatmap and the layer map show as colour, in numbers.

import type { Explanation } from "../../src/explain/explanation.ts";
import type { Summary } from "../../src/render/summary.ts";
import { visible } from "../../src/render/text.ts";
import { el, isolated } from "./dom.ts";
import { axis, bar } from "./ledger.ts";

export interface Read {
  explanation: Explanation;
  facts: Summary;
}

/** Every token with its relevance; a column more for a second method. */
export function tokenTable(reads: readonly Read[]): HTMLTableElement {
  const [{ explanation }] = reads;
  const places = reads.map((read) => axis(read.explanation.tokens.map(({ relevance }) => relevance)));
  const head = reads.flatMap((read) => [
    el("th", { scope: "col", className: "number" }, reads.length > 1 ? read.explanation.method : "relevance"),
    el("td"),
  ]);
  const rows = explanation.tokens.map(({ text }, i) => {
    const cells = reads.flatMap(({ explanation: { tokens }, facts }, k) => [
      el("td", { className: "number" }, facts.number(tokens[i].relevance, "+")),
      el("td", { className: "flow", ariaHidden: "true" }, bar(places[k], 0, tokens[i].relevance)),
    ]);
    return el("tr", {}, el("td", {}, String(i + 1)), el("th", { scope: "row" }, isolated(visible(text))), ...cells);
  });
  const columns = el("tr", {}, el("th", { scope: "col" }, "#"), el("th", { scope: "col" }, "token"), ...head);
  return el("table", { className: "tokens" }, el("thead", {}, columns), el("tbody", {}, ...rows));
}

/** Every token's relevance at every layer. */
export function layerTable({ explanation, facts }: Read, names: readonly string[]): HTMLTableElement {
  const layers = explanation.layers ?? [];
  const head = names.map((name) => el("th", { scope: "col", className: "number" }, name));
  const rows = explanation.tokens.map(({ text }, i) => {
    const cells = layers.map(({ relevance }) => el("td", { className: "number" }, facts.number(relevance[i], "+")));
    return el("tr", {}, el("th", { scope: "row" }, isolated(visible(text))), ...cells);
  });
  const sums = layers.map(({ ledger }) => el("td", { className: "number" }, facts.number(ledger.tokens, "+")));
  return el(
    "table",
    { className: "tokens" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "token"), ...head)),
    el("tbody", {}, ...rows),
    el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, "all"), ...sums)),
  );
}
