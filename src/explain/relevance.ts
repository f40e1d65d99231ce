// Relevance by propagation, in as few runs as texts and targets fit in.

import type { Engine, Probe } from "../engine/engine.ts";
import { throwIfAborted } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplainRequest } from "./request.ts";
import { explanations } from "./results.ts";
import { type ExplanationTrace, explanationTrace } from "./trace.ts";

/** Each text's explanations: methods slowest, then targets, then reading points. */
export async function relevance(
  engine: Engine,
  encoded: readonly Encoded[],
  asked: ExplainRequest,
  signal?: AbortSignal,
): Promise<Explanation[][]> {
  const positions = asked.positional && (await import("./positional.ts"));
  const request = positions ? { ...asked, methods: positions.withPositions(asked.methods) } : asked;
  const { methods, targetWeights } = request;
  return engine.inBatches(encoded, signal, targetWeights.length, async (batch, t) => {
    let texts = batch;
    const most = engine.most(t);
    const parts: Explanation[][][][] = []; // by targets, texts and methods
    for (let first = 0; first < targetWeights.length; first += most) {
      throwIfAborted(signal);
      const some = { ...request, targetWeights: targetWeights.slice(first, first + most) };
      parts.push(await once(engine, texts, t, some, signal));
      texts = texts.slice(0, parts[0].length);
    }
    return texts.map((_, i) => methods.flatMap((_, m) => parts.flatMap((part) => part[i][m])));
  });
}

/** One run for the first texts of a batch, as many as fit: their explanations by method. */
async function once(
  engine: Engine,
  batch: readonly Encoded[],
  t: number,
  request: ExplainRequest,
  signal?: AbortSignal,
): Promise<Explanation[][][]> {
  const { methods, targetWeights, layers, breakdownOptions } = request;
  const composites = methods.map(({ composite }) => composite);
  const breakdown = breakdownOptions && (await import("./breakdown.ts"));
  const { heads, neurons, pairs, experts, pixels, points } = breakdownOptions ?? {};
  const watched = [heads, neurons, pairs, experts, pixels, points].map(Boolean);
  const probe: Probe<ExplanationTrace> = {
    kind: `${JSON.stringify(composites)} ${layers} ${targetWeights.length} ${watched}`,
    network: pairs ? { recompute: false } : {}, // attention weights must be there to be seen
    trace: (net) =>
      explanationTrace(net, composites, targetWeights.length, layers, breakdown?.blockProbes(net, breakdownOptions!)),
    data: (texts) => ({ request: repeated(targetWeights, texts.length) }),
  };
  const { texts, ...run } = await engine.run(batch, t, probe, signal);
  const ran = { ...run, texts: texts.length, targets: targetWeights.length };
  return Promise.all(texts.map((text, i) => explanations(text, engine.info, ran, i, request)));
}

/** Rows of so many texts each: a target's texts side by side. */
function repeated(requests: readonly Float32Array[], texts: number): Float32Array {
  const width = requests[0].length;
  const rows = new Float32Array(requests.length * texts * width);
  for (const [k, row] of requests.entries()) {
    for (let i = 0; i < texts; i++) rows.set(row, (k * texts + i) * width);
  }
  return rows;
}
