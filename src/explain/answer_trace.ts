// One forward pass over a text and its answer, and for each token of the answer a walk back, several at once.

import type { Trace } from "../engine/network.ts";
import { input } from "../graph/tensor.ts";
import type { Network } from "../models/family.ts";
import type { Composite } from "../propagation/composites.ts";
import { type ExplanationTrace, explanationTrace } from "./trace.ts";

/** The outputs of all parts: those of part `c` begin with `c` and a space. */
export interface AnswerTrace extends Trace {
  parts: ExplanationTrace[];
}

/**
 * The relevance of so many rows' logits in each part. A row is to its part what a text is to a run: it has logits and a gradient
 * of its own, so a gradient of the head is as large as one row's logits. What is below the head has the gradients of all rows
 * of a part over the same activations. Parts come one after another and use the same buffers.
 */
export function answerTrace(net: Network, composite: Composite, sizes: readonly number[]): AnswerTrace {
  const end = net.stream.at(-1)!;
  const outputs: Trace["outputs"] = {};
  const parts = sizes.map((rows, c) => {
    const selection = input(`rows ${c}`, [rows, 1, 1, end.shape[1]]);
    const logits = net.unembed(end, selection);
    const part = explanationTrace({ ...net, logits, selection }, [composite], 1, false, undefined, `request ${c}`);
    for (const [name, x] of Object.entries(part.outputs)) outputs[`${c} ${name}`] = x;
    return part;
  });
  return { outputs, parts };
}
