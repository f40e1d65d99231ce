// An answer's matrix for a terminal: a line for each part of the answer, with what it rests on most.

import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import { gridOf, strongest } from "./matrix.ts";
import { visible } from "./text.ts";

const MOST = 5; // columns of a row

/** Paragraphs: each row as one, then the method, then warnings. */
export function matrixLines(matrix: AnswerMatrix): string[][] {
  const { columns, rows, meta, number } = gridOf(matrix);
  return [
    ["What the answer rests on"],
    rows.map((row) => {
      const parts = strongest(row, columns, MOST).map(({ name, value }) => `${visible(name)} ${number(value, "+")}`);
      return `${visible(row.name)} (${number(row.logit)}): ${parts.join(", ")}`;
    }),
    meta.map(([name, value]) => `${name.padEnd(9)}${visible(value)}`),
    matrix.warnings.map((warning) => `warning: ${visible(warning)}`),
  ];
}
