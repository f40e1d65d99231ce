import type { TokenRelevance } from "../../explain/explanation.ts";
import { mean } from "../bootstrap.ts";
import type { Protocol } from "../protocol.ts";
import { cosine, spearman } from "../ranks.ts";

/** What changes a text's letters but not what it says. */
const edits: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.replaceAll(",", " "),
  (text) => (/[.!?]\s*$/.test(text) ? text.replace(/\s*[.!?]+\s*$/, "") : `${text.trimEnd()}.`),
];

/**
 * Relevance of the words before and after edits that leave the meaning alone: upper case, lower case, no commas, with or
 * without the closing mark. Compared word by word, a word's relevance being the sum of its tokens', for the same class; an
 * edit that leaves the text as it is says nothing.
 */
export const stability: Protocol = {
  description: "relevance of words before and after changes of case and punctuation: cosine and Spearman's ρ",
  target: "top",
  metrics: { cosine: "more", spearman: "more" },
  async score({ text, tokens, relevance, explain }) {
    const before = words(
      text,
      tokens.map((token, j) => ({ ...token, relevance: relevance[j] })),
    );
    const cosines: number[] = [];
    const ranks: number[] = [];
    for (const edited of new Set(edits.map((edit) => edit(text)))) {
      if (edited === text || !before.length) continue;
      const after = words(edited, (await explain(edited)).tokens);
      cosines.push(cosine(before, after));
      ranks.push(spearman(before, after));
    }
    return { values: { cosine: mean(cosines), spearman: mean(ranks) } };
  },
};

/** The relevance of each run of letters and digits. */
function words(text: string, tokens: readonly TokenRelevance[]): number[] {
  return [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)].map(({ 0: word, index }) => {
    const inside = tokens.filter(({ start, end }) => start !== null && start < index + word.length && end! > index);
    return inside.reduce((sum, { relevance }) => sum + relevance, 0);
  });
}
