// One explained text: the heatmap, what its colours mean, and which word is picked.

import type { Explanation } from "../../src/explain/explanation.ts";
import { type Slice, slices } from "../../src/render/layout.ts";
import type { Summary } from "../../src/render/summary.ts";
import { visible } from "../../src/render/text.ts";
import { carry } from "./carry.ts";
import { el, isolated } from "./dom.ts";
import { mark, paint, sliceAt } from "./heat.ts";

export class Panel {
  readonly #heat: HTMLElement;
  readonly #legend: HTMLElement;
  #last?: { explanation: Explanation; facts: Summary };
  #slices: readonly Slice[] = [];
  #picked?: number;

  constructor(heat: HTMLElement, legend: HTMLElement) {
    this.#heat = heat;
    this.#legend = legend;
  }

  show(explanation: Explanation, facts: Summary, text = explanation.text): void {
    this.#last = { explanation, facts };
    this.follow(text);
    const { scale, number, apart } = facts;
    const ramp = el("i", { ariaHidden: "true" });
    const bar = el("span", { className: "ramp" }, `against ${number(-scale)}`, ramp, `${number(scale, "+")} for`);
    const special = apart.map(({ text, relevance }) =>
      el("span", { className: "special" }, isolated(visible(text)), ` ${number(relevance, "+")}`),
    );
    this.#legend.replaceChildren(bar, ...special);
  }

  /** Shows a text as it is being typed, in the colours of the last explanation as far as they still hold. */
  follow(text: string): void {
    const last = this.#last?.explanation;
    const kept = last ? carry(last, text) : [];
    this.#slices = slices({ text, tokens: kept });
    paint(this.#heat, this.#slices, this.#last?.facts.scale ?? 0);
    this.pick(this.#picked);
  }

  pick(token: number | undefined): void {
    this.#picked = token;
    const tokens = this.#last?.explanation.tokens;
    const found = token === undefined ? -1 : this.#slices.findIndex((slice) => slice.tokens.includes(tokens![token]));
    mark(this.#heat, found < 0 ? undefined : found);
  }

  /** The token under a point of the screen. */
  tokenAt(x: number, y: number): number | undefined {
    const slice = sliceAt(this.#heat, x, y);
    return slice === undefined ? undefined : this.#token(this.#slices[slice]);
  }

  /** The token of the word that a caret at this offset stands in, before or right after. */
  tokenAround(offset: number): number | undefined {
    let at = 0;
    let before: Slice | undefined;
    for (const slice of this.#slices) {
      const end = at + slice.text.length;
      if (offset < end) return this.#token(offset === at && !slice.tokens.length && before ? before : slice);
      before = slice;
      at = end;
    }
    return before && this.#token(before);
  }

  #token(slice: Slice | undefined): number | undefined {
    const found = slice?.tokens.length ? this.#last!.explanation.tokens.indexOf(slice.tokens[0]) : -1;
    return found < 0 ? undefined : found;
  }
}
