// A text with its relevance as colour behind it: a span for every slice, with both themes' colours on it.

import { dark, hex, light, strength, weak } from "../../src/render/color.ts";
import type { Slice } from "../../src/render/layout.ts";

/**
 * Paints the slices into `root`. Spans are kept where they were, so that a letter typed at the end touches one of them,
 * and colours glide. Text stays as the user typed it, letter for letter: the editor lies over it.
 */
export function paint(root: HTMLElement, slices: readonly Slice[], scale: number): void {
  while (root.childElementCount > slices.length + 1) root.lastElementChild!.remove();
  while (root.childElementCount < slices.length + 1) root.append(document.createElement("span"));
  slices.forEach(({ text, tokens, relevance }, i) => {
    const span = root.children[i] as HTMLElement;
    if (span.textContent !== text) span.textContent = text;
    const s = tokens.length ? strength(relevance, scale) : 0;
    const name = !tokens.length ? "" : s < -weak ? "token against" : "token";
    if (span.className !== name) span.className = name;
    if (!tokens.length) return;
    span.style.setProperty("--light", hex(s, light));
    span.style.setProperty("--dark", hex(s, dark));
  });
  // A last line that is empty has no height without something on it.
  const end = root.lastElementChild as HTMLElement;
  end.className = "";
  if (end.textContent !== "\u200b") end.textContent = "\u200b";
}

/** The number of the slice at a point of the screen, through whatever lies above it. */
export function sliceAt(root: HTMLElement, x: number, y: number): number | undefined {
  const found = document.elementsFromPoint(x, y).find((element) => element.parentElement === root);
  return found?.classList.contains("token") ? [...root.children].indexOf(found) : undefined;
}

/** Marks one slice as the one whose number is read out. */
export function mark(root: HTMLElement, slice: number | undefined): void {
  root.querySelector(".picked")?.classList.remove("picked");
  if (slice !== undefined) root.children[slice]?.classList.add("picked");
}
