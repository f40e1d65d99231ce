// The way of explain(): tokens, the rows and logits that are explained, and relevance by a method.

import type { AttributeLists, MethodLists, MethodOptions } from "../attribution/options.ts";
import type { Engine } from "../engine/engine.ts";
import type { AnswerOptions, ExplainLists, ExplainOptions } from "../explain/options.ts";
import { relevance } from "../explain/relevance.ts";
import { checkStream, explainRequest } from "../explain/request.ts";
import type { Input } from "../inputs/encoded.ts";
import { isOther } from "../propagation/composites.ts";

/** The options of explain() by any method. */
export type AnyOptions = ExplainOptions | AnswerOptions | ExplainLists | MethodOptions | MethodLists;

/** Each input's explanation, attribution or list of them, or matrix. */
export async function explain(engine: Engine, inputs: readonly Input[], given: AnyOptions): Promise<unknown[]> {
  const { architecture } = engine;
  const { task, labels } = architecture;
  const options = { ...task.defaults, ...given } as ExplainOptions;
  checkStream(architecture, options);
  const { objective = "logit", signal } = options;
  const propagates = !isOther(given.method);
  if ((options.each || options.continuation !== undefined) && propagates) {
    const { explainContinuation } = await import("../explain/continuation.ts");
    return explainContinuation(engine, inputs, options as ExplainOptions | AnswerOptions);
  }

  const rows = await task.targetWeights(labels, options);
  const request = propagates ? explainRequest(rows, options) : undefined;
  const encoded = await task.selectTokens(engine, await engine.encode(inputs, options), options);
  if (!request) {
    const { attribute } = await import("../attribution/methods.ts");
    return attribute(engine, encoded, rows, given as AttributeLists);
  }
  const results =
    objective === "logit" && !options.interactions
      ? await relevance(engine, encoded, request, signal)
      : await (await import("../explain/objective.ts")).explainObjective(engine, encoded, request, {
          ...options,
          objective,
        });
  return request.isList ? results : results.map(([only]) => only);
}
