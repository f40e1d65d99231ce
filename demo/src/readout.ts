// One line that says a picked token's number in words.

import type { TokenRelevance } from "../../src/explain/explanation.ts";
import { visible } from "../../src/render/text.ts";
import { el, isolated } from "./dom.ts";
import type { Read } from "./tokens.ts";

/** "unflinchingly −1.439 against negative = unflinching −1.100, ##ly −0.339", for each method shown. */
export function readout(reads: readonly Read[], token: number): (Node | string)[] {
  const [{ explanation, facts }] = reads;
  const { start, end, text } = explanation.tokens[token];
  const slice = facts.slices.find(({ tokens }) => tokens.includes(explanation.tokens[token]));
  const word = slice?.text ?? (start === null ? text : explanation.text.slice(start, end!));
  const parts = (slice?.tokens ?? [explanation.tokens[token]]).map((part) => explanation.tokens.indexOf(part));

  const amounts = reads.flatMap(({ explanation: { tokens, method, target }, facts: { number } }, k) => {
    const sum = parts.reduce((total, i) => total + tokens[i].relevance, 0);
    const side = sum < 0 ? "against" : "for";
    return [
      k ? " · " : " ",
      el("b", { className: side }, number(sum, "+")),
      ...(reads.length > 1 ? [` by ${method}`] : [` ${side} `, isolated(visible(target.label))]),
    ];
  });
  const pieces = (part: TokenRelevance) => [isolated(visible(part.text)), ` ${facts.number(part.relevance, "+")}`];
  const sum =
    parts.length > 1 && reads.length === 1
      ? [" = ", ...parts.flatMap((i, k) => [k ? ", " : "", ...pieces(explanation.tokens[i])])]
      : [];
  return [el("q", {}, isolated(visible(word))), ...amounts, ...sum];
}
