// Other words in place of a text's own. Loaded where there are some.

import { quote, RelpropError } from "../errors.ts";
import type { Token } from "./tokenizers/token.ts";

/** The tokens with other ids, −1 for none. Throws `InvalidInput`. */
export function replaced(tokens: Token[], ids: readonly number[], vocabulary: number): Token[] {
  if (ids.length !== tokens.length) {
    throw new RelpropError("InvalidInput", `there are ${ids.length} ids for a text of ${tokens.length} tokens`);
  }
  const odd = ids.find((id) => !(Number.isInteger(id) && id >= -1 && id < vocabulary));
  if (odd !== undefined) {
    throw new RelpropError("InvalidInput", `ids are integers from −1 to ${vocabulary - 1}, not ${quote(odd)}`);
  }
  return tokens.map((token, j) => ({ ...token, id: ids[j] }));
}
