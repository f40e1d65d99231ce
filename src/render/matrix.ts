// An answer's matrix as renderers show it: by the parts of `groups` on both sides where it has them, else token by token.

import type { AnswerMatrix, AnswerSums } from "../explain/answer_matrix.ts";
import { metaOf, type Summary, tokenName } from "./summary.ts";
import { numbers } from "./text.ts";

/** Rows by columns. The strings are raw, as those of a summary. */
export interface Grid {
  columns: string[];
  rows: GridRow[];
  /** Max |relevance|: full colour. */
  scale: number;
  meta: Summary["meta"];
  number(value: number, sign?: "+"): string;
}

/** A part of the answer. Cells from `values.length` on are of tokens that it cannot rest on. */
export interface GridRow {
  name: string;
  /** What is explained: a logit, a difference, or a sum of them. */
  logit: number;
  values: number[];
}

export const isMatrix = (given: object): given is AnswerMatrix => "rows" in given && "promptTokens" in given;

export function gridOf(matrix: AnswerMatrix): Grid {
  const { text, tokens, rows, groups } = matrix;
  const named = (part: { text: string; role?: string }) => (part.role ? `${part.role}: ${part.text}` : part.text);
  const summed = (name: string, { relevance, rest, ledger }: AnswerSums): GridRow => ({
    name,
    logit: ledger.logit,
    values: [...relevance, rest],
  });
  const found = groups
    ? {
        columns: [...groups.columns.map(named), OTHERS],
        rows: [
          ...groups.rows.map((part) => summed(named(part), part)),
          ...(groups.rest ? [summed(OTHERS, groups.rest)] : []),
        ],
      }
    : {
        columns: tokens.slice(0, -1).map((token) => tokenName(text, token)),
        rows: rows.map(({ token, ledger, relevance }) => ({
          name: tokenName(text, tokens[token]),
          logit: ledger.logit,
          values: relevance,
        })),
      };
  const all = found.rows.flatMap(({ values }) => values);
  return {
    ...found,
    scale: all.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    meta: metaOf(matrix),
    number: numbers([...all, ...found.rows.map(({ logit }) => logit)]),
  };
}

const OTHERS = "all others";

/** The columns that a row rests on most, the first first: at most so many. */
export function strongest({ values }: GridRow, columns: readonly string[], most: number) {
  const found = values.map((value, c) => ({ name: columns[c], value }));
  return found
    .filter(({ value }) => value)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, most);
}
