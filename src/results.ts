// From a run's numbers to what a user gets.

import type { Data } from "./backends/backend.ts";
import type { Composite } from "./composites.ts";
import { RelpropError } from "./errors.ts";
import type { ClassScore, Explanation, ReadingPoint } from "./explanation.ts";
import type { Encoded } from "./inputs.ts";
import type { Question } from "./question.ts";
import { ledger, part, type Trace } from "./trace.ts";

type Grain = typeof import("./grain.ts");

/** What all results of a model have in common. */
export interface About {
  model: string;
  backend: "wasm" | "webgpu";
  labels: readonly string[];
}

/** A run's numbers: of so many texts, and so many targets of each. */
export interface Run {
  trace: Trace;
  data: Data;
  texts: number;
  targets: number;
}

/** The classes of the text at `index`. */
export function classScores(labels: readonly string[], { data, texts }: Run, index: number): ClassScore[] {
  const logits = part(data.logits, index, texts);
  finite(logits, "a logit");
  const peak = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - peak));
  const total = weights.reduce((a, b) => a + b, 0);
  return labels.map((label, c) => ({ index: c, label, logit: logits[c], probability: weights[c] / total }));
}

/** Explanations of the text at `index`: for each method, and for each of the run's targets one at each reading point. */
export function explanations(
  { text, tokens, warnings }: Encoded,
  { model, backend, labels }: About,
  run: Run,
  index: number,
  { methods, points, finer }: Question,
  grain?: Grain,
): Explanation[][] {
  const { trace, data, texts, targets } = run;
  const classes = classScores(labels, run, index);

  return methods.map(({ name, composite }, m) => {
    const walk = trace.walks[m];
    return [...Array(targets).keys()].flatMap((target) => {
      const mine = (output: string) => part(data[output], target * texts + index, targets * texts);
      const seed = mine("seed");
      const logit = seed.reduce((sum, weight, c) => sum + weight * classes[c].logit, 0);
      const contrast = classes[seed.indexOf(-1)];
      const read = (output: string) => {
        const there = mine(output); // of the last block's output only rows that are read; the others have no relevance
        const relevance = tokens.map((_, j) => there[j] ?? 0);
        const account = ledger(walk, output, logit, mine);
        finite(relevance, "a token's relevance");
        finite(Object.values(account), "a ledger entry");
        return { relevance, ledger: account };
      };
      return points.map((at) => {
        const { relevance, ledger } = read(walk.readings.get(at)!);
        const explanation: Explanation = {
          text,
          model,
          method: name,
          composite,
          at,
          backend,
          target: classes[seed.indexOf(Math.max(...seed))],
          ...(contrast && { contrast }),
          classes,
          tokens: tokens.map((token, j) => ({ ...token, relevance: relevance[j] })),
          ledger,
          ...(walk.layers.length && { layers: walk.layers.map(read) }),
          warnings: [...warnings, ...annihilated(at, composite)],
        };
        const forward = (output: string) => part(data[output], index, texts);
        const numbers = { outputs: trace.outputs, walk, composite, forward, mine, logit };
        return grain ? { ...explanation, ...grain.finer(explanation, numbers, finer!) } : explanation;
      });
    });
  });
}

function finite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RelpropError("NonFiniteResult", `${what} is ${values[i]}: this text overflows the model in f32`);
  }
}

/** A plain LayerNorm gradient right above the reading point leaves nothing of x · g but rounding. */
function annihilated(at: ReadingPoint, composite: Composite): string[] {
  const rule = composite.layer_norm ?? "gradient";
  if (at !== "embedding-sum" || rule !== "gradient") return [];
  return [
    "the gradient of the embeddings' LayerNorm annihilates relevance read at embedding-sum: these token numbers are " +
      "rounding noise and their order means nothing; read at embeddings, or use a method with the LayerNorm rule",
  ];
}
