// From a run's numbers to what a user gets.

import type { Data } from "./backends/backend.ts";
import type { Composite } from "./composites.ts";
import { RelpropError } from "./errors.ts";
import type { ClassScore, Explanation, ReadingPoint } from "./explanation.ts";
import type { Encoded } from "./inputs.ts";
import { ledger, part, type Trace } from "./trace.ts";

/** What all results of a model have in common. */
export interface About {
  model: string;
  backend: "wasm" | "webgpu";
  labels: readonly string[];
}

/** One text's place in a batch that ran. */
export interface Run {
  trace: Trace;
  data: Data;
  batch: number;
  index: number;
}

export function classScores(labels: readonly string[], { data, index, batch }: Run): ClassScore[] {
  const logits = part(data.logits, index, batch);
  finite(logits, "a logit");
  const peak = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - peak));
  const total = weights.reduce((a, b) => a + b, 0);
  return labels.map((label, c) => ({ index: c, label, logit: logits[c], probability: weights[c] / total }));
}

export function explanation(
  { text, tokens, warnings }: Encoded,
  { model, backend, labels }: About,
  run: Run,
  rules: { name: string; composite: Composite },
  at: ReadingPoint,
): Explanation {
  const { trace, data, batch, index } = run;
  const classes = classScores(labels, run);
  const reading = (name: string) => {
    const relevance = part(data[name], index, batch).subarray(0, tokens.length);
    const account = ledger(trace, data, name, index, batch);
    finite(relevance, "a token's relevance");
    finite(Object.values(account), "a ledger entry");
    return { relevance: Array.from(relevance), ledger: account };
  };
  const { relevance, ledger: account } = reading(at);

  const seed = part(data.seed, index, batch);
  const contrast = classes[seed.indexOf(-1)];
  return {
    text,
    model,
    method: rules.name,
    composite: rules.composite,
    at,
    backend,
    target: classes[seed.indexOf(1)],
    ...(contrast && { contrast }),
    classes,
    tokens: tokens.map((token, j) => ({ ...token, relevance: relevance[j] })),
    ledger: account,
    ...(trace.layers.length && { layers: trace.layers.map(reading) }),
    warnings: [...warnings, ...annihilated(at, rules.composite)],
  };
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
