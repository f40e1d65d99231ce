// An explanation as one figure: the text on lines of monospace cells, each slice fitted to its cells so that every
// program that draws it agrees, on its own light ground.

import type { Attribution } from "../attribution/attribution.ts";
import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import { checked } from "../options/kinds.ts";
import { asRead, direction } from "./bidi.ts";
import { hex, light, strength, weak } from "./color.ts";
import { type Run, slice, wrap } from "./layout.ts";
import { isMatrix } from "./matrix.ts";
import { matrixFigure } from "./matrix_figure.ts";
import { type FigureOptions, figureOptions } from "./options.ts";
import { figure } from "./overlay.ts";
import { summarize } from "./summary.ts";
import { drawn, escaped, short } from "./text.ts";

const cell = 9.6;
const margin = 28;
const faint = "#666666";
const mono = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace";

/**
 * The explanation, or an answer's matrix, as a self-contained SVG figure: the text as a heatmap, the scale, the method.
 * @throws InvalidInput if it is no explanation, InvalidOption for a wrong option.
 */
export function svg(explanation: Explanation | Attribution | AnswerMatrix, options: FigureOptions = {}): string {
  const how = checked("svg()", figureOptions, options);
  return drawn("svg()", "an explanation", () =>
    isMatrix(explanation) ? matrixFigure(explanation) : drawing(explanation, how),
  );
}

function drawing(explanation: Explanation | Attribution, options: FigureOptions): string {
  const { title, score, classes, slices, scale, apart, meta, number, empty } = summarize(explanation, options.by);
  const lines = wrap(slices, 72);
  const columns = lines.reduce((most, line) => Math.max(most, widthOf(line)), 48);
  const shapes: string[] = [];
  let y = margin - 8;

  const put = (text: string, x: number, size: number, attributes: string) =>
    shapes.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" ${attributes}>${letters(text)}</text>`);
  const write = (text: string, size = 13, attributes = `fill="${faint}"`) => {
    // Letters of a proportional font are narrower than this on average.
    for (const [run] of wrap([slice(text.replaceAll("\n", "↵"))], Math.floor((cell * columns) / (0.62 * size)))) {
      y += 1.5 * size;
      put(run?.text ?? "", margin, size, attributes);
    }
  };

  write(title, 20, `fill="${light.ink}" font-weight="600"`);
  for (const text of [score, ...classes]) write(text);

  if (explanation.image) {
    const { shapes: seen, height } = figure(explanation, options);
    shapes.push(`<g transform="translate(${margin} ${short(y + 24)})">${seen}</g>`);
    y += 24 + height;
  }
  y += 12;
  if (empty) write(empty);
  const paragraph = direction(explanation.text.match(/\p{L}/u)?.[0] ?? "") ?? "ltr";
  // Anchored in the middle, where both directions agree.
  shapes.push(`<g font-size="16" font-family="${mono}" fill="${light.ink}" text-anchor="middle">`);
  for (const line of lines) {
    y += 28;
    let x = margin + (paragraph === "rtl" ? cell * (columns - widthOf(line)) : 0);
    for (const run of asRead(line, paragraph)) {
      shapes.push(draw(run, x, y, strength(run.slice.relevance, scale), (value) => number(value, "+")));
      x += cell * run.width;
    }
  }
  shapes.push("</g>");

  y += 30;
  for (let i = -20; i <= 20; i++) {
    const fill = hex(i / 20, light);
    shapes.push(`<rect x="${margin + 6 * (i + 20)}" y="${short(y)}" width="6.5" height="8" fill="${fill}"/>`);
  }
  y += 24;
  put(`${number(-scale)} against`, margin, 12, `fill="${faint}"`);
  put(`for ${number(scale, "+")}`, margin + 246.5, 12, `fill="${faint}" text-anchor="end"`);

  y += 10;
  if (apart.length) write(apart.map(({ text, relevance }) => `${text} ${number(relevance, "+")}`).join("  "));
  write(meta.map((pair) => pair.join("\u00a0")).join(", "));
  for (const text of explanation.warnings) write(`warning: ${text}`, 13, `fill="${light.ink}"`);

  const width = short(cell * columns + 2 * margin);
  const height = short(y + margin);
  const label = escaped(`${title}: ${score}. ${slices.map(({ text }) => text).join("")}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" font-family="system-ui,Helvetica,Arial,sans-serif">
<rect width="${width}" height="${height}" fill="${hex(0, light)}"/>
${shapes.join("\n")}
</svg>
`;
}

/** One run of a line: its colour, its number on hover, its text in exactly its cells. */
function draw({ text, width, slice }: Run, x: number, y: number, s: number, number: (value: number) => string): string {
  const length = short(cell * width);
  const rect = (top: number, attributes: string) =>
    `<rect x="${short(x)}" y="${short(y + top)}" width="${length}" ${attributes}/>`;
  const glyphs = `<text x="${short(x + (cell * width) / 2)}" y="${short(y)}" direction="${direction(text) ?? "ltr"}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${letters(text)}</text>`;
  if (!slice.tokens.length) return glyphs;
  const ground = rect(-17, `height="24" rx="3" fill="${hex(s, light)}"`);
  const line = s < -weak ? rect(4, `height="1" fill="${light.ink}"`) : "";
  return `<g><title>${escaped(number(slice.relevance))}</title>${ground}${glyphs}${line}</g>`;
}

/** Text with spaces that no program drops or folds. */
function letters(text: string): string {
  return escaped(text).replaceAll(" ", "\u00a0");
}

function widthOf(line: readonly Run[]): number {
  return line.reduce((sum, run) => sum + run.width, 0);
}
