// What a file may make of a text. One that makes a text of every character, or tries every way through one, would never end.

import { RelpropError } from "../../errors.ts";

/** What is left for one text, whatever it is cut into. */
export interface Budget {
  /** UTF-16 units that it may be made into. */
  units: number;
  /** Steps: of regular expressions, and of looking for pieces and added tokens. */
  steps: number;
}

/** For each unit of a text, and for a text at least. Published tokenizers make three units of one, in some ten steps. */
const UNITS = 8;
const STEPS = 256;
const LEAST = { units: 2 ** 16, steps: 2 ** 17 };

export const budget = (length: number): Budget => ({
  units: LEAST.units + UNITS * length,
  steps: LEAST.steps + STEPS * length,
});

/** Throws `LimitExceeded` once there are no steps left; `what` takes them. */
export function spend(budget: Budget, steps: number, what: string): void {
  budget.steps -= steps;
  if (budget.steps >= 0) return;
  const message = `the tokenizer's ${what} takes more than ${STEPS} steps for each character`;
  throw new RelpropError("LimitExceeded", message, { field: what, steps: STEPS });
}

/** Throws `LimitExceeded` where a text would be made into more units than are left. */
export function bounded({ units: most }: Budget, units: number): void {
  if (units <= most) return;
  const message = `the tokenizer makes ${units} characters or more of the text, or of a part; of its length at most ${most} are left`;
  throw new RelpropError("LimitExceeded", message, { units, most });
}
