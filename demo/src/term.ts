// Words that the glossary explains: the tooltip is its sentence, the link goes to the rest.

import { el } from "./dom.ts";

/** The sentences by term; build.mjs puts those used in place of it. */
declare const GLOSSARY: Readonly<Record<string, string>>;

/** The ledger's rows, as the glossary has them. */
const terms = new Map([
  ["tokens", { id: "token", title: () => GLOSSARY.token }],
  ["residual", { id: "residual", title: () => GLOSSARY.residual }],
  ["logit", { id: "logit", title: () => GLOSSARY.logit }],
  ["difference", { id: "contrast", title: () => GLOSSARY.contrast }],
]);

/** A row's name, as a link where the glossary has it. */
export function termOf(name: string): HTMLElement | string {
  const term = terms.get(name);
  if (!term) return name;
  return el("a", { className: "term", href: `glossary.html#${term.id}`, title: term.title() }, name);
}
