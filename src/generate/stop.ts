// Where a text ends by strings that it must not have.

import { listed, type OneOrMore } from "../options/lists.ts";

export interface Stopped {
  /** Where the first of the stop strings begins, if there is one. */
  cut?: number;
  /** How much of the text is in none of them, whatever comes next. */
  safe: number;
}

/**
 * Looks for stop strings in a text that grows at its end, of which the first `length` units stay as they are. What was looked
 * through is not looked through again.
 */
export function stopAt(stop: OneOrMore<string> = []): (text: string, length: number) => Stopped {
  const strings = listed(stop);
  const longest = Math.max(1, ...strings.map((one) => one.length));
  let seen = 0;
  return (text, length) => {
    const own = text.slice(0, length);
    const from = Math.max(0, seen - longest + 1);
    seen = length;
    const found = strings.map((one) => own.indexOf(one, from)).filter((at) => at >= 0);
    if (found.length) return { cut: Math.min(...found), safe: Math.min(...found) };
    let safe = Math.max(0, length - longest + 1);
    while (safe < length && !strings.some((one) => one.startsWith(own.slice(safe)))) safe++;
    return { safe };
  };
}
