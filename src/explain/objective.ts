// Objectives other than a logit: functions of the logits, explained through their gradient at the text's own logits.

import type { Engine } from "../engine/engine.ts";
import { RelpropError } from "../errors.ts";
import type { Encoded, Input } from "../inputs/encoded.ts";
import { logSumExp, partition } from "../logits.ts";
import type { Composite } from "../propagation/composites.ts";
import type { Explanation } from "./explanation.ts";
import { COMPARISONS, type ExplainOptions, type Objective } from "./options.ts";
import { relevance } from "./relevance.ts";
import type { ExplainRequest } from "./request.ts";

/** A function of logits at some of them: its value and its gradient. @internal */
export interface ObjectiveGradient {
  value: number;
  gradient: number[];
}

/** Of `wanted`, a weight for every class, at logits with these probabilities. @internal */
export function objectiveGradient(
  of: Objective,
  logits: readonly number[],
  wanted: ArrayLike<number>,
  other?: readonly number[],
  composite: Composite = {},
): ObjectiveGradient {
  const logSum = logSumExp(logits);
  const p = logits.map((f) => Math.exp(f - logSum));
  const weights = Array.from(logits, (_, c) => wanted[c]);
  if (other && "dot" in (of as object)) return { value: inner(logits, other), gradient: [...other] };
  if (other && "cosine" in (of as object)) {
    const norms = Math.sqrt(inner(logits, logits) * inner(other, other));
    if (!norms)
      throw new RelpropError("InvalidOption", "a vector of zeros has no cosine with another; explain a dot product");
    const value = inner(logits, other) / norms;
    // The length is a norm like others: constant by the identity rule.
    const along = composite.norm === "identity" ? 0 : value / inner(logits, logits);
    return { value, gradient: other.map((v, i) => v / norms - along * logits[i]) };
  }
  if (other) {
    const apart = logits.map((f, c) => f - other[c]);
    return { value: apart.reduce((sum, d) => sum + d * d, 0), gradient: apart.map((d) => 2 * d) };
  }
  if (of === "log-probability") {
    const total = weights.reduce((sum, w) => sum + w, 0);
    const value = weights.reduce((sum, w, c) => sum + w * (logits[c] - logSum), 0);
    return { value, gradient: weights.map((w, c) => w - total * p[c]) };
  }
  // A softmax of the others alone: with a confident target their probabilities underflow.
  const others = logits.filter((_, c) => !weights[c]);
  const { peak, total } = partition(others);
  const gradient = weights.map((w, c) => w || -Math.exp(logits[c] - peak) / total);
  return { value: gradient.reduce((sum, g, c) => sum + g * logits[c], 0), gradient };
}

const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** Each text's explanations of a function of its logits. Throws `InvalidOption`. @internal */
export async function explainObjective(
  engine: Engine,
  encoded: readonly Encoded[],
  request: ExplainRequest,
  options: ExplainOptions & { objective: Objective },
): Promise<Explanation[][]> {
  const { objective, interactions: joint, signal } = options;
  const between = COMPARISONS.find(
    (name) => typeof objective === "object" && objective !== null && Object.hasOwn(objective, name),
  );
  const compared = between && (objective as Record<string, Input>)[between];
  const { task, reads } = engine.architecture;
  if (compared !== undefined && reads === "tokens") {
    const message = `${between} compares logits of whole texts; this model's task is ${task.name}, with logits of single tokens`;
    throw new RelpropError("InvalidOption", message);
  }
  if (joint && (compared === undefined || between === "distance")) {
    throw new RelpropError(
      "InvalidOption",
      "interactions need two texts: objective: { dot: text } or { cosine: text }",
    );
  }
  checkContrasted(engine, objective, request.targetWeights);
  const [second] = compared === undefined ? [] : await engine.encode([compared], options);
  const other = second && Array.from((await engine.predict([second], signal))[0]);
  const name = between ?? (objective as string);

  const predicted = (await engine.predict(encoded, signal)).map((logits) => Array.from(logits));
  const results: Explanation[][] = [];
  for (const [i, one] of encoded.entries()) {
    const logits = predicted[i];
    const all: Explanation[] = [];
    for (const method of request.methods) {
      const found = request.targetWeights.map((row) =>
        objectiveGradient(objective, logits, resolvedWeights(row, logits), other, method.composite),
      );
      const targetWeights = found.map(({ gradient }) => Float32Array.from([...gradient, 0]));
      if (targetWeights.some((row) => row.every((weight) => !weight))) {
        throw new RelpropError("InvalidOption", `nothing is left to explain: ${constant(name, logits.length)}`);
      }
      const [explanations] = await relevance(engine, [one], { ...request, methods: [method], targetWeights }, signal);
      // Targets slowest, then reading points.
      const target = (k: number) => Math.floor(k / request.readingPoints.length);
      const result = explanations.map((e, k) => ({
        ...e,
        explained: { objective: name, ...found[target(k)], ...(second && { other: second.text }) },
      }));
      if (joint) {
        const { interactions, warningsOf } = await import("./similarity.ts");
        const norms = between === "dot" ? 1 : Math.sqrt(inner(logits, logits) * inner(other!, other!));
        const pairs = await interactions(engine, one, second!, norms, { ...request, methods: [method] }, signal);
        for (const [k, e] of result.entries()) {
          const found = pairs[k % pairs.length];
          all.push({ ...e, interactions: found, warnings: [...e.warnings, ...warningsOf(found)] });
        }
      } else all.push(...result);
    }
    results.push(all);
  }
  return results;
}

/** Throws `InvalidOption` where softmax-contrast has no other classes, or another contrast too. @internal */
export function checkContrasted({ info }: Engine, objective: Objective, weights: readonly Float32Array[]): void {
  if (objective !== "softmax-contrast") return;
  if (info.labels.length === 1) {
    throw new RelpropError(
      "InvalidOption",
      "softmax-contrast needs other classes, and this model has one; explain its logit",
    );
  }
  if (weights.some((row) => row.includes(-1))) {
    throw new RelpropError("InvalidOption", "softmax-contrast contrasts with all other classes; leave out `contrast`");
  }
}

/** Why a function of logits has no gradient. */
function constant(of: string, classes: number): string {
  if (of === "distance") return "both texts have the same logits";
  if (of === "dot" || of === "cosine") return `the ${of === "dot" ? "dot product" : of} does not change with this text`;
  if (classes === 1) return `with one class the ${of} is the same for every text; explain its logit`;
  return `the ${of} is 0 in all digits, and so is its gradient; explain the logit`;
}

/** A request's weights, the top class's too: of those that have no weight, as ops/seed.ts takes it. @internal */
export function resolvedWeights(request: Float32Array, logits: ArrayLike<number>): Float32Array {
  const weights = request.slice(0, -1);
  const free = [...weights.keys()].filter((c) => !weights[c]);
  const top = free.reduce((best, c) => (logits[c] > logits[best] ? c : best), free[0]);
  if (top !== undefined) weights[top] += request[request.length - 1];
  return weights;
}
