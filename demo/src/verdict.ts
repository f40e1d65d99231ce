// What the model says: its classes with their probabilities. Each is a button that asks for its explanation.

import type { Explanation } from "../../src/explain/explanation.ts";
import type { Summary } from "../../src/render/summary.ts";
import { percent, visible } from "../../src/render/text.ts";
import { el, isolated } from "./dom.ts";

const MOST = 6; // classes shown; the others are in the choice above the text

export function showVerdict(
  root: HTMLElement,
  { classes, target }: Explanation,
  { number }: Summary,
  ask: (target: number) => void,
): void {
  const ranked = [...classes].sort((a, b) => b.logit - a.logit).slice(0, MOST);
  const focused = root.contains(document.activeElement) && (document.activeElement as HTMLElement).dataset.index;
  const buttons = ranked.map(({ index, label, probability, logit }) => {
    const bar = el("i", { ariaHidden: "true" });
    bar.style.width = `${100 * (probability ?? 0)}%`;
    const button = el(
      "button",
      { type: "button", data: { index: String(index) }, ariaPressed: String(index === target.index) },
      el("span", { className: "label" }, isolated(visible(label))),
      el("span", { className: "share" }, probability === undefined ? "" : percent(probability)),
      el("span", { className: "logit" }, el("span", { className: "faint" }, "logit "), number(logit)),
      el("span", { className: "track" }, bar),
    );
    button.onclick = () => ask(index);
    return button;
  });
  const more = classes.length - ranked.length;
  root.replaceChildren(...buttons, ...(more > 0 ? [el("p", { className: "faint" }, `and ${more} more`)] : []));
  if (focused) root.querySelector<HTMLElement>(`[data-index="${focused}"]`)?.focus();
}
