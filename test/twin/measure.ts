// What the twin's tests measure with: bounded errors that are printed at the end, random arrays and derivatives.

import * as assert from "uvu/assert";
import type { Numbers } from "./numbers.ts";
import { gaussian } from "./random.ts";

export const SEEDS = [1, 2, 3];

const worst = new Map<string, { error: number; bound: number }>();

/** Fails unless error ≤ bound, and remembers the worst error under each heading. */
export function within(what: string, error: number, bound: number): void {
  const before = worst.get(what)?.error ?? 0;
  worst.set(what, { error: Math.max(before, error), bound });
  assert.ok(error <= bound, `${what}: ${error} > ${bound}`);
}

export function report(): void {
  console.log(`  seeds ${SEEDS.join(", ")}; worst errors and their bounds:`);
  for (const [what, { error, bound }] of worst) {
    console.log(`  ${error.toExponential(1)} ≤ ${bound.toExponential(0)}  ${what}`);
  }
}

export function randoms(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, gaussian(seed));
}

/** f′ along each input, by the five-point central difference: its error is h⁴ f⁽⁵⁾/30. */
export function derivative(f: (x: Float64Array) => number, x: Numbers, h = 1e-3): Float64Array {
  const at = (i: number, step: number) => {
    const moved = Float64Array.from(x);
    moved[i] += step;
    return f(moved);
  };
  return Float64Array.from(x, (_, i) => (8 * (at(i, h) - at(i, -h)) - (at(i, 2 * h) - at(i, -2 * h))) / (12 * h));
}
