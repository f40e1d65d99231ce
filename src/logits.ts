// What logits say, in float64 and without overflow.

/** The largest logit, and Σ exp(logit − peak): a probability is exp(logit − peak) / total. */
export function partition(logits: Float32Array | readonly number[]): { peak: number; total: number } {
  let peak = -Infinity;
  for (const logit of logits) peak = Math.max(peak, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - peak);
  return { peak, total };
}

/** ln Σ exp(logit) */
export function logSumExp(logits: Float32Array | readonly number[]): number {
  const { peak, total } = partition(logits);
  return peak + Math.log(total);
}

/** The place of the largest; of equal ones the first. */
export function argMax(logits: Float32Array | readonly number[]): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}
