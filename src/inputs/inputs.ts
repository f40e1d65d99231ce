// From a user's text to what a network is fed.

import type { Data } from "../backends/backend.ts";
import { quote, RelpropError } from "../errors.ts";
import type { Encoded, Input, InputSpec, Tables, Text } from "./encoded.ts";
import { elements, unreadable } from "./given.ts";
import type { Token } from "./tokenizers/token.ts";
import type { Tokenizer } from "./tokenizers/wordpiece.ts";

/** An input's tokens, at most as many as the model has positions; what is longer is cut if `truncate`, else rejected. @internal */
export async function encode(
  tokenizer: Tokenizer,
  input: Input,
  { positions: most, vocabulary, kinds, tables }: Pick<InputSpec, "positions" | "vocabulary" | "kinds" | "tables">,
  truncate = false,
): Promise<Encoded> {
  const { text, pair, ids } = parts(input);
  const { tokens: found, warnings } = tokenizer.encode(text, pair);
  const own = found.map((token) =>
    token.id === tokenizer.unkId && token.start !== null ? { ...token, unknown: true as const } : token,
  );
  const both = pair === undefined ? text : `${text}\n${pair}`;
  const tokens = ids ? (await import("./replaced.ts")).replaced(own, ids, vocabulary) : own;
  const odd = tables.types && tokens.find(({ typeId = 0 }) => typeId >= kinds);
  if (odd) {
    const message = `the tokenizer assigns ${quote(odd.text)} the token type ${odd.typeId}, the model has ${kinds} types`;
    throw new RelpropError("ConfigMismatch", message, { type: odd.typeId, types: kinds });
  }
  const beyond = tokens.find(({ id }) => id >= vocabulary);
  if (beyond) {
    const message = `the tokenizer assigns ${quote(beyond.text)} the id ${beyond.id}, the model has ${vocabulary} word vectors`;
    throw new RelpropError("ConfigMismatch", message, { id: beyond.id, vocabulary });
  }
  const facts = { tokens: tokens.length, max: most };
  if (!tokens.length) throw new RelpropError("EmptyInput", `${quote(both)} has no tokens for this model`, facts);
  if (tokens.length <= most) return { text: both, tokens, warnings };
  const long = `the text has ${tokens.length} tokens`;
  if (!truncate) {
    throw new RelpropError("InputTooLong", `${long}, this model takes ${most}; shorten it or set \`truncate\``, facts);
  }
  const { shortened } = await import("./shortened.ts");
  const kept = shortened(tokens, most, pair !== undefined, tokenizer);
  if (kept.length > most) {
    const message = `this model takes ${most} tokens, and those that the tokenizer adds to a text are ${kept.length}`;
    throw new RelpropError("InputTooLong", message, facts);
  }
  return {
    text: both,
    tokens: kept,
    warnings: [...warnings, `${long} and was cut to the ${most} that this model takes`],
  };
}

function parts(input: Input): Exclude<Text, string> {
  if (typeof input === "string") return { text: input };
  try {
    const { text, pair, ids } = (input ?? {}) as Exclude<Text, string>;
    const fits = typeof text === "string" && (pair === undefined || typeof pair === "string");
    if (fits && ids === undefined) return { text, pair };
    const copy = Array.isArray(ids) ? elements<number>(ids) : undefined;
    if (fits && copy) return { text, pair, ids: copy };
  } catch (cause) {
    throw unreadable("the text", cause);
  }
  const isImage = ArrayBuffer.isView(input) || ["data", "width", "height"].every((name) => name in Object(input));
  const what = isImage ? "an image; this model reads texts" : quote(input);
  throw new RelpropError("InvalidInput", `a text is a string or { text, pair, ids }, not ${what}`);
}

/** Whether position embeddings differ from text to text. @internal */
export const paired = (
  batch: readonly Encoded[],
  { kinds, uncounted }: Pick<InputSpec, "kinds" | "uncounted">,
): boolean =>
  batch.some(({ tokens }) =>
    tokens.some(({ id, typeId }) => (kinds > 1 && typeId) || (uncounted !== undefined && id === uncounted)),
  );

/** The row of positions of each of `t` tokens. Those that do not count have the row before the first. */
function rowsOf(
  { tokens, follows = 0 }: Encoded,
  t: number,
  { first = 0, uncounted }: Pick<InputSpec, "first" | "uncounted">,
): number[] {
  let next = first + follows;
  return Array.from({ length: t }, (_, j) =>
    uncounted !== undefined && tokens[j]?.id === uncounted ? first - 1 : next++,
  );
}

/**
 * Token embeddings, position embeddings and lengths of a batch padded to `t` tokens; padding is zeros, as is a token of id −1. Position embeddings are
 * those of one text, for all, or of each where they differ; the first token has row `first` of the positions.
 *
 * @internal
 */
export function inputs(
  batch: readonly Encoded[],
  t: number,
  tables: Tables,
  architecture: Pick<InputSpec, "width" | "first" | "uncounted" | "kinds">,
): Data {
  const { width } = architecture;
  const pairs = paired(batch, architecture);
  const lengths = Float32Array.from(batch, ({ tokens, follows = 0 }) => follows + tokens.length);
  if (batch[0].given) return { lengths, ...padded(batch, t, batch[0].given) };
  const words = new Float32Array(batch.length * t * width);
  batch.forEach(({ tokens }, i) => {
    tokens.forEach(({ id }, j) => {
      if (id >= 0) tables.words!(id, words, (i * t + j) * width);
    });
  });
  const types = new Map<number, Float32Array>();
  const typed = (type: number) => {
    const known = types.get(type);
    if (known) return known;
    const row = new Float32Array(width);
    tables.types?.(type, row, 0);
    types.set(type, row);
    return row;
  };
  const each = pairs ? batch : batch.slice(0, 1);
  const positionEmbeddings = new Float32Array(each.length * t * width);
  each.forEach((one, i) => {
    const rows = rowsOf(one, t, architecture);
    for (let j = 0; j < t; j++) {
      const at = (i * t + j) * width;
      tables.positions?.(rows[j], positionEmbeddings, at);
      typed((pairs && one.tokens[j]?.typeId) || 0).forEach((v, k) => {
        positionEmbeddings[at + k] += v;
      });
    }
  });
  return { tokenEmbeddings: words, positionEmbeddings, lengths };
}

/** What each text gives under these names, padded to `t` tokens. */
function padded(batch: readonly Encoded[], t: number, names: Readonly<Data>): Data {
  const data: Data = {};
  for (const name of Object.keys(names)) {
    const each = (names[name].length / batch[0].tokens.length) * t;
    data[name] = new Float32Array(batch.length * each);
    batch.forEach(({ given }, i) => {
      data[name].set(given![name], i * each);
    });
  }
  return data;
}

/** The last token that is no padding; the first one where all are. */
const last = (tokens: readonly Token[], pad: number | undefined): number =>
  Math.max(0, tokens.map(({ id }) => id !== pad).lastIndexOf(true));

/** Which rows a head reads, `rows` of each text, as weights of all rows [batch, 1, rows, t]. @internal */
export function rowSelection(
  batch: readonly Encoded[],
  t: number,
  rows: number,
  { reads: how, pad }: Pick<InputSpec, "reads" | "pad">,
): Float32Array {
  const weights = new Float32Array(batch.length * rows * t);
  batch.forEach(({ tokens, reads = [last(tokens, pad)] }, i) => {
    const n = tokens.length;
    const from = i * rows * t;
    if (how === "mean") weights.fill(1 / n, from, from + n);
    else for (const [k, token] of reads.entries()) weights[from + k * t + token] = 1;
  });
  return weights;
}
