// An answer's matrix as a figure: a square for each cell, its number on hover.

import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import { hex, light, strength } from "./color.ts";
import { gridOf } from "./matrix.ts";
import { escaped, short } from "./text.ts";

const CELL = 18;
const MARGIN = 28;
const LETTER = 6.6; // of a label, at its size of 11
const MOST = 24; // letters of a label

function label(name: string): string {
  const characters = [...name];
  return characters.length <= MOST ? name : `${characters.slice(0, MOST - 1).join("")}…`;
}

export function matrixFigure(matrix: AnswerMatrix): string {
  const { columns, rows, scale, number } = gridOf(matrix);
  const room = (names: readonly string[]) =>
    LETTER * names.reduce((most, name) => Math.max(most, label(name).length), 0) + 8;
  const left = MARGIN + room(rows.map(({ name }) => name));
  const top = MARGIN + room(columns);
  const text = (name: string, x: number, y: number, more: string) =>
    `<text x="${short(x)}" y="${short(y)}" ${more}>${escaped(label(name)).replaceAll(" ", "\u00a0")}</text>`;
  const shapes = [
    ...columns.map((name, c) => {
      const [x, y] = [left + CELL * (c + 0.7), top - 6];
      return text(name, x, y, `transform="rotate(-90 ${short(x)} ${short(y)})"`);
    }),
    ...rows.map(({ name }, r) => text(name, left - 6, top + CELL * (r + 0.7), 'text-anchor="end"')),
    ...rows.flatMap(({ name, values }, r) =>
      values.map((value, c) => {
        const fill = hex(strength(value, scale), light);
        const title = escaped(`${name}, ${columns[c]} ${number(value, "+")}`);
        const [x, y] = [short(left + CELL * c), short(top + CELL * r)];
        return `<rect x="${x}" y="${y}" width="${CELL - 1}" height="${CELL - 1}" fill="${fill}"><title>${title}</title></rect>`;
      }),
    ),
  ];
  const width = short(left + CELL * columns.length + MARGIN);
  const height = short(top + CELL * rows.length + MARGIN);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`what the answer rests on: ${matrix.text}`)}" font-family="system-ui,Helvetica,Arial,sans-serif" font-size="11" fill="${light.ink}">
<rect width="${width}" height="${height}" fill="${hex(0, light)}"/>
${shapes.join("\n")}
</svg>
`;
}
