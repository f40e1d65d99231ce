// Breakdowns of an explanation: spans of the text, attention heads, neurons, and relevance from token to token.
// A run returns the tensors within blocks and their gradients; the sums are computed here, in f64.

import type { ImageView } from "../inputs/images/patches.ts";
import type { Block, Network, ReadingPoint } from "../models/family.ts";
import { expertChoices } from "./experts.ts";
import type { Explanation } from "./explanation.ts";
import { grouped } from "./groups.ts";
import { blocksWith, type RunNumbers } from "./numbers.ts";
import type { BreakdownOptions } from "./options.ts";
import { pairRelevance } from "./pairs.ts";
import { pixelRelevance, pointRelevance } from "./pixels.ts";
import { unclosed } from "./residual.ts";
import { headRelevance, neuronRelevance } from "./sublayers.ts";
import type { BlockProbes } from "./trace.ts";

/** What is wanted of a network's blocks. @internal */
export function blockProbes(
  { blocks, readings }: Pick<Network, "blocks" | "readings">,
  { heads, neurons, pairs, experts, pixels, points }: BreakdownOptions,
): BlockProbes {
  const read = (at: ReadingPoint) => (readings.has(at) ? { [at]: readings.get(at)![0] } : {});
  const sublayers: BlockProbes["sublayers"] = blocks.map(({ context, neurons: inner, parallel }) => ({
    ...(heads && context && { heads: parallel ? [context, parallel] : [context] }),
    ...(neurons && inner && { neurons: [inner] }),
  }));
  const fields: (keyof Block)[] = [
    ...(heads ? (["context", "residualInput", "attention", "parallel"] as const) : []),
    ...(neurons ? (["preMlpStream", "neurons", "feedforward"] as const) : []),
    ...(pairs ? (["context", "values", "scores", "weights"] as const) : []),
    ...(experts ? (["choice", "routing"] as const) : []),
  ];
  const own = (block: Block): Block =>
    Object.fromEntries(fields.flatMap((field) => (block[field] ? [[field, block[field]]] : [])));
  return {
    captured: { blocks: blocks.map(own), readings: { ...(points && read("points")), ...(pixels && read("pixels")) } },
    sublayers,
  };
}

/** The requested breakdowns of `explanation`. Throws `InvalidOption`. @internal */
export function breakdown(
  explanation: Explanation,
  numbers: RunNumbers,
  request: BreakdownOptions,
): Partial<Explanation> {
  const { groups, heads, neurons, pairs, experts, pixels, points } = request;
  const n = explanation.tokens.length;
  const ofAll = heads ? blocksWith(numbers, "context").map((i) => headRelevance(numbers, n, i)) : [];
  const ofBlocks = neurons ? neuronRelevance(numbers, n, neurons) : undefined;
  return {
    ...(pixels && { image: { ...(explanation.image as ImageView), pixels: pixelRelevance(explanation, numbers) } }),
    ...(points && { cloud: pointRelevance(explanation, numbers) }),
    ...(groups && { groups: grouped(explanation, groups) }),
    ...(heads && { heads: ofAll.map(({ result }) => result) }),
    ...(ofBlocks && { neurons: ofBlocks.result }),
    ...(experts && { experts: expertChoices(numbers, n) }),
    ...(pairs && { pairs: blocksWith(numbers, "weights").map((i) => pairRelevance(numbers, n, i)) }),
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
