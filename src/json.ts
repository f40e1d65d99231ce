// JSON out of untrusted files: bounded, strictly UTF-8, an object.

import { type ErrorCode, quote, RelpropError } from "./errors.ts";
import type { Files } from "./files.ts";

/** The object in a JSON file, or undefined if the source has no such file. */
export async function readJson(
  files: Files,
  name: string,
  { code, most, signal }: { code: ErrorCode; most: number; signal?: AbortSignal },
): Promise<Record<string, unknown> | undefined> {
  const file = await files.open(name);
  if (!file) return undefined;
  if (file.size > most) {
    const message = `${name} has ${file.size} bytes, the most that is read is ${most}`;
    throw new RelpropError("LimitExceeded", message, { file: name, bytes: file.size, most });
  }
  const bytes = await file.read(0, file.size, signal);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const start = quote(String.fromCharCode(...bytes.subarray(0, 40)));
    throw new RelpropError(code, `${name} is no JSON: it begins with ${start}`, { file: name }, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RelpropError(code, `${name} holds ${quote(value)}, it must hold an object`, { file: name });
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
