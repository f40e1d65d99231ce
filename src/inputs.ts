// From a user's text to what a network is fed.

import type { Data } from "./backends/backend.ts";
import { quote, RelpropError } from "./errors.ts";
import type { Rows } from "./floats.ts";
import type { Token, Tokenizer } from "./tokenizer.ts";

/**
 * A text; or a text with other words in place of its own: as many ids as it has tokens, special ones included, −1 for
 * none at all (a word vector of zeros).
 */
export type Input = string | { text: string; ids?: readonly number[] };

/** A text as the model will read it. */
export interface Encoded {
  text: string;
  tokens: Token[];
  warnings: string[];
}

/** The rows of the embedding tables, widened as they are asked for. */
export type Tables = Record<"words" | "positions" | "types", Rows>;

/** An input's tokens, at most as many as the model has positions; what is longer is cut if `truncate`, else rejected. */
export function encode(
  tokenizer: Tokenizer,
  input: Input,
  { positions: most, vocabulary }: { positions: number; vocabulary: number },
  truncate = false,
): Encoded {
  const { text, ids } = parts(input);
  const { tokens: own, warnings } = tokenizer.encode(text);
  const tokens = ids ? replaced(own, ids, vocabulary) : own;
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

function parts(input: Input): { text: string; ids?: readonly number[] } {
  if (typeof input === "string") return { text: input };
  if (typeof input?.text === "string" && (input.ids === undefined || Array.isArray(input.ids))) return input;
  throw new RelpropError("InvalidInput", `a text is a string or { text, ids }, not ${quote(input)}`);
}

function replaced(tokens: Token[], ids: readonly number[], vocabulary: number): Token[] {
  if (ids.length !== tokens.length) {
    throw new RelpropError("InvalidInput", `there are ${ids.length} ids for a text of ${tokens.length} tokens`);
  }
  const odd = ids.find((id) => !(Number.isInteger(id) && id >= -1 && id < vocabulary));
  if (odd !== undefined) {
    throw new RelpropError("InvalidInput", `ids are integers from −1 to ${vocabulary - 1}, not ${quote(odd)}`);
  }
  return tokens.map((token, j) => ({ ...token, id: ids[j] }));
}

/** Word vectors, positions and lengths of a batch padded to `t` tokens; padding is zeros, as is a token of id −1. */
export function inputs(batch: readonly Encoded[], t: number, tables: Tables, width: number): Data {
  const words = new Float32Array(batch.length * t * width);
  batch.forEach(({ tokens }, i) => {
    tokens.forEach(({ id }, j) => {
      if (id >= 0) tables.words(id, words, (i * t + j) * width);
    });
  });
  const type = new Float32Array(width);
  tables.types(0, type, 0);
  const places = new Float32Array(t * width);
  for (let j = 0; j < t; j++) tables.positions(j, places, j * width);
  for (let j = 0; j < places.length; j++) places[j] += type[j % width];
  return { words, places, lengths: Float32Array.from(batch, ({ tokens }) => tokens.length) };
}
