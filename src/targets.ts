// What can be explained beside logits: functions of them, through their gradient at the text's own logits.

import type { Engine } from "./engine.ts";
import { quote, RelpropError } from "./errors.ts";
import type { ClassScore, Explanation } from "./explanation.ts";
import type { Encoded, Input } from "./inputs.ts";
import type { Question } from "./question.ts";

/**
 * - `log-probability`: of the target, ln p; with a contrast, the difference of both
 * - `softmax-contrast`: the target's logit less the mean of the others', by their probabilities, which count as constants
 * - `{ distance: other }`: the squared distance of the logits from another text's, whatever the target
 */
export type Of = "logit" | "log-probability" | "softmax-contrast" | { distance: Input };

/** A function of logits at some of them: its value and its gradient. */
export interface At {
  value: number;
  gradient: number[];
}

/** Of `wanted`, a weight for every class, at logits with these probabilities. */
export function at(of: Of, logits: readonly number[], wanted: ArrayLike<number>, other?: readonly number[]): At {
  const peak = Math.max(...logits);
  const logSum = peak + Math.log(logits.reduce((sum, f) => sum + Math.exp(f - peak), 0));
  const p = logits.map((f) => Math.exp(f - logSum));
  const weights = Array.from(logits, (_, c) => wanted[c]);
  if (other) {
    const apart = logits.map((f, c) => f - other[c]);
    return { value: apart.reduce((sum, d) => sum + d * d, 0), gradient: apart.map((d) => 2 * d) };
  }
  if (of === "log-probability") {
    const total = weights.reduce((sum, w) => sum + w, 0);
    const value = weights.reduce((sum, w, c) => sum + w * (logits[c] - logSum), 0);
    return { value, gradient: weights.map((w, c) => w - total * p[c]) };
  }
  const rest = p.reduce((sum, q, c) => sum + (weights[c] ? 0 : q), 0);
  const gradient = weights.map((w, c) => w || -p[c] / rest);
  return { value: gradient.reduce((sum, g, c) => sum + g * logits[c], 0), gradient };
}

const KNOWN = ["log-probability", "softmax-contrast"];

/** Each text's explanations of a function of its logits. Throws `InvalidOption`. */
export async function explainOf(
  engine: Engine,
  encode: (input: Input) => Encoded,
  encoded: readonly Encoded[],
  asked: Question,
  of: Of,
  signal?: AbortSignal,
): Promise<Explanation[][]> {
  const distance = typeof of === "object" && of !== null ? of.distance : undefined;
  if (distance === undefined && !KNOWN.includes(of as string)) {
    throw new RelpropError("InvalidOption", `of is logit, ${KNOWN.join(", ")} or { distance: text }, not ${quote(of)}`);
  }
  if (of === "softmax-contrast" && asked.requests.some((row) => row.includes(-1))) {
    throw new RelpropError("InvalidOption", "softmax-contrast contrasts with all other classes; leave out `contrast`");
  }
  const logitsOf = (classes: ClassScore[]) => classes.map(({ logit }) => logit);
  const other =
    distance === undefined ? undefined : (await engine.predict([encode(distance)], signal)).map(logitsOf)[0];
  const name = distance === undefined ? (of as string) : "distance";

  const predicted = (await engine.predict(encoded, signal)).map(logitsOf);
  const results: Explanation[][] = [];
  for (const [i, one] of encoded.entries()) {
    const logits = predicted[i];
    const found = asked.requests.map((row) => at(of, logits, resolved(row, logits), other));
    const requests = found.map(({ gradient }) => Float32Array.from([...gradient, 0]));
    if (requests.some((row) => row.every((weight) => !weight))) {
      throw new RelpropError("InvalidOption", "nothing is left to explain: both texts have the same logits");
    }
    const [explanations] = await engine.explain([one], { ...asked, requests }, signal);
    // Methods slowest, then targets, then reading points.
    const target = (k: number) => Math.floor(k / asked.points.length) % requests.length;
    results.push(explanations.map((e, k) => ({ ...e, explained: { of: name, ...found[target(k)] } })));
  }
  return results;
}

/** A request's weights, the top class's too: of those that have no weight, as ops/seed.ts takes it. */
export function resolved(request: Float32Array, logits: readonly number[]): Float32Array {
  const weights = request.slice(0, -1);
  const free = [...weights.keys()].filter((c) => !weights[c]);
  const top = free.reduce((best, c) => (logits[c] > logits[best] ? c : best), free[0]);
  if (top !== undefined) weights[top] += request[request.length - 1];
  return weights;
}
