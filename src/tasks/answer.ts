// The answer that logits of starts and ends point at.

import { RelpropError } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Answer } from "./prediction.ts";
import type { Task } from "./task.ts";

const START = 0;
const END = 1;
const LONGEST = 30; // tokens of an answer

/** The first and last token of the best answer: of the second text if there are two. */
function span({ tokens }: Encoded, logits: Float32Array): [number, number] {
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

/** The texts, each with the ends of the answer. Throws `InvalidOption`. */
export const selectTokens: Task["selectTokens"] = async (model, encoded, { token, signal }) => {
  if (token !== undefined)
    throw new RelpropError("InvalidOption", "the model finds the answer's tokens itself; leave out `token`");
  const logits = await model.predict(encoded, signal);
  return encoded.map((one, i) => ({ ...one, reads: span(one, logits[i]) }));
};

export function answer(one: Encoded, logits: Float32Array): Answer {
  const { text: both, tokens } = one;
  const ends = span(one, logits);
  const [from, to] = ends.map((j) => tokens[j]);
  const [start, end] = [from.start ?? 0, to.end ?? 0];
  const logit = logits[2 * ends[0] + START] + logits[2 * ends[1] + END];
  return { text: both.slice(start, end), start, end, tokens: ends, logit };
}
