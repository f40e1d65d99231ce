// What an evaluation has done so far, a line of JSON a text, so that an interrupted one goes on where it stopped. The first
// line holds the settings: a journal with other settings is refused. A line that was cut off is no JSON and does not count.

import { quote, RelpropError } from "../errors.ts";

/** Where lines are kept: a file, a store of the browser. */
export interface Journal {
  /** All that was appended so far. */
  read(): Promise<string>;
  /** Adds a text at the end. */
  append(text: string): Promise<void>;
}

export type Settings = Readonly<Record<string, unknown>>;

/** The rows that a journal holds, by the text's index; and how to add one. */
export interface Opened<Row> {
  rows: Map<number, Row>;
  add(row: Row): Promise<void>;
}

export async function open<Row extends { i: number }>(
  journal: Journal | undefined,
  settings: Settings,
): Promise<Opened<Row>> {
  if (!journal) return { rows: new Map(), add: async () => {} };
  const content = await journal.read();
  const [header, ...rows] = content.split("\n").flatMap(parsed) as [{ settings: Settings }?, ...Row[]];
  if (header) same(header.settings, settings);
  // What was cut off ends here.
  const add = (line: unknown) => journal.append(`${JSON.stringify(line)}\n`);
  if (content && !content.endsWith("\n")) await journal.append("\n");
  if (!header) await add({ settings });
  return { rows: new Map(rows.map((row) => [row.i, row])), add };
}

function parsed(line: string): unknown[] {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? [value] : [];
  } catch {
    return [];
  }
}

function same(before: Settings | undefined, now: Settings): void {
  for (const [name, value] of Object.entries(now)) {
    const [was, is] = [JSON.stringify(before?.[name]), JSON.stringify(value)];
    if (was === is) continue;
    const message = `the journal is of another evaluation: its ${name} is ${quote(was)}, now ${quote(is)}; use another file`;
    throw new RelpropError("InvalidOption", message, { name });
  }
}

/** A fingerprint of texts and models (FNV-1a over UTF-16 units); it is not cryptographic. */
export function fingerprint(value: unknown): string {
  let hash = 0x811c9dc5;
  for (const unit of JSON.stringify(value).split("")) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
