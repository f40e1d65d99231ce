// What explain() answers beside classes of texts by propagation: other heads, other methods, functions of logits, given
// continuations. Loaded when one is asked for.

import type { AttributeLists, AttributeOptions } from "../attribution/options.ts";
import { RelpropError } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";
import type { Engine } from "../runtime/engine.ts";
import { encode, labelsOf, named, placed, spread, wholeStream } from "../tasks/tasks.ts";
import { explainContinuation } from "./continuation.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplainLists, ExplainOptions } from "./options.ts";
import type { Question } from "./request.ts";
import { requests } from "./target.ts";

/** Each text's explanation, attribution or list of them. `question` is question.ts's; `other` says that the method is. */
export async function explain(
  engine: Engine,
  texts: readonly Input[],
  given: ExplainOptions | ExplainLists | AttributeOptions | AttributeLists,
  question: (rows: Float32Array[], options: ExplainOptions) => Question,
  other: boolean,
): Promise<unknown[]> {
  const { architecture } = engine.parts;
  const asking = { ...given } as ExplainOptions;
  if (architecture.task.startsWith("point")) {
    asking.method ??= "cp-lrp-gamma";
    asking.points ??= true;
  }
  if (architecture.image) {
    // Achtibat et al.'s rules for images, read at what is in them rather than at where it is.
    asking.method ??= "attn-lrp-gamma";
    asking.at ??= "pixels";
  }
  wholeStream(architecture, asking);
  const { truncate, signal, of, continuation, contrast } = asking;
  const answers = (asked: Question, results: Explanation[][]) =>
    asked.several ? results : results.map(([only]) => only);
  if (continuation !== undefined && !other) {
    if (asking.loops !== undefined || asking.without) {
      throw new RelpropError(
        "InvalidOption",
        "continuations are of the network as it is; leave out `loops`, `without`",
      );
    }
    const asked = question([], asking);
    const how = { continuation, contrast: contrast === undefined ? undefined : String(contrast), truncate };
    return answers(asked, await explainContinuation(engine, texts.map(text), asked, how, signal));
  }

  const rows = spread(architecture.task, requests(labelsOf(architecture, asking), named(architecture, asking)));
  const asked = other ? undefined : question(rows, asking);
  const encoded = await placed(engine, await encode(engine, texts, asking), asking);
  if (!asked) {
    const { attribute, wordsAside } = await import("../attribution/methods.ts");
    if (!architecture.vocabulary) wordsAside(given as AttributeLists);
    return attribute(engine, encoded, rows, given as AttributeLists);
  }
  if ((of === undefined || of === "logit") && !asking.interactions)
    return answers(asked, await engine.explain(encoded, asked, signal));
  const { explainOf } = await import("./objective.ts");
  return answers(
    asked,
    await explainOf(engine, async (input) => (await encode(engine, [input], asking))[0], encoded, asked, {
      of: of ?? "logit",
      interactions: asking.interactions,
      signal,
    }),
  );
}

function text(given: Input): string {
  if (typeof given === "string") return given;
  throw new RelpropError("InvalidInput", "what is continued is a text");
}
