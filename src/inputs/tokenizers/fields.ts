// Fields of tokenizer.json and tokenizer_config.json, checked where they are read.

import { quote, RelpropError } from "../../errors.ts";

export type Json = Record<string, unknown>;

export interface Piece {
  id: number;
  text: string;
}

/** UTF-16 units of a piece; files pay for them in bytes. */
const LONGEST = 2 ** 20;

/** A value for a message; a nest of lists would overflow the stack of whoever writes it out. */
export const show = (value: unknown): string =>
  typeof value === "object" && value ? "a list or object" : quote(value);

export const invalid = (field: string, what: string): RelpropError =>
  new RelpropError("TokenizerInvalid", `the tokenizer's ${field} ${what}`, { field });

/** Passes what the engine implements. */
export function only(value: unknown, field: string, ...supported: unknown[]): void {
  if (!supported.includes(value)) throw unsupported(value, field, supported);
}

export function unsupported(value: unknown, field: string, supported: readonly unknown[]): RelpropError {
  const message = `the tokenizer's ${field} is ${show(value)}, only ${supported.map(show).join(", ")} is supported`;
  return new RelpropError("TokenizerUnsupported", message, { field, supported });
}

export function object(value: unknown, field: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw invalid(field, "is not an object");
}

export function list(value: unknown, field: string, limit: number): unknown[] {
  if (!Array.isArray(value)) throw invalid(field, "is not a list");
  if (value.length > limit) throw invalid(field, `has ${value.length} entries; ${limit} are allowed`);
  return value;
}

export function flag(value: unknown, field: string, otherwise: boolean): boolean {
  value ??= otherwise;
  if (typeof value === "boolean") return value;
  throw invalid(field, `is ${show(value)}, not true or false`);
}

export function text(value: unknown, field: string, most = LONGEST): string {
  if (typeof value !== "string") throw invalid(field, `is ${show(value)}, not a string`);
  if (value.length > most) throw invalid(field, `has ${value.length} characters; ${most} are allowed`);
  return value;
}

/** Half a surrogate pair would match no text, or half a character of it. */
export function piece(value: unknown, field: string, most?: number): string {
  const found = text(value, field, most);
  if (/\p{Cs}/u.test(found)) throw invalid(field, "has half a surrogate pair");
  return found;
}

export function count(value: unknown, field: string, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw invalid(field, `is ${show(value)}, not an integer from 0 to ${most}`);
}
