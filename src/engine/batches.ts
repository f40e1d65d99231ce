// How a list of texts is cut into runs. A run computes as many rows as its longest text has for each of its texts, so
// texts of like length go together.

/** Texts, as indices, that are computed at `t` tokens each. */
export interface Batch {
  t: number;
  texts: number[];
}

const BUCKET = 8; // texts are padded to a multiple of this, so that few lengths need a plan of their own
const MOST_PADDING = 1 / 8; // of a text's rows, where it goes with a longer one

/** Texts of like length, longest first, so that the largest work buffers are made once. */
export function bucketByLength(lengths: readonly number[], longest: number): Batch[] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]);
  const batches: Batch[] = [];
  for (const i of order) {
    const t = Math.min(Math.ceil(lengths[i] / BUCKET) * BUCKET, longest);
    const last = batches.at(-1);
    if (last && t >= (1 - MOST_PADDING) * last.t) last.texts.push(i);
    else batches.push({ t, texts: [i] });
  }
  return batches;
}
