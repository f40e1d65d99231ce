// The JSON in front of a safetensors file's tensors, read by its own scanner: every key once, numbers as plain digits,
// nothing that the format does not have. Not JSON.parse: it drops a key given twice, and does not distinguish 2.0, 2e0 and 2^53 + 1
// from plain whole numbers.

import { type ErrorCode, quote, RelpropError } from "../errors.ts";

/** What a header says about a tensor; `start` and `end` are bytes of the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The JSON begins with white space: against the format's text, but the reference reads it. */
  readonly nonCanonical: boolean;
}

const MOST_RANK = 8;
const MOST_DIMENSION = 2 ** 31 - 1;
const MOST_OFFSET = 2 ** 52; // any sum of two is exact
const MOST_NAME = 512;
const MOST_DEPTH = 4;

/** Refuses a file. */
export function fail(label: string, code: ErrorCode, message: string, facts: Record<string, unknown> = {}): never {
  throw new RelpropError(code, `${label} ${message}`, { file: label, ...facts });
}

interface Scan {
  readonly text: string;
  readonly label: string;
  /** Where the tensors begin in the file. */
  readonly begin: number;
  at: number;
  depth: number;
}

/** A header's text. `label` names the file in messages, its tensors begin at `begin`, and it has at most `most` of them. */
export function parse(text: string, label: string, begin: number, most: number): Header {
  const s: Scan = { text, label, begin, at: 0, depth: 0 };
  const tensors = new Map<string, TensorInfo>();
  let metadata: Map<string, string> | undefined;
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const name = key(s);
    if (name === "__metadata__") {
      once(s, name, metadata);
      metadata = strings(s, most);
    } else {
      once(s, name, tensors.get(name));
      if (tensors.size >= most) fail(s.label, "LimitExceeded", `has more than ${most} tensors`);
      tensors.set(name, tensor(s, name));
    }
  }
  if (peek(s)) noJson(s, "nothing");
  return { tensors, metadata: metadata ?? new Map(), nonCanonical: s.text[0] !== "{" };
}

function strings(s: Scan, most: number): Map<string, string> {
  if (peek(s) !== "{") wrong(s, "HeaderField", "has metadata that is not an object of strings");
  const found = new Map<string, string>();
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const name = key(s);
    once(s, name, found.get(name));
    if (found.size >= most) fail(s.label, "LimitExceeded", `has more than ${most} entries of metadata`);
    if (peek(s) !== '"') wrong(s, "HeaderField", `has metadata ${quote(name)} that is not a string`);
    found.set(name, string(s));
  }
  return found;
}

function tensor(s: Scan, name: string): TensorInfo {
  const no = (code: ErrorCode, what: string): never => fail(s.label, code, `has ${quote(name)} with ${what}`, { name });
  if (name.length > MOST_NAME) fail(s.label, "LimitExceeded", `has a tensor's name of ${name.length} characters`);
  if (!name || name.includes("\0")) fail(s.label, "HeaderField", "has a tensor's name that is empty or holds U+0000");
  if (peek(s) !== "{") wrong(s, "HeaderField", `has ${quote(name)} that is not an object`);

  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  for (let more = open(s, "{"); more; more = next(s, "}")) {
    const field = key(s);
    if (field === "dtype") {
      once(s, field, dtype);
      if (peek(s) !== '"') wrong(s, "Dtype", `has ${quote(name)} with a dtype that is not a string`);
      dtype = string(s);
    } else if (field === "shape") {
      once(s, field, shape);
      shape = numbers(s, "Shape", MOST_RANK, MOST_DIMENSION, name);
    } else if (field === "data_offsets") {
      once(s, field, offsets);
      offsets = numbers(s, "Offset", 2, MOST_OFFSET, name);
    } else {
      wrong(s, "HeaderField", `has ${quote(name)} with a field ${quote(field)}; the format has none of that name`);
    }
  }
  if (dtype === undefined) return no("HeaderField", "no dtype");
  if (!shape) return no("HeaderField", "no shape");
  if (!offsets) return no("HeaderField", "no data_offsets");

  if (offsets.length < 2) no("Offset", "one offset, or none");
  return { name, dtype, shape, start: s.begin + offsets[0], end: s.begin + offsets[1] };
}

/** A list of at most `count` whole numbers, each at most `most`; anything else is refused with `code`. */
function numbers(s: Scan, code: "Shape" | "Offset", count: number, most: number, name: string): number[] {
  const of = () => `has ${quote(name)} with ${code === "Shape" ? "a shape" : "data_offsets"}`;
  if (peek(s) !== "[") wrong(s, code, `${of()} that is not a list`);
  const found: number[] = [];
  for (let more = open(s, "["); more; more = next(s, "]")) {
    if (found.length === count) wrong(s, code, `${of()} of more than ${count} numbers`);
    const digits = literal(s, PLAIN);
    if (!digits) wrong(s, code, `${of()} with elements that are not integers`);
    if (Number(digits) > most) fail(s.label, code, `${of()} with ${digits}; the maximum is ${most}`, { name });
    found.push(Number(digits));
  }
  return found;
}

/** A value that has no place in a header: `code`, unless the JSON is broken or nested too deep there. */
function wrong(s: Scan, code: ErrorCode, message: string): never {
  skip(s);
  fail(s.label, code, message);
}

function skip(s: Scan): void {
  const first = peek(s);
  if (first === "{") {
    for (let more = open(s, "{"); more; more = next(s, "}")) {
      key(s);
      skip(s);
    }
  } else if (first === "[") {
    for (let more = open(s, "["); more; more = next(s, "]")) skip(s);
  } else if (first === '"') {
    string(s);
  } else if (!literal(s, SCALAR)) {
    noJson(s, "a value");
  }
}

function once(s: Scan, key: string, before: unknown): void {
  if (before !== undefined) fail(s.label, "HeaderDuplicateKey", `has the key ${quote(key)} twice`, { key });
}

/** Steps into an object or a list: is there anything in it? */
function open(s: Scan, bracket: "{" | "["): boolean {
  if (!eat(s, bracket)) noJson(s, `"${bracket}"`);
  if (++s.depth > MOST_DEPTH) fail(s.label, "HeaderJson", "has a header nested deeper than the format allows");
  if (!eat(s, bracket === "{" ? "}" : "]")) return true;
  s.depth--;
  return false;
}

/** Steps to the next member or out: is there one? */
function next(s: Scan, bracket: "}" | "]"): boolean {
  if (eat(s, ",")) return true;
  if (!eat(s, bracket)) noJson(s, `"," or "${bracket}"`);
  s.depth--;
  return false;
}

function key(s: Scan): string {
  const name = string(s);
  if (!eat(s, ":")) noJson(s, '":"');
  return name;
}

function string(s: Scan): string {
  if (peek(s) !== '"') noJson(s, "a string");
  const { text, at } = s;
  let end = at + 1;
  let escaped = false;
  for (let unit = text.charCodeAt(end); unit !== 0x22; unit = text.charCodeAt(++end)) {
    if (unit >= 0x20 && unit !== 0x5c) continue;
    if (unit !== 0x5c) noJson(s, "a string without control characters, and its end");
    escaped = true;
    end++;
  }
  s.at = end + 1;
  return escaped ? unescaped(s, text.slice(at, s.at)) : text.slice(at + 1, end);
}

function unescaped(s: Scan, literal: string): string {
  try {
    const value: string = JSON.parse(literal);
    if (!/\p{Cs}/u.test(value)) return value; // no half of a surrogate pair
  } catch {}
  noJson(s, "valid escapes in the string before");
}

const PLAIN = /(?:0|[1-9]\d{0,15})(?![\w.+-])/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

function literal(s: Scan, pattern: RegExp): string {
  peek(s);
  pattern.lastIndex = s.at;
  if (!pattern.test(s.text)) return "";
  const start = s.at;
  s.at = pattern.lastIndex;
  return s.text.slice(start, s.at);
}

/** The character after white space, "" at the end. */
function peek(s: Scan): string {
  for (; ; s.at++) {
    const unit = s.text.charCodeAt(s.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return s.text[s.at] ?? "";
  }
}

function eat(s: Scan, character: string): boolean {
  if (peek(s) !== character) return false;
  s.at++;
  return true;
}

function noJson(s: Scan, wanted: string): never {
  const there = s.text.slice(s.at, s.at + 20);
  const found = there ? quote(there) : "the end";
  fail(s.label, "HeaderJson", `has a header that is not JSON: ${found} at ${s.at}, where ${wanted} should be`);
}
