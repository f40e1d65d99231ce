// JSON out of untrusted files: bounded, strictly UTF-8, an object.

import { type ErrorCode, quote, RelpropError } from "../errors.ts";
import type { Files } from "./files.ts";

/** How deep lists and objects may lie in one another, and how many there may be: they cost more memory than bytes. */
const DEEPEST = 100;
const NODES = 2 ** 21;

/** How deep lists and objects lie in JSON, and how many there are. */
function shape(bytes: Uint8Array): { depth: number; nodes: number } {
  let [depth, now, nodes] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
    } else if (byte === 0x7b || byte === 0x5b) {
      nodes++;
      now++;
      if (now > depth) depth = now;
    } else if (byte === 0x7d || byte === 0x5d) now--;
  }
  return { depth, nodes };
}

interface Limits {
  code: ErrorCode;
  /** Bytes. */
  most: number;
  signal?: AbortSignal;
}

/** The object in a JSON file, or undefined if the source has no such file. */
export async function readJson(
  files: Files,
  name: string,
  limits: Limits,
): Promise<Record<string, unknown> | undefined> {
  const value = await parseJson(files, name, limits);
  if (value === undefined) return undefined;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RelpropError(limits.code, `${name} holds ${quote(value)}, it must hold an object`, { file: name });
}

/** The value in a JSON file, or undefined if the source has no such file. */
export async function parseJson(files: Files, name: string, { code, most, signal }: Limits): Promise<unknown> {
  const file = await files.open(name);
  if (!file) return undefined;
  if (file.size > most) {
    const message = `${name} has ${file.size} bytes; at most ${most} are read`;
    throw new RelpropError("LimitExceeded", message, { file: name, bytes: file.size, most });
  }
  const bytes = await file.read(0, file.size, signal);
  const { depth, nodes } = shape(bytes);
  if (depth > DEEPEST || nodes > NODES) {
    const message = `${name} has ${nodes} lists and objects, ${depth} deep; at most ${NODES} are read, ${DEEPEST} deep`;
    throw new RelpropError("LimitExceeded", message, { file: name, nodes, depth });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const start = quote(String.fromCharCode(...bytes.subarray(0, 40)));
    throw new RelpropError(code, `${name} is not JSON: it begins with ${start}`, { file: name }, cause);
  }
}

/** Whether a text's brackets, as JSON, are nested deeper than `most`: what reads or writes it might have no stack for it. */
export function deeperThan(most: number, text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    else if (quoted) i += Number(char === "\\");
    else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    if (depth > most) return true;
  }
  return false;
}
