// The way of explain(): tokens, the rows and logits that are explained, and relevance by a method.

import type { AttributeLists, AttributeOptions } from "../attribution/options.ts";
import { RelpropError } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";
import type { Architecture } from "../models/family.ts";
import { isOther } from "../propagation/composites.ts";
import type { Engine } from "../runtime/engine.ts";
import type { ExplainLists, ExplainOptions } from "./options.ts";
import { relevance } from "./relevance.ts";
import { question } from "./request.ts";

/** Each input's explanation, attribution or list of them. */
export async function explain(
  engine: Engine,
  inputs: readonly Input[],
  given: ExplainOptions | ExplainLists | AttributeOptions | AttributeLists,
): Promise<unknown[]> {
  const { architecture } = engine;
  const { task, labels } = architecture;
  const options = { ...task.defaults, ...given } as ExplainOptions;
  wholeStream(architecture, options);
  const { of = "logit", signal } = options;
  const propagates = !isOther(given.method);
  if (options.continuation !== undefined && propagates) {
    const { explainContinuation } = await import("./continuation.ts");
    return explainContinuation(engine, inputs, options);
  }

  const rows = await task.requests(labels, options);
  const asked = propagates ? question(rows, options) : undefined;
  const encoded = await task.placed(engine, await engine.encode(inputs, options), options);
  if (!asked) {
    const { attribute } = await import("../attribution/methods.ts");
    return attribute(engine, encoded, rows, given as AttributeLists);
  }
  const results =
    of === "logit" && !options.interactions
      ? await relevance(engine, encoded, asked, signal)
      : await (await import("./objective.ts")).explainOf(engine, encoded, asked, { ...options, of });
  return asked.several ? results : results.map(([only]) => only);
}

/** Throws `InvalidOption` where what is asked needs all relevance to pass the stream between blocks, and it does not. */
export function wholeStream({ skips }: Pick<Architecture, "skips">, asked: ExplainOptions): void {
  const wanted = skips?.find((name) => asked[name]);
  if (!wanted) return;
  const message = `in this model relevance also goes around blocks, so that ${wanted} have no ledger of their own; leave it out`;
  throw new RelpropError("InvalidOption", message);
}
