import type { Encoded } from "../inputs/encoded.ts";
import { chamfer } from "../inputs/points/cloud.ts";
import { rowOf } from "./scores.ts";
import { sequenceClassification } from "./sequence_classification.ts";
import { targetWeights } from "./target.ts";
import type { Task } from "./task.ts";
import { readAt } from "./tokens.ts";

const defaults: Task["defaults"] = { method: "cp-lrp-gamma", points: true };

/** A cloud of points is of a class. */
export const pointCloudClassification: Task = {
  ...sequenceClassification,
  name: "point-cloud-classification",
  scores: "softmax",
  texts: false,
  defaults,
};

/** Hidden groups of points are made up from the others. The first of them is explained. */
export const pointCloudReconstruction: Task = {
  name: "point-cloud-reconstruction",
  reads: "tokens",
  scores: "none",
  defaults,
  targetWeights,
  selectTokens: async (model, encoded, { token }) =>
    token === undefined
      ? encoded.map((one) => ({ ...one, reads: [one.tokens.length - one.cloud!.hidden!] }))
      : readAt(model, encoded, token),
  prediction: async ({ architecture: { labels } }, one, logits) => ({
    classes: [],
    cloud: made(one, logits, labels.length),
  }),
};

/** The points of the hidden groups, and how far they are from those that were there. */
function made({ tokens: { length: n }, given, cloud }: Encoded, logits: Float32Array, width: number) {
  const hidden = cloud!.hidden!;
  const around = (j: number) => given!.centers.subarray(3 * j, 3 * j + 3);
  const all = Array.from({ length: hidden }, (_, k) => n - hidden + k);
  const points = all.flatMap((j) => {
    const own = rowOf(logits, j, width);
    return Array.from({ length: width / 3 }, (_, p) => [0, 1, 2].map((c) => own[3 * p + c] + around(j)[c]));
  });
  const result = all.map((j) => chamfer(rowOf(logits, j, width), rowOf(given!.truth, j, width)));
  return { points, chamfer: result.reduce((sum, v) => sum + v, 0) / hidden };
}
