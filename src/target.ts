// Which logit an explanation is of: a class, the top class when none is named, or a contrast of two.

import { quote, RelpropError } from "./errors.ts";

export interface TargetOptions {
  /** A class by its label or index; by default the top class. A label beats an index where a class is called "1". */
  target?: string | number;
  /** A class to compare with: the explained number is the target's logit less this one's. */
  contrast?: string | number;
}

/** A row for ops/seed.ts: a weight for every class and, last, one for the top class. */
export function request(labels: readonly string[], { target, contrast }: TargetOptions): Float32Array {
  const row = new Float32Array(labels.length + 1);
  const to = target === undefined ? labels.length : classIndex(labels, target);
  row[to] = 1;
  if (contrast === undefined) return row;
  const from = classIndex(labels, contrast);
  if (from === to) {
    throw new RelpropError(
      "InvalidOption",
      `target and contrast are both ${quote(labels[to])}; nothing is left to explain`,
    );
  }
  row[from] = -1;
  return row;
}

export function classIndex(labels: readonly string[], wanted: string | number): number {
  const named = labels.indexOf(String(wanted));
  if (typeof wanted === "string" && named >= 0) return named;
  const index = /^\d+$/.test(String(wanted)) ? Number(wanted) : -1;
  if (index >= 0 && index < labels.length) return index;
  const all = labels.map((label, i) => `${i} ${quote(label)}`).slice(0, 12);
  const more = labels.length > all.length ? `, … ${labels.length} in all` : "";
  throw new RelpropError(
    "InvalidOption",
    `there is no class ${quote(wanted)}; the classes are ${all.join(", ")}${more}`,
  );
}
