// Texts that are cut to what a model takes. Loaded where one is.

import type { Token } from "./tokenizers/token.ts";
import type { Tokenizer } from "./tokenizers/wordpiece.ts";

/** The first tokens of each text, or the last: of two the longer one is cut first. What the template adds stays. */
export function shortened(tokens: Token[], most: number, two: boolean, { template, truncation }: Tokenizer): Token[] {
  const [before, between, after = []] = two ? template.pair : template.single;
  const found = two ? tokens.findIndex(({ type }) => type) : -1;
  const second = found < 0 ? tokens.length : found;
  const n = second - before.length - between.length;
  const m = tokens.length - second - after.length;
  const room = Math.max(0, most - before.length - between.length - after.length);
  const short = Math.min(n, m);
  const [less, more] = 2 * short > room ? [room >> 1, room - (room >> 1)] : [short, room - short];
  const [a, b] = n > m ? [more, less] : [less, more];
  const start = before.length;
  const kept = (from: number, length: number, k: number) =>
    truncation === "left" ? tokens.slice(from + length - k, from + length) : tokens.slice(from, from + k);
  return [
    ...tokens.slice(0, start),
    ...kept(start, n, Math.min(a, n)),
    ...tokens.slice(start + n, second),
    ...kept(second, m, Math.min(b, m)),
    ...tokens.slice(second + m),
  ];
}
