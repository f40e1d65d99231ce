// Relevance finer than patches of an image and groups of a point cloud: pixels and points.

import { RelpropError } from "../errors.ts";
import { pixelOffset } from "../inputs/images/patches.ts";
import type { Explanation } from "./explanation.ts";
import { type RunNumbers, valuesAndGradient } from "./numbers.ts";

/** Each pixel's relevance in all channels. */
export function pixelRelevance({ image, tokens }: Explanation, numbers: RunNumbers): number[] {
  if (!image) throw new RelpropError("InvalidOption", "this model reads texts, which have no pixels");
  const [across, down] = image.size;
  const { x, g, width } = valuesAndGradient(numbers, ({ readings }) => readings.pixels);
  const own = {
    specials: tokens.length - image.rows * image.cols,
    channels: (width * image.rows * image.cols) / (across * down),
  };
  return Array.from({ length: across * down }, (_, k) => {
    let sum = 0;
    for (let c = 0; c < own.channels; c++) {
      const at = pixelOffset(image, own, [c, Math.floor(k / across), k % across]);
      sum += x[at] * g![at];
    }
    return sum;
  });
}

/**
 * Each point's relevance, from all groups that it is in: read at points that of its features there, which are mostly those
 * that were the largest of their group; else an equal share of the group's.
 */
export function pointRelevance({ cloud, tokens, at: reading }: Explanation, numbers: RunNumbers): Explanation["cloud"] {
  if (!cloud) throw new RelpropError("InvalidOption", "this model reads no point clouds");
  const relevance = Array<number>(cloud.points).fill(0);
  if (reading !== "points") {
    for (const [k, own] of cloud.groups.entries())
      for (const i of own) relevance[i] += tokens[k].relevance / own.length;
    return { ...cloud, relevance };
  }
  const { x, g, width } = valuesAndGradient(numbers, ({ readings }) => readings.points);
  const each = width / cloud.groups[0].length;
  let at = 0;
  for (const i of cloud.groups.flat()) {
    for (const end = at + each; at < end; at++) relevance[i] += x[at] * g![at];
  }
  return { ...cloud, relevance };
}
