/** Tokens that have names in place of pieces; their text is the names, a line each. */
import type { Encoded } from "./encoded.ts";
export function namedTokens(names: readonly string[]): Pick<Encoded, "text" | "tokens"> {
  let start = 0;
  const tokens = names.map((text, id) => {
    const token = { id, text, start, end: start + text.length, special: false };
    start = token.end + 1;
    return token;
  });
  return { text: names.join("\n"), tokens };
}
