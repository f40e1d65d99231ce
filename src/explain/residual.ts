// Whether a ledger closes. What 32-bit floats round is some 1e-7 of what a ledger holds; a residual beyond MOST means that
// rounding was magnified: by a norm of rows that hardly vary, or where a ledger's entries are small compared with what cancelled.

import type { Ledger, PartsLedger } from "./explanation.ts";

const MOST = 2e-6;

/** Σ|x| */
export function magnitude(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum;
}

/** A ledger's residual as a share of Σ|relevance| and all other entries, with `relevance` what `tokens` or `parts` adds up. */
export function share(ledger: Ledger | PartsLedger, relevance: number): number {
  const { logit, residual, ...entries } = ledger;
  const { tokens, parts, ...others } = { tokens: 0, parts: 0, ...entries };
  const size = relevance + magnitude(Object.values(others));
  return residual ? Math.abs(residual) / size : 0;
}

/** The warning that ledgers `of` something do not close, by the one that misses most; none if all close. */
export function unclosed(of: string, shares: readonly number[]): string[] {
  const worst = shares.reduce((most, value) => Math.max(most, value), 0);
  if (!(worst > MOST)) return [];
  const amount = worst < 1e-3 ? worst.toExponential(1) : `${+(100 * worst).toPrecision(2)} %`;
  const where = shares.length > 1 ? ` (${shares.indexOf(worst)})` : "";
  return [
    `the ledger of ${of}${where} leaves a residual of ${amount} of Σ|relevance| + Σ|entries|: numbers nearly cancel in this ` +
      "model on this input, or a norm magnifies what 32-bit floats round, and relevance is no more exact than that",
  ];
}
