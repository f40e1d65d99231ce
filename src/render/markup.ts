// A piece of a document as a tree, which is written as HTML here and as nodes by the custom element.

import { entities } from "./text.ts";

/** An element; its texts are what is seen, not yet escaped. */
export interface Markup {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly (Markup | string)[];
}

/** An element. Attributes that are undefined are left out. */
export function el(
  tag: string,
  attributes: Readonly<Record<string, string | undefined>>,
  ...children: readonly (Markup | string)[]
): Markup {
  const given = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { tag, attributes: Object.fromEntries(given), children };
}

/** The tree as HTML. */
export function markup(node: Markup | string): string {
  if (typeof node === "string") return entities(node);
  return written(node, node.children.map(markup).join(""));
}

/** An element around content that is HTML already. */
export function written({ tag, attributes }: Markup, content: string): string {
  const given = Object.entries(attributes).map(([name, value]) => ` ${name}="${entities(value)}"`);
  return `<${tag}${given.join("")}>${content}</${tag}>`;
}
