// The ledger as a waterfall: from the sum of the tokens, entry by entry, down to the logit.

import type { Summary } from "../../src/render/summary.ts";
import { el } from "./dom.ts";
import { termOf } from "./term.ts";

export function waterfall({ entries, total, number }: Summary, caption: string): HTMLTableElement {
  let sum = 0;
  const steps = entries.map((entry) => {
    const from = sum;
    sum += entry.value;
    return { ...entry, from, to: sum };
  });
  const place = axis([...steps.map(({ to }) => to), total.value]);

  const rows = steps.map(({ name, gloss, value, from, to }) => {
    const drop = el("b", { className: "drop" });
    drop.style.left = place(to);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, termOf(name), el("small", {}, gloss)),
      el("td", { className: "number" }, number(value, "+")),
      el("td", { className: "flow", ariaHidden: "true" }, bar(place, from, to), drop),
    );
  });
  const end = el(
    "tr",
    {},
    el("th", { scope: "row" }, termOf(total.name)),
    el("td", { className: "number" }, number(total.value)),
    el("td", { className: "flow", ariaHidden: "true" }, bar(place, 0, total.value)),
  );
  return el(
    "table",
    { className: "waterfall" },
    el("caption", {}, caption),
    el("tbody", {}, ...rows),
    el("tfoot", {}, end),
  );
}

/** A bar from one amount to another; orange for what adds, blue for what takes away. */
export function bar(place: (value: number) => string, from: number, to: number): HTMLElement {
  const shape = el("i", { className: to < from ? "against" : "" });
  shape.style.left = place(Math.min(from, to));
  shape.style.right = `calc(100% - ${place(Math.max(from, to))})`;
  return shape;
}

/** Where an amount lies on an axis that holds zero and all the amounts. */
export function axis(values: readonly number[]): (value: number) => string {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  return (value) => `${high > low ? ((100 * (value - low)) / (high - low)).toFixed(2) : 0}%`;
}
