// Standard input as JSON lines. Lines are split as bytes, so that no chunk border can cut a character in two.

import { deeperThan } from "../checkpoint/json.ts";
import { quote, RelpropError } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";

/** One line: a text, or what is wrong with it; its id if it has one. Numbers count from 1. */
export interface Line {
  number: number;
  text: Input;
  id?: unknown;
  error?: RelpropError;
}

const MOST_BYTES = 2 ** 20;
const MOST_LINES = 64;
const MOST_DEPTH = 64;

/** Lines that have come together, so that they can be answered together, and one that comes alone at once. */
export async function* lines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line[]> {
  let number = 0;
  for await (const group of split(input)) {
    yield group.map((bytes) => ({ number: ++number, ...read(bytes, number === 1) }));
  }
}

/** Lines without their line feeds; one that is too long comes as undefined, and no more of it than fits is kept. */
async function* split(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<(Uint8Array | undefined)[]> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (): Uint8Array | undefined => {
    const line = size > MOST_BYTES ? undefined : Buffer.concat(parts);
    parts = [];
    size = 0;
    return line;
  };
  const keep = (part: Uint8Array) => {
    size += part.length;
    if (size <= MOST_BYTES) parts.push(part);
    else parts = [];
  };
  for await (const chunk of input) {
    let group: (Uint8Array | undefined)[] = [];
    let rest = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      keep(rest.subarray(0, end));
      group.push(take());
      rest = rest.subarray(end + 1);
      if (group.length < MOST_LINES) continue;
      yield group;
      group = [];
    }
    if (group.length) yield group;
    if (rest.length) keep(rest);
  }
  if (size) yield [take()];
}

function read(bytes: Uint8Array | undefined, first: boolean): Omit<Line, "number"> {
  const bad = (message: string, id?: unknown) => ({ text: "", id, error: new RelpropError("InvalidInput", message) });
  if (!bytes) {
    const error = new RelpropError("LimitExceeded", `the line has more than ${MOST_BYTES} bytes, the maximum`);
    return { text: "", error };
  }
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: !first }).decode(bytes);
    if (!text.trim()) return bad("the line is empty");
    if (deeperThan(MOST_DEPTH, text)) return bad(`the line's JSON is nested more than ${MOST_DEPTH} deep, the maximum`);
    value = JSON.parse(text);
  } catch {
    return bad(`the line is not JSON in UTF-8; it must be {"text": …} or a string in quotes`);
  }
  if (typeof value === "string") return { text: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return bad(`the line must be {"text": …} or a string in quotes, not ${quote(value)}`);
  }
  const id = Object.hasOwn(value, "id") ? (value as { id: unknown }).id : undefined;
  const { text, pair } = { text: undefined, pair: undefined, ...value } as { text: unknown; pair: unknown };
  if (typeof text === "string" && pair === undefined) return { text, id };
  if (typeof text === "string" && typeof pair === "string") return { text: { text, pair }, id };
  // Messages, rows and points are checked by the models that read them.
  if (text === undefined && ["messages", "rows", "points"].some((name) => Object.hasOwn(value, name))) {
    const { id: _, ...input } = value as { id?: unknown };
    return { text: input as Input, id };
  }
  if (typeof text === "string") return bad(`the line's "pair" is ${quote(pair)}, it must be a string`, id);
  return bad(`the line's "text" is ${text === undefined ? "missing" : quote(text)}, it must be a string`, id);
}
