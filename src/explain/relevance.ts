// Relevance by propagation, in as few runs as texts and targets fit in.

import type { Engine, Look } from "../engine/engine.ts";
import { throwIfAborted } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Explanation } from "./explanation.ts";
import type { Question } from "./request.ts";
import { explanations } from "./results.ts";
import { type Explaining, explaining } from "./trace.ts";

/** Each text's explanations: methods slowest, then targets, then reading points. */
export function relevance(
  engine: Engine,
  encoded: readonly Encoded[],
  asked: Question,
  signal?: AbortSignal,
): Promise<Explanation[][]> {
  const { methods, requests } = asked;
  return engine.inBatches(encoded, signal, requests.length, async (batch, t) => {
    let texts = batch;
    const most = engine.most(t);
    const parts: Explanation[][][][] = []; // by targets, texts and methods
    for (let first = 0; first < requests.length; first += most) {
      throwIfAborted(signal);
      const some = { ...asked, requests: requests.slice(first, first + most) };
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
  asked: Question,
  signal?: AbortSignal,
): Promise<Explanation[][][]> {
  const { methods, requests, layers, finer } = asked;
  const composites = methods.map(({ composite }) => composite);
  const breakdown = finer && (await import("./breakdown.ts"));
  const { heads, neurons, pairs, pixels, points } = finer ?? {};
  const watched = [heads, neurons, pairs, pixels, points].map(Boolean);
  const look: Look<Explaining> = {
    kind: `${JSON.stringify(composites)} ${layers} ${requests.length} ${watched}`,
    made: pairs ? { recompute: false } : {}, // attention weights must be there to be seen
    trace: (net) => explaining(net, composites, requests.length, layers, breakdown?.watch(net, finer!)),
    data: (texts) => ({ request: repeated(requests, texts.length) }),
  };
  const { texts, ...run } = await engine.run(batch, t, look, signal);
  const ran = { ...run, texts: texts.length, targets: requests.length };
  return Promise.all(texts.map((text, i) => explanations(text, engine.about, ran, i, asked)));
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
