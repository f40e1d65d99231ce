// A heatmap to be put into a page of one's own, and the colours behind it.

import type { Attribution } from "../attribution/attribution.ts";
import { RelpropError } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import { checked } from "../options/kinds.ts";
import { dark, hex, light, strength } from "./color.ts";
import { heatmap } from "./heatmap.ts";
import { markup } from "./markup.ts";
import { type FragmentOptions, fragmentOptions, type SegmentOptions, segmentOptions } from "./options.ts";
import { spans } from "./spans.ts";
import { summarize } from "./summary.ts";
import { drawn } from "./text.ts";

export { heatmapStyle } from "./heatmap.ts";

/** A run of the text with one relevance and one colour; between words there are runs with none. */
export interface Segment {
  /** As the user wrote it. */
  text: string;
  /** UTF-16 offsets into the explanation's text. */
  start: number;
  /** The offset behind it. */
  end: number;
  /** The sum of its tokens' relevance, in the logit's unit; 0 where it has none. */
  relevance: number;
  /** Relevance in −1 … 1: of the strongest segment's magnitude. */
  strength: number;
  /** A CSS colour for its background, "#rrggbb": orange speaks for the target, blue against it. "transparent" where it has no tokens. */
  color: string;
  /** The places of its tokens in `explanation.tokens`. */
  tokens: number[];
}

/**
 * The explanation's text as runs with relevance and colour, to be drawn by a framework: together they are the whole text, in
 * order. By words unless `by` says otherwise.
 * @throws InvalidInput if it is no explanation of a text, InvalidOption for a wrong option.
 */
export function segments(explanation: Explanation | Attribution, options: SegmentOptions = {}): Segment[] {
  const { by = "words", theme } = checked("segments()", segmentOptions, options);
  return drawn("segments()", "an explanation of a text", () => {
    ofText("segments()", explanation);
    const { text, tokens } = explanation;
    const place = new Map(tokens.map((token, i) => [token, i]));
    const marks = spans(explanation, by).map(({ start, end, tokens: own }) => {
      const relevance = own.reduce((sum, token) => sum + token.relevance, 0);
      return { start, end, relevance, tokens: own.map((token) => place.get(token)!) };
    });
    const scale = marks.reduce((most, { relevance }) => Math.max(most, Math.abs(relevance)), 0);
    const palette = theme === "dark" ? dark : light;
    const all: Segment[] = [];
    const between = (start: number, end: number) => {
      const none = { relevance: 0, strength: 0, color: "transparent", tokens: [] };
      if (start < end) all.push({ text: text.slice(start, end), start, end, ...none });
    };
    let at = 0;
    for (const { start, end, relevance, tokens } of marks) {
      between(at, start);
      const s = strength(relevance, scale);
      all.push({ text: text.slice(start, end), start, end, relevance, strength: s, color: hex(s, palette), tokens });
      at = end;
    }
    between(at, text.length);
    return all;
  });
}

/**
 * The heatmap as HTML for a page of one's own: no document, no script, no inline styles. Its classes are those of
 * `heatmapStyle()`, which the package also has as a file, `relprop/heatmap.css`.
 * @throws InvalidInput if it is no explanation of a text, InvalidOption for a wrong option.
 */
export function fragment(explanation: Explanation | Attribution, options: FragmentOptions = {}): string {
  const how = checked("fragment()", fragmentOptions, options);
  return drawn("fragment()", "an explanation of a text", () => {
    ofText("fragment()", explanation);
    return markup(heatmap(summarize(explanation, how.by), how));
  });
}

/** Refuses explanations of what is no text. */
export function ofText(call: string, explanation: Explanation | Attribution): void {
  if (!explanation.image && !explanation.cloud) return;
  const what = explanation.image ? "an image: html(), svg() and png() draw it" : "a point cloud";
  throw new RelpropError("InvalidInput", `${call} needs an explanation of a text; this one is of ${what}`);
}
