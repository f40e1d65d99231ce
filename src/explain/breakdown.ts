// Explanations finer or coarser than tokens: parts of the text, attention heads, neurons, and who passes what to whom.
// A run gives the numbers of tensors within blocks and their gradients, the sums are made here, in f64.

import type { ImageView } from "../inputs/images/patches.ts";
import type { Block, Network, ReadingPoint } from "../models/family.ts";
import type { Explanation } from "./explanation.ts";
import { grouped } from "./groups.ts";
import { ofHeads, ofNeurons } from "./halves.ts";
import { having, type Numbers } from "./numbers.ts";
import type { Breakdowns } from "./options.ts";
import { ofPairs } from "./pairs.ts";
import { ofPixels, ofPoints } from "./pixels.ts";
import { unclosed } from "./residual.ts";
import type { Watch } from "./trace.ts";

/** What is wanted of a network's blocks. @internal */
export function watch(
  { blocks, readings }: Pick<Network, "blocks" | "readings">,
  { heads, neurons, pairs, pixels, points }: Breakdowns,
): Watch {
  const read = (at: ReadingPoint) => (readings.has(at) ? { [at]: readings.get(at)![0] } : {});
  const halves: Watch["halves"] = blocks.map(({ context, neurons: inner, parallel }) => ({
    ...(heads && context && { heads: parallel ? [context, parallel] : [context] }),
    ...(neurons && inner && { neurons: [inner] }),
  }));
  const fields: (keyof Block)[] = [
    ...(heads ? (["context", "skipped", "attention", "parallel"] as const) : []),
    ...(neurons ? (["passed", "neurons", "feedforward"] as const) : []),
    ...(pairs ? (["context", "values", "scores", "weights"] as const) : []),
  ];
  const own = (block: Block): Block =>
    Object.fromEntries(fields.flatMap((field) => (block[field] ? [[field, block[field]]] : [])));
  return {
    watched: { blocks: blocks.map(own), readings: { ...(points && read("points")), ...(pixels && read("pixels")) } },
    halves,
  };
}

/** What is asked for beside `explanation`. Throws `InvalidOption`. @internal */
export function finer(explanation: Explanation, numbers: Numbers, asked: Breakdowns): Partial<Explanation> {
  const { groups, heads, neurons, pairs, pixels, points } = asked;
  const n = explanation.tokens.length;
  const ofAll = heads ? having(numbers, "context").map((i) => ofHeads(numbers, n, i)) : [];
  const ofBlocks = neurons ? ofNeurons(numbers, n, neurons) : undefined;
  return {
    ...(pixels && { image: { ...(explanation.image as ImageView), pixels: ofPixels(explanation, numbers) } }),
    ...(points && { cloud: ofPoints(explanation, numbers) }),
    ...(groups && { groups: grouped(explanation, groups) }),
    ...(heads && { heads: ofAll.map(({ told }) => told) }),
    ...(ofBlocks && { neurons: ofBlocks.told }),
    ...(pairs && { pairs: having(numbers, "weights").map((i) => ofPairs(numbers, n, i)) }),
    warnings: [
      ...explanation.warnings,
      ...unclosed(
        "heads",
        ofAll.map(({ misses }) => misses),
      ),
      ...unclosed("neurons", ofBlocks?.misses ?? []),
    ],
  };
}
