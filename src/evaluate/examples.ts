// Labelled texts out of TSV, CSV or JSON lines.

import { quote, RelpropError } from "../errors.ts";

/** A text to evaluate explanations on, and its class if that is known. */
export interface Example {
  /** The text. */
  text: string;
  /** A class by its label or index. */
  label?: string | number;
}

/** The names of a table's columns; of JSON lines, of their fields. */
export interface Columns {
  /** That of the texts; default: "sentence" or "text". */
  text?: string;
  /** That of the classes; default: "label", if there is one. */
  label?: string;
}

/** The format of a file of examples. */
export type ExampleFormat = "tsv" | "csv" | "jsonl";

/**
 * Reads a file's content; TSV has no quotes (as GLUE writes it), CSV has (RFC 4180). Both begin with a header.
 * @throws InvalidInput, which names the line; InvalidOption for another format.
 */
export function readExamples(content: string, format: ExampleFormat, columns: Columns = {}): Example[] {
  if (typeof content !== "string") throw new RelpropError("InvalidInput", `examples are a text, not ${quote(content)}`);
  if (!formats.includes(format)) throw unknownFormat(format);
  const text = content.replace(/^\ufeff/, "");
  const examples =
    format === "jsonl" ? objects(text, columns) : table(format === "tsv" ? tabs(text) : commas(text), columns);
  if (!examples.length) throw new RelpropError("InvalidInput", "the data holds no examples");
  return examples;
}

/** What a file's name says of its format. */
export function formatOf(name: string): ExampleFormat {
  const ending = /\.([a-z]+)$/i.exec(name)?.[1].toLowerCase() ?? "";
  if (formats.includes(ending as ExampleFormat)) return ending as ExampleFormat;
  throw unknownFormat(name);
}

const formats: readonly ExampleFormat[] = ["tsv", "csv", "jsonl"];

const unknownFormat = (name: unknown) =>
  new RelpropError("InvalidOption", `data are a .tsv, .csv or .jsonl, not ${quote(name)}`);

type Numbered<T> = { line: number; value: T };

const bad = (line: number, message: string) => new RelpropError("InvalidInput", `line ${line}: ${message}`, { line });

function objects(content: string, columns: Columns): Example[] {
  const lines = content.split("\n").map((value, i) => ({ line: i + 1, value }));
  return lines
    .filter(({ value }) => value.trim())
    .map(({ line, value }) => {
      let object: unknown;
      try {
        object = JSON.parse(value);
      } catch {
        throw bad(line, `${quote(value)} is not JSON`);
      }
      const own = (name: string) => (Object.hasOwn(Object(object), name) ? Object(object)[name] : undefined);
      const sentence = columns.text === undefined ? (own("sentence") ?? own("text")) : own(columns.text);
      const label = own(columns.label ?? "label");
      if (typeof sentence !== "string") throw bad(line, `an example is {"text": …, "label"?}, not ${quote(value)}`);
      if (label === undefined || label === null) return { text: sentence };
      if (typeof label === "string" || typeof label === "number") return { text: sentence, label };
      throw bad(line, `a label is a class by name or index, not ${quote(label)}`);
    });
}

function table([header, ...rows]: Numbered<string[]>[], columns: Columns): Example[] {
  const names = header?.value.map((name) => name.trim().toLowerCase()) ?? [];
  const at = (...wanted: string[]) => names.findIndex((name) => wanted.includes(name));
  const own = (name: string | undefined) => name?.trim().toLowerCase();
  const text = columns.text === undefined ? at("sentence", "text") : at(own(columns.text)!);
  const label = at(own(columns.label) ?? "label");
  const missing =
    text < 0 ? quote(columns.text ?? "sentence") : columns.label !== undefined && label < 0 && quote(columns.label);
  if (missing) {
    const other = columns.text === undefined && text < 0 ? ' or "text"' : "";
    const message = `the first line names the columns, one of them ${missing}${other}; it is ${quote(names.join(", "))}`;
    throw new RelpropError("InvalidInput", message);
  }
  return rows.map(({ line, value }) => {
    if (value.length !== names.length) {
      throw bad(line, `there are ${value.length} columns, the header names ${names.length}`);
    }
    return label < 0 ? { text: value[text] } : { text: value[text], label: value[label].trim() };
  });
}

const tabs = (content: string): Numbered<string[]>[] =>
  content
    .split(/\r?\n/)
    .map((value, i) => ({ line: i + 1, value: value.split("\t") }))
    .filter(({ value }) => value.length > 1 || value[0].trim());

function commas(content: string): Numbered<string[]>[] {
  const rows: Numbered<string[]>[] = [];
  let line = 1;
  let row: Numbered<string[]> = { line, value: [] };
  // A field in quotes, in which quotes are doubled, or one without; then what ends it.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < content.length || row.value.length) {
    const at = field.lastIndex;
    const found = field.exec(content);
    if (!found)
      throw bad(line, `a field must be in quotes as a whole or not at all: ${quote(content.slice(at, at + 40))}`);
    const [all, quoted, plain, end] = found;
    row.value.push(quoted?.replaceAll('""', '"') ?? plain);
    line += all.split("\n").length - 1;
    if (end === ",") continue;
    if (row.value.length > 1 || row.value[0] || quoted !== undefined) rows.push(row);
    row = { line, value: [] };
    if (field.lastIndex >= content.length) break;
  }
  return rows;
}
