// From a run's numbers to what a user gets.

import type { Data } from "../backends/backend.ts";
import type { ModelInfo } from "../engine/engine.ts";
import { part } from "../engine/network.ts";
import { RelpropError } from "../errors.ts";
import { finite } from "../finite.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Composite } from "../propagation/composites.ts";
import { scored } from "../tasks/scores.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplainRequest } from "./request.ts";
import { magnitude, share, unclosed } from "./residual.ts";
import { type ExplanationTrace, ledger, type Reading } from "./trace.ts";

/** A run's numbers: of so many texts, and so many targets of each. */
export interface Run {
  trace: ExplanationTrace;
  data: Data;
  texts: number;
  targets: number;
}

/** Explanations of the text at `index`: for each method, and for each of the run's targets one at each reading point. */
export async function explanations(
  { text, tokens, reads, messages, image, cloud, warnings }: Encoded,
  about: ModelInfo,
  run: Run,
  index: number,
  { methods, readingPoints, breakdownOptions, positional: asked }: ExplainRequest,
): Promise<Explanation[][]> {
  const breakdown = breakdownOptions && (await import("./breakdown.ts"));
  const plain = methods.some(({ composite }) => isPlain(composite)) && (await import("./annihilated.ts"));
  const positional = methods.some(({ composite: { rotary } }) => rotary) && (await import("./positional.ts"));
  const { trace, data, texts, targets } = run;
  const logits = finite(part(data.logits, index, texts), "logits");
  const { of, classes } = scored(about, logits);

  return methods.map(({ name, composite }, m) => {
    const backward = trace.backwardPasses[m];
    return [...Array(targets).keys()].flatMap((target) => {
      const mine = (output: string) => part(data[output], target * texts + index, targets * texts);
      const seed = mine("seed");
      const logit = seed.reduce((sum, weight, c) => (weight ? sum + weight * logits[c] : sum), 0);
      const less = seed.indexOf(-1);
      const read = (reading: Reading) => {
        const [rows] = reading.rows;
        const there = rows ? mine(rows) : []; // of the last block's output only rows that are read; the others have no relevance
        const relevance = tokens.map((_, j) => there[j] ?? 0);
        return { relevance, ledger: ledger(reading, logit, mine) };
      };
      return readingPoints.map((at) => {
        const reading = backward.readings.get(at);
        if (!reading) {
          const known = [...backward.readings.keys()].join(", ");
          throw new RelpropError("InvalidOption", `this model's relevance is read at ${known}, not at ${at}`);
        }
        const found = read(reading);
        const own =
          positional && composite.rotary && positional.placed(found.relevance, found.ledger, reading, mine, asked);
        const { relevance, ledger } = own || found;
        const layers = backward.layers.map(read);
        const misses = (one: ReturnType<typeof read>) => share(one.ledger, magnitude(one.relevance));
        const explanation: Explanation = {
          text,
          ...(messages && { messages }),
          ...(image && { image }),
          ...(cloud && { cloud }),
          model: about.model,
          method: name,
          composite,
          at,
          backend: about.backend,
          target: of(seed.reduce((most, weight, c) => (weight > seed[most] ? c : most), 0)),
          ...(less >= 0 && { contrast: of(less) }),
          classes,
          ...(reads && { reads: [...reads] }),
          tokens: tokens.map((token, j) => ({
            ...token,
            relevance: relevance[j],
            ...(own && { positional: own.positional[j] }),
          })),
          ledger,
          ...(layers.length && { layers }),
          warnings: [
            ...warnings,
            ...(plain && isPlain(composite) ? plain.annihilated(at, trace.net) : []),
            ...unclosed("the tokens", [misses({ relevance, ledger })]),
            ...unclosed("layers", layers.map(misses)),
          ],
        };
        const forward = (output: string) => part(data[output], index, texts);
        const numbers = { trace, backward, composite, forward, mine, logit };
        return breakdown
          ? { ...explanation, ...breakdown.breakdown(explanation, numbers, breakdownOptions) }
          : explanation;
      });
    });
  });
}

/** Whether norms follow their gradient. */
const isPlain = ({ norm = "gradient" }: Composite) => norm === "gradient";
