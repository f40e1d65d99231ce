// A matrix by parts of the text on both sides: sums, so each row's ledger still closes.

import type { AnswerGroups, AnswerMatrix, AnswerPart, AnswerSums } from "./answer_matrix.ts";
import type { Ledger } from "./explanation.ts";
import { grouped } from "./groups.ts";
import type { Groups } from "./options.ts";

/** Of a part that begins in the prompt and ends in the answer, rows have the answer's tokens and columns all. @internal */
export function answerGroups(matrix: AnswerMatrix, groups: Groups): AnswerGroups {
  const { text, messages, tokens, promptTokens, rows } = matrix;
  const whole = { text, messages, tokens: tokens.map((token) => ({ ...token, relevance: 0 })) };
  const columns = grouped(whole, groups)!.spans.map(({ relevance, ...part }): AnswerPart => part);
  const inAny = new Set(columns.flatMap((part) => part.tokens));

  const sums = (own: readonly number[]): AnswerSums => {
    const mine = own.map((t) => rows[t - promptTokens]);
    const over = (some: Iterable<number>) => [...some].reduce((sum, j) => sum + at(j), 0);
    const at = (j: number) => mine.reduce((sum, { relevance }) => sum + (relevance[j] ?? 0), 0);
    return {
      relevance: columns.map((part) => over(part.tokens)),
      rest: over([...tokens.keys()].filter((j) => !inAny.has(j))),
      ledger: total(mine.map(({ ledger }) => ledger)),
    };
  };

  const answer = tokens.map((_, j) => j).slice(promptTokens);
  const apart = answer.filter((t) => !inAny.has(t));
  return {
    columns,
    rows: columns.flatMap((part) => {
      const own = part.tokens.filter((t) => t >= promptTokens);
      return own.length ? [{ ...part, tokens: own, ...sums(own) }] : [];
    }),
    ...(apart.length && { rest: { tokens: apart, ...sums(apart) } }),
  };
}

/** The sum of ledgers, entry by entry. */
function total([first, ...others]: readonly Ledger[]): Ledger {
  const sum = { ...first };
  for (const ledger of others) {
    for (const entry of Object.keys(sum) as (keyof Ledger)[]) sum[entry] += ledger[entry];
  }
  return sum;
}
