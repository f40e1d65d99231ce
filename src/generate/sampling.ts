// Which token comes next, by its logits: the largest, or one that is drawn. What changes logits comes in the order of
// transformers' LogitsProcessors: repetition penalty, temperature, top-k, top-p, min-p.

import { argMax } from "../logits.ts";
import { uniform } from "../random.ts";

/** The options of generate() by which a token is chosen. */
export interface Sampling {
  /** 0 (default): greedy decoding; above 0: tokens are sampled from softmax(logits / temperature). */
  temperature?: number;
  /** Samples from the `topK` most probable tokens. */
  topK?: number;
  /** Nucleus (top-p) sampling: samples from the fewest tokens with at least this total probability. */
  topP?: number;
  /** Draws among the tokens only that have this share of the likeliest one's probability. */
  minP?: number;
  /**
   * Divides the logits of tokens that the text has already where they are positive, multiplies them where not, drawn or not. By
   * default as generation_config.json says, else 1: none.
   */
  repetitionPenalty?: number;
  /** Seed of the sampling (default 0). */
  seed?: number;
}

/** Chooses the token that follows those with the ids `before`. */
export type Sampler = (logits: Float32Array, before: readonly number[]) => number;

export function sampler(options: Sampling): Sampler {
  const { temperature = 0, seed = 0 } = options;
  const random = uniform(seed);
  return (logits, before) => {
    const scores = penalized(logits, before, options);
    if (!temperature) return argMax(scores);
    const { ids, weights } = kept(scores, options);
    let left = random() * weights.reduce((sum, w) => sum + w, 0);
    for (const [k, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return ids[k];
    }
    return ids[ids.length - 1];
  };
}

/** Logits of tokens that are there already, divided by the penalty where positive, else multiplied (Keskar et al. 2019). */
export function penalized(
  logits: Float32Array,
  before: readonly number[],
  { repetitionPenalty = 1 }: Sampling,
): Float32Array {
  if (repetitionPenalty === 1) return logits;
  const scores = logits.slice();
  for (const id of new Set(before)) {
    scores[id] = scores[id] < 0 ? scores[id] * repetitionPenalty : scores[id] / repetitionPenalty;
  }
  return scores;
}

/** Ids of tokens, likeliest first. */
export const ranked = (scores: Float32Array): number[] => [...scores.keys()].sort((a, b) => scores[b] - scores[a]);

/** The tokens that may be drawn, likeliest first, with the weights that they are drawn by. */
export function kept(
  scores: Float32Array,
  { temperature = 1, topK = scores.length, topP = 1, minP = 0 }: Sampling,
): { ids: number[]; weights: number[] } {
  const order = ranked(scores);
  const least = scores[order[Math.min(topK, order.length) - 1]]; // of equal ones at the border all are kept
  const among = order.filter((id) => scores[id] >= least);
  const weights = among.map((id) => Math.exp((scores[id] - scores[order[0]]) / temperature));
  const total = weights.reduce((sum, w) => sum + w, 0);
  let n = 0;
  let mass = 0;
  while (n < among.length && mass < topP * total) mass += weights[n++];
  while (n > 1 && weights[n - 1] < minP) n--; // the likeliest has the weight 1
  return { ids: among.slice(0, n), weights: weights.slice(0, n) };
}
