// While the next explanation is on its way, the colours of the last one stay on the words that have not changed.

import type { Explanation, TokenRelevance } from "../../src/explain/explanation.ts";

/** The last explanation's tokens where `text` still has them: before its first and after its last difference. */
export function carry(last: Pick<Explanation, "text" | "tokens">, text: string): TokenRelevance[] {
  const old = last.text;
  if (old === text) return last.tokens;
  const most = Math.min(old.length, text.length);
  let head = 0;
  while (head < most && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
  const shift = text.length - old.length;
  return last.tokens.flatMap((token) => {
    const { start, end } = token;
    if (start === null || end === null || end <= head) return [token];
    return start >= old.length - tail ? [{ ...token, start: start + shift, end: end + shift }] : [];
  });
}
