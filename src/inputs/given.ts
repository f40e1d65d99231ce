// What a caller gives may be a proxy, have getters, or an iterator without an end.

import { RelpropError } from "../errors.ts";

/** What reading `what` threw, as an error with a code. */
export function unreadable(what: string, thrown: unknown): RelpropError {
  if (thrown instanceof RelpropError) return thrown;
  return new RelpropError("InvalidInput", `${what} cannot be read: a getter or a proxy throws`, {}, thrown);
}

/**
 * What a caller's list holds, each read once and by its place: an iterator may have no end, and a proxy another answer the
 * second time. Undefined where one is missing.
 */
export function elements<T>(list: readonly T[]): T[] | undefined {
  const found: T[] = [];
  for (let i = 0; i < list.length; i++) {
    const one = list[i];
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}
