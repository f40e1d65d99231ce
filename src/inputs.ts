// From a user's text to what a network is fed.

import type { Data } from "./backends/backend.ts";
import { quote, RelpropError } from "./errors.ts";
import type { Rows } from "./floats.ts";
import type { Token, Tokenizer } from "./tokenizer.ts";

/** A text as the model will read it. */
export interface Encoded {
  text: string;
  tokens: Token[];
  warnings: string[];
}

/** The rows of the embedding tables, widened as they are asked for. */
export type Tables = Record<"words" | "positions" | "types", Rows>;

/** A text's tokens, at most `most`; one that is longer is cut if `truncate`, else rejected. */
export function encode(tokenizer: Tokenizer, text: string, most: number, truncate = false): Encoded {
  const { tokens, warnings } = tokenizer.encode(text);
  const facts = { tokens: tokens.length, max: most };
  if (!tokens.length) throw new RelpropError("EmptyInput", `${quote(text)} has no tokens for this model`, facts);
  if (tokens.length <= most) return { text, tokens, warnings };
  const long = `the text has ${tokens.length} tokens`;
  if (!truncate) {
    throw new RelpropError("InputTooLong", `${long}, this model takes ${most}; shorten it or ask to truncate`, facts);
  }
  // The special token that closes a text stays.
  const kept = [...tokens.slice(0, most - 1), tokens[tokens.length - 1]];
  return { text, tokens: kept, warnings: [...warnings, `${long} and was cut to the ${most} that this model takes`] };
}

/** Word vectors, positions and lengths of a batch padded to `t` tokens; padding is zeros. */
export function inputs(batch: readonly Encoded[], t: number, tables: Tables, width: number): Data {
  const words = new Float32Array(batch.length * t * width);
  batch.forEach(({ tokens }, i) => {
    tokens.forEach(({ id }, j) => {
      tables.words(id, words, (i * t + j) * width);
    });
  });
  const type = new Float32Array(width);
  tables.types(0, type, 0);
  const places = new Float32Array(t * width);
  for (let j = 0; j < t; j++) tables.positions(j, places, j * width);
  for (let j = 0; j < places.length; j++) places[j] += type[j % width];
  return { words, places, lengths: Float32Array.from(batch, ({ tokens }) => tokens.length) };
}
