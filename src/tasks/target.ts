// Which logits explanations are of: a class, the top class where none is named, or a contrast of two.

import { quote, RelpropError } from "../errors.ts";
import { listed, type OneOrMore } from "../options/lists.ts";

type Class = string | number | undefined;

export interface TargetOptions {
  target?: OneOrMore<Class>;
  contrast?: OneOrMore<Class>;
}

/** For each pair of target and contrast a row for ops/seed.ts: a weight for every class and, last, one for the top class. */
export function targetWeights(labels: readonly string[], { target, contrast }: TargetOptions): Float32Array[] {
  const [targets, contrasts] = [listed(target), listed(contrast)];
  const [n, m] = [targets.length, contrasts.length];
  if (n !== m && n !== 1 && m !== 1) {
    const message = `${n} targets and ${m} contrasts cannot be paired: pass as many of both, or one of either`;
    throw new RelpropError("InvalidOption", message);
  }
  return Array.from({ length: n === 1 ? m : n }, (_, i) =>
    row(labels, targets[n === 1 ? 0 : i], contrasts[m === 1 ? 0 : i]),
  );
}

function row(labels: readonly string[], target: Class, contrast: Class): Float32Array {
  const weights = new Float32Array(labels.length + 1);
  const to = target === undefined ? labels.length : classIndex(labels, target);
  weights[to] = 1;
  if (contrast === undefined) return weights;
  const from = classIndex(labels, contrast);
  if (from === to) {
    throw new RelpropError(
      "InvalidOption",
      `target and contrast are both ${quote(labels[to])}; nothing is left to explain`,
    );
  }
  weights[from] = -1;
  return weights;
}

export function classIndex(labels: readonly string[], wanted: string | number): number {
  const names = labels.indexOf(String(wanted));
  if (typeof wanted === "string" && names >= 0) return names;
  const index = /^\d+$/.test(String(wanted)) ? Number(wanted) : -1;
  if (index >= 0 && index < labels.length) return index;
  const all = labels.map((label, i) => `${i} ${quote(label)}`).slice(0, 12);
  const more = labels.length > all.length ? `, … ${labels.length} in all` : "";
  throw new RelpropError(
    "InvalidOption",
    `there is no class ${quote(wanted)}; the classes are ${all.join(", ")}${more}`,
  );
}
