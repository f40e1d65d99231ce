// A tree as nodes of a document. No HTML is parsed, so that policies of trusted types hold.

import type { Markup } from "../render/markup.ts";

export function nodes(root: Markup | string): Node {
  if (typeof root === "string") return document.createTextNode(root);
  const element = document.createElement(root.tag);
  for (const [name, value] of Object.entries(root.attributes)) element.setAttribute(name, value);
  element.append(...root.children.map(nodes));
  return element;
}
