// Text made safe to show. Every string of an explanation may come from a stranger: characters that steer a terminal,
// reorder or hide text become visible marks, markup is escaped, and numbers are written here or not at all.

import { RelpropError } from "../errors.ts";

/** Controls, lone surrogates, bidi controls, line separators, invisible operators, BOM, noncharacters and tags. */
const unseen =
  /[\p{Cc}\p{Cs}\p{NChar}\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The text with a mark for every character that would act instead of being seen; a mark never splits a slice in two. */
export function visible(text: string, newline = "↵"): string {
  return text.replace(unseen, (c) => {
    const code = c.charCodeAt(0);
    if (c === "\n") return newline;
    if (c === "\t") return "⇥";
    // Control Pictures: ␀ … ␟, and ␡.
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : "\ufffd";
  });
}

/** Visible text as HTML or SVG, inside an element or a quoted attribute. */
export function escaped(text: string, newline?: string): string {
  return entities(visible(text, newline));
}

/** Characters of markup as entities. */
export function entities(text: string): string {
  return text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** What `draw` returns, or `InvalidInput` where it was given what it cannot read. */
export function drawn<T>(call: string, wanted: string, draw: () => T): T {
  try {
    return draw();
  } catch (cause) {
    if (cause instanceof RelpropError) throw cause;
    throw new RelpropError("InvalidInput", `${call} needs ${wanted}`, {}, cause);
  }
}

/** A plain number for a stylesheet or an attribute, as short as it can be. */
export function short(value: number): string {
  return String(+finite(value).toFixed(2));
}

/** A format for numbers in one table: four digits of the largest, the same decimals for all, a sign if asked. */
export function numbers(values: readonly number[]): (value: number, sign?: "+") => string {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(finite(value))), 0);
  const decimals = largest > 0 ? Math.max(0, 3 - Math.floor(Math.log10(largest))) : 3;
  return (value, sign) => {
    // Adding 0 takes the sign off −0.
    let text = (finite(value) + 0).toFixed(Math.min(decimals, 7));
    // What would be written as zero, or by a row of digits, goes by its power of ten.
    if (value !== 0 && (+text === 0 || Math.abs(value) >= 1e7)) text = value.toExponential(1);
    return (sign && value > 0 ? sign : "") + text.replaceAll("-", "−");
  };
}

/** A probability in percent that is certain only where it is. */
export function percent(probability: number): string {
  const text = (100 * finite(probability)).toFixed(1);
  if (text === "100.0" && probability < 1) return "> 99.9 %";
  if (text === "0.0" && probability > 0) return "< 0.1 %";
  return `${text} %`;
}

/** Rows of cells as a table: the first column to the left, the others to the right. */
export function aligned(rows: readonly string[][]): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const line = (row: string[]) =>
    row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** The number itself; throws `NonFiniteResult` at one that nothing can be drawn from. */
export function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RelpropError("NonFiniteResult", `an explanation can only be drawn from finite numbers, not ${value}`);
}
