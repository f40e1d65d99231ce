// Numbers of a command line, which Number() would misread: "" is not 0, "0x10" is no place in a text.

import { quote } from "../errors.ts";
import { Usage } from "./usage.ts";

/** A whole number from `least`, if one is given. */
export function integer(name: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,9}$/.test(given) && Number(given) >= least) return Number(given);
  throw new Usage(`--${name} is a whole number from ${least}, not ${quote(given)}`);
}

/** A decimal number, if one is given. */
export function decimal(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given)) return Number(given);
  throw new Usage(`--${name} is a number from 0, not ${quote(given)}`);
}
