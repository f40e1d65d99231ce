// What the element needs of a document. No HTML is parsed, so that policies of trusted types hold.

import { RelpropError } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { Markup } from "../render/markup.ts";

/** A tree as nodes. */
export function nodes(root: Markup | string): Node {
  if (typeof root === "string") return document.createTextNode(root);
  const element = document.createElement(root.tag);
  for (const [name, value] of Object.entries(root.attributes)) element.setAttribute(name, value);
  element.append(...root.children.map(nodes));
  return element;
}

export function styleSheet(text: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

/** Sets properties again that were set before the element was defined: they hide its accessors. */
export function upgrade<E extends HTMLElement>(element: E, names: readonly (keyof E)[]): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete (element as Partial<E>)[name];
    element[name] = value;
  }
}

/** The explanation in an element's own `<script type="application/json">`, if it has one. Throws `InvalidInput`. */
export function stored(element: Element): Explanation | undefined {
  const json = element.querySelector(':scope > script[type="application/json"]')?.textContent;
  if (!json) return undefined;
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new RelpropError("InvalidInput", `the script in <${element.localName}> holds no JSON: ${cause}`, {}, cause);
  }
}
