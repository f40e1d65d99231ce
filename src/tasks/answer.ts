// The answer that logits of starts and ends point at.

import type { Encoded } from "../inputs/encoded.ts";
import type { Answer } from "./prediction.ts";

const START = 0;
const END = 1;
const LONGEST = 30; // tokens of an answer

/** The first and last token of the best answer: of the second text if there are two. */
export function span({ tokens }: Encoded, logits: Float32Array): [number, number] {
  const pair = tokens.findIndex(({ type }) => type);
  const own = [...tokens.keys()].filter((j) => tokens[j].start !== null && j >= pair);
  const [first = 0] = own;
  let best: [number, number] = [first, first];
  const score = ([i, j]: [number, number]) => logits[2 * i + START] + logits[2 * j + END];
  for (const i of own) {
    for (const j of own) {
      if (j >= i && j - i < LONGEST && score([i, j]) > score(best)) best = [i, j];
    }
  }
  return best;
}

export function answer({ text: both, tokens }: Encoded, ends: [number, number], logits: Float32Array): Answer {
  const [from, to] = ends.map((j) => tokens[j]);
  const [start, end] = [from.start ?? 0, to.end ?? 0];
  const logit = logits[2 * ends[0] + START] + logits[2 * ends[1] + END];
  return { text: both.slice(start, end), start, end, tokens: ends, logit };
}
