// Models without a vocabulary; their tokens are the given rows of numbers.

import { finiteNumbers } from "../checkpoint/dtypes.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { quote, RelpropError } from "../errors.ts";
import { input } from "../graph/tensor.ts";
import type { Encoded, Input, Matrix } from "../inputs/encoded.ts";
import { elements, unreadable } from "../inputs/given.ts";
import { namedTokens } from "../inputs/named_tokens.ts";
import { context } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { selectRow } from "../ops/select.ts";
import type { Config } from "./config.ts";
import { above, type Encoder } from "./encoder.ts";
import type { Architecture } from "./family.ts";
import { top } from "./heads.ts";
import { natural } from "./numbers.ts";

const MOST = 2 ** 14; // rows, where no table of positions says so

/**
 * What `encoder()` makes of texts, of rows `width` wide: `it.reads` says which of the last block's rows the head reads,
 * `it.width` how wide those are if not like the first; `data` are inputs of a head of its own.
 */
export function fromRows(
  config: Config,
  w: Weights,
  width: number,
  it: Omit<Encoder, "reads"> & { reads: Architecture["reads"] },
  head: Omit<ReturnType<typeof top>, "reads"> = top(config, w, it.heads, it.width ?? width, it.eps),
  data: (width: number) => Record<string, Float32Array> = () => ({}),
): Architecture {
  const { logits, ...task } = head;
  const { positions } = it.tables;
  const longest = positions ? w.shape(positions)![0] : natural(config, "max_position_embeddings", MOST);
  return {
    ...task,
    reads: it.reads,
    tables: { positions },
    kinds: 1,
    vocabulary: 0,
    width,
    positions: longest,
    numLoops: it.looped?.times,
    encode: (given) => encodeRows(given, width, longest),
    data(t, tables) {
      const positionEmbeddings = new Float32Array(positions ? t * width : 0);
      for (let j = 0; positions && j < t; j++) tables.positions!(j, positionEmbeddings, j * width);
      return { ...(positions && { positionEmbeddings }), ...data(width) };
    },
    network(embedded) {
      const { tokenEmbeddings, positionEmbeddings, rowSelection } = embedded;
      const below =
        embedded.embeddings ?? (positionEmbeddings ? add(tokenEmbeddings, positionEmbeddings) : tokenEmbeddings);
      return above({ ...it, placed: true }, embedded, below, {
        readings: [
          ["embeddings", below],
          ["words", tokenEmbeddings],
        ],
        read: (x) => (rowSelection ? context(rowSelection, x) : it.reads === "first" ? selectRow(x, 0) : x),
        logits,
      });
    },
  };
}

/** Rows as tokens, called by their names, of which their text is made. */
function encodeRows(given: Input, width: number, longest: number): Encoded {
  try {
    const { words, names } = read(given, width, longest);
    return { ...namedTokens(names), warnings: [], given: { tokenEmbeddings: words } };
  } catch (cause) {
    throw unreadable("the rows", cause);
  }
}

function read(given: Input, width: number, longest: number): { words: Float32Array; names: string[] } {
  const { rows, names: called } = (given ?? {}) as Matrix;
  if (!Array.isArray(rows)) {
    const message = `this model reads { rows } of ${width} numbers each, not ${quote(given)}`;
    throw new RelpropError("InvalidInput", message);
  }
  if (!rows.length) throw new RelpropError("EmptyInput", "there are no rows", { tokens: 0, max: longest });
  if (rows.length > longest) {
    const message = `there are ${rows.length} rows, this model takes ${longest}`;
    throw new RelpropError("InputTooLong", message, { tokens: rows.length, max: longest });
  }
  const names = Array.isArray(called) ? elements<string>(called) : undefined;
  if (called !== undefined && !names?.every((name) => typeof name === "string")) {
    throw new RelpropError("InvalidInput", `names are strings, one a row, not ${quote(called)}`);
  }
  if (names && names.length !== rows.length) {
    throw new RelpropError("InvalidInput", `there are ${names.length} names for ${rows.length} rows`);
  }
  const { length } = rows;
  const words = new Float32Array(length * width);
  for (let id = 0; id < length; id++) {
    const row = finiteNumbers(rows[id], width);
    if (!row) throw new RelpropError("InvalidInput", `row ${id} must be ${width} finite numbers`, { row: id });
    words.set(row, id * width);
  }
  return { words, names: names ?? Array.from({ length }, (_, id) => `row ${id + 1}`) };
}

/** Weights of the last number of a row, less it: what a row that asks is answered with (Ahn et al. 2023). */
export const lastSlot = (width: number): Record<string, Float32Array> => {
  const slot = new Float32Array(width);
  slot[width - 1] = -1;
  return { slot };
};

/** The input of that name. */
export const slot = (width: number) => input("slot", [1, width]);
