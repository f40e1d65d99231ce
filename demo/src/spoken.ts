// What a screen reader hears of a new explanation: one sentence, once typing has paused.

import { percent, visible } from "../../src/render/text.ts";
import { afterPause } from "./dom.ts";
import type { Read } from "./tokens.ts";

const PAUSE = 1200; // milliseconds

export function speaker(region: HTMLElement): (reads: readonly Read[]) => void {
  return afterPause((reads: readonly Read[]) => {
    region.textContent = reads.map(sentence).join(" ");
  }, PAUSE);
}

function sentence({ explanation, facts }: Read): string {
  const { target, contrast, method, tokens } = explanation;
  const words = tokens.filter(({ special }) => !special).sort((a, b) => Math.abs(b.relevance) - Math.abs(a.relevance));
  const named = words.slice(0, 3).map(({ text, relevance }) => `${visible(text)} ${facts.number(relevance, "+")}`);
  const score = target.probability === undefined ? facts.score : percent(target.probability);
  const what = contrast ? visible(facts.title) : `${visible(target.label)}, ${score}`;
  return `${what}. Strongest by ${method}: ${named.join(", ")}.`;
}
