// What a network is given for its texts, row by row: word vectors, the sum of a position's and a token type's, lengths.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Encoded } from "../src/inputs/encoded.ts";
import { inputs } from "../src/inputs/inputs.ts";

const WIDTH = 2;
const T = 6;
const PAD = 1;
const FIRST = 2; // as RoBERTa's: the row after padding's

/** Row `row` of a table is row · by and row · by + ¼. */
const table = (by: number) => (row: number, out: Float32Array, at: number) => out.set([row * by, row * by + 0.25], at);
const tables = { words: table(1), positions: table(100), types: table(10_000) };

const encoded = (ids: number[], typeIds: number[] = []) =>
  ({ tokens: ids.map((id, j) => ({ id, typeId: typeIds[j] ?? 0 })) }) as unknown as Encoded;

/** Tokens of padding's id have the row before the first and do not count; a text's end does. */
function position(ids: number[], j: number, uncounted?: number): number {
  if (ids[j] === uncounted && uncounted !== undefined) return FIRST - 1;
  return FIRST + j - ids.slice(0, j).filter((id) => id === uncounted).length;
}

for (const [what, batch, types, uncounted] of [
  ["plain texts share places", [[5, 6, 7], [8], [9, -1, 4, 3, 2, 6]], [], undefined],
  ["padding inside a text has no place", [[5, PAD, 6], [7], [PAD, PAD, 8, PAD, 4]], [], PAD],
  [
    "token types",
    [
      [5, 6, 7],
      [8, 9],
    ],
    [[0, 1, 1]],
    undefined,
  ],
] as [string, number[][], number[][], number | undefined][]) {
  test(what, () => {
    const architecture = { width: WIDTH, first: FIRST, uncounted, kinds: 2 };
    const texts = batch.map((ids, i) => encoded(ids, types[i]));
    const { tokenEmbeddings: words, positionEmbeddings: places, lengths } = inputs(texts, T, tables, architecture);
    assert.equal(
      [...lengths],
      batch.map((ids) => ids.length),
    );
    const own = places.length === batch.length * T * WIDTH;
    assert.is(own, types.length > 0 || uncounted !== undefined, "places of each text only where they differ");
    batch.forEach((ids, i) => {
      for (let j = 0; j < T; j++) {
        const id = ids[j] ?? -1;
        const at = (i * T + j) * WIDTH;
        assert.equal([...words.subarray(at, at + WIDTH)], id < 0 ? [0, 0] : [id, id + 0.25], `word ${j} of text ${i}`);
        const [row, type] = [position(ids, j, uncounted), types[i]?.[j] ?? 0];
        const from = own ? at : j * WIDTH;
        const wanted = [100 * row + 10_000 * type, 100 * row + 10_000 * type + 0.5];
        assert.equal([...places.subarray(from, from + WIDTH)], wanted, `place ${j} of text ${i}`);
      }
    });
  });
}

test.run();
