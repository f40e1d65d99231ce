// An explanation for a terminal. The only escapes are our own colours, every line ends plain, and without colour the
// signed bars say it all.

import type { Attribution } from "../attribution/attribution.ts";
import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import { segmented } from "../inputs/segments.ts";
import { checked } from "../options/kinds.ts";
import { rgb, strength, terminal, weak, xterm } from "./color.ts";
import { cells, slice, wrap } from "./layout.ts";
import { isMatrix } from "./matrix.ts";
import { matrixLines } from "./matrix_lines.ts";
import type { AnsiOptions } from "./options.ts";
import { ansiOptions } from "./options.ts";
import { type Cells, cellsOf } from "./overlay.ts";
import { characters } from "./spans.ts";
import { summarize } from "./summary.ts";
import { drawn, visible } from "./text.ts";

const bold = "1";
const faint = "2";

/**
 * The explanation, or what each part of an answer's matrix rests on most, as lines of text for a terminal: verdict, heatmap, strongest words, ledger. Colours are escape sequences (default
 * `"truecolor"`); lines are at most `width` (80) cells wide.
 * @throws InvalidInput if it is no explanation, InvalidOption for a wrong option.
 */
export function ansi(explanation: Explanation | Attribution | AnswerMatrix, options: AnsiOptions = {}): string {
  const how = checked("ansi()", ansiOptions, options);
  return drawn("ansi()", "an explanation", () =>
    isMatrix(explanation) ? paragraphs(matrixLines(explanation), columnsOf(how.width)) : lines(explanation, how),
  );
}

function lines(explanation: Explanation | Attribution, { color = "truecolor", width = 80, by }: AnsiOptions): string {
  const { title, score, classes, slices, scale, apart, entries, total, meta, number, parts, empty } = summarize(
    explanation,
    by,
  );
  const columns = columnsOf(width);
  const depth = color === "truecolor" || color === "256" ? color : undefined;
  const paint = (text: string, style: string) => (depth && style && text ? `\x1b[${style}m${text}\x1b[0m` : text);
  const sentence = (text: string, style = "") =>
    wrap([slice(visible(text))], columns).map(([run]) => paint(run?.text ?? "", style));

  const shown = (text: string, s: number) => paint(text, heat(s, depth));
  const heatmap = explanation.image
    ? grid(cellsOf(explanation), columns >> 1).map((row) => row.map((s) => shown(signs(s, depth), s)).join(""))
    : wrap(slices, columns).map((runs) =>
        runs.map(({ text, slice }) => shown(text, strength(slice.relevance, scale))).join(""),
      );
  const special = apart.map(({ text, relevance }) => `${text} ${number(relevance, "+")}`).join("  ");

  const strongest = [...parts].sort((a, b) => Math.abs(b.relevance) - Math.abs(a.relevance)).slice(0, 12);
  const most = Math.abs(strongest[0]?.relevance ?? 0);
  const rows = strongest.map(({ name, relevance }) => ({
    name: visible(name),
    amount: number(relevance, "+"),
    share: strength(relevance, most),
  }));
  const nameCells = Math.min(Math.max(0, ...rows.map(({ name }) => measure(name))), columns >> 2);
  const amountCells = Math.max(0, ...rows.map(({ amount }) => amount.length));
  const room = Math.min(24, (columns - nameCells - amountCells - 7) >> 1);
  const left = Math.ceil(room * Math.max(0, ...rows.map(({ share }) => -share)));
  const table = rows.map(({ name, amount, share }) => {
    const [before, after] = bar(share, left, room).map((blocks) => paint(blocks, heat(Math.sign(share), depth, 3)));
    return `  ${fit(name, nameCells)}  ${amount.padStart(amountCells)}  ${before}│${after}`;
  });

  const sums = entries.map(({ name, value }) => [name, number(value, "+")]);
  sums.push([total.name, number(total.value)]);
  const sumCells = Math.max(...sums.map(([, amount]) => amount!.length));
  const nameRoom = Math.min(Math.max(13, ...sums.map(([name]) => name!.length + 2)), columns - sumCells - 2);
  const ledger = sums.map(([name, amount]) => `  ${fit(name!, nameRoom - 2)}  ${amount!.padStart(sumCells)}`);
  ledger.splice(-1, 0, paint(`  ${"─".repeat(nameRoom + sumCells)}`, faint));

  const blocks = [
    [...sentence(`${title}: ${score}`, bold), ...classes.flatMap((text) => sentence(text))],
    empty ? sentence(empty, faint) : heatmap,
    special ? sentence(special, faint) : [],
    table,
    entries.length ? ledger : [],
    meta.flatMap(([name, value]) => sentence(`${name.padEnd(9)}${value}`, faint)),
    explanation.warnings.flatMap((text) => sentence(`warning: ${text}`, bold)),
  ];
  const paragraphs = blocks.map((lines) => lines.join("\n")).filter((paragraph) => paragraph);
  return `${paragraphs.join("\n\n")}\n`;
}

const columnsOf = (width = 80) => Math.min(Math.max(32, Math.floor(width) || 80), 9999);

/** Blocks of sentences, each on as many lines as it takes. */
function paragraphs(blocks: readonly string[][], columns: number): string {
  const wrapped = (text: string) => wrap([slice(text)], columns).map(([run]) => run?.text ?? "");
  const all = blocks.filter(({ length }) => length).map((sentences) => sentences.flatMap(wrapped).join("\n"));
  return `${all.join("\n\n")}\n`;
}

/** Strengths of an image's cells, so many of them together as it takes to fit. */
function grid({ cols, rows, values, scale }: Cells, most: number): number[][] {
  const by = Math.ceil(cols / most);
  return Array.from({ length: Math.ceil(rows / by) }, (_, y) =>
    Array.from({ length: Math.ceil(cols / by) }, (_, x) => {
      let sum = 0;
      for (let i = y * by; i < Math.min(rows, (y + 1) * by); i++) {
        for (let j = x * by; j < Math.min(cols, (x + 1) * by); j++) sum += values[i * cols + j];
      }
      return strength(sum, scale * by * by);
    }),
  );
}

/** A cell of an image, two columns wide: colour says it, or without colour signs do. */
function signs(s: number, depth: "truecolor" | "256" | undefined): string {
  if (Math.abs(s) < weak) return "· ";
  if (depth) return "  ";
  const sign = s < 0 ? "-" : "+";
  return Math.abs(s) < 0.5 ? `${sign} ` : sign + sign;
}

/** A background (4) for text, or a foreground (3) for bars. Weak text keeps the terminal's own colours, and what speaks
 * against the target is underlined too, for eyes and terminals that do not see the hue. */
function heat(strength: number, depth: "truecolor" | "256" | undefined, ground: 3 | 4 = 4): string {
  if (Math.abs(strength) < weak) return "";
  const shades = strength < 0 ? xterm.against : xterm.for;
  const shade =
    depth === "256" ? `5;${shades[Math.floor(Math.abs(strength) * 2.99)]}` : `2;${rgb(strength, terminal).join(";")}`;
  if (ground === 3) return `38;${shade}`;
  return `${strength < 0 ? "4;" : ""}${depth === "256" ? "38;5;16" : "38;2;0;0;0"};48;${shade}`;
}

/** A bar to the left of its axis or to the right of it, in half cells. */
function bar(strength: number, left: number, right: number): [before: string, after: string] {
  const halves = Math.round(2 * Math.abs(strength) * right);
  const full = "█".repeat(halves >> 1);
  return strength < 0
    ? [((halves & 1 ? "▐" : "") + full).padStart(left), ""]
    : [" ".repeat(left), full + (halves & 1 ? "▌" : "")];
}

/** Visible text in exactly so many cells. */
function fit(text: string, width: number): string {
  const whole = measure(text);
  if (whole <= width) return text + " ".repeat(width - whole);
  let kept = "";
  let used = 1;
  for (const { segment } of segmented(characters, text)) {
    const next = cells(segment);
    if (used + next > width) break;
    kept += segment;
    used += next;
  }
  return `${kept}…${" ".repeat(width - used)}`;
}

function measure(text: string): number {
  let width = 0;
  for (const { segment } of segmented(characters, text)) width += cells(segment);
  return width;
}
