// Fields of a quantisation config: untrusted, checked where they are read.

import { quote, RelpropError } from "../../errors.ts";
import type { Source } from "./layer.ts";

type Fields = Readonly<Record<string, unknown>>;

export const own = (config: Fields, name: string): unknown =>
  Object.hasOwn(config, name) ? (config[name] ?? undefined) : undefined;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const unsupported = (field: string, value: unknown, instead: string): RelpropError =>
  new RelpropError("ConfigUnsupported", `config.json's ${field} is ${quote(value)}; ${instead}`, { field });

export const invalid = (field: string, value: unknown, wanted: string): RelpropError =>
  new RelpropError("ConfigInvalid", `config.json's ${field} is ${quote(value)}, it must be ${wanted}`, { field });

/** A field that is absent or one of some values. */
export function oneOf<T>({ config, field }: Source, name: string, values: readonly T[]): T | undefined {
  const value = own(config, name);
  if (value === undefined || values.includes(value as T)) return value as T | undefined;
  throw unsupported(`${field}.${name}`, value, `supported is ${values.map((one) => quote(one)).join(", ")}`);
}

/** A group's size: −1 or nothing is undefined. */
export function groupSize(config: Fields, field: string, name = "group_size"): number | undefined {
  const value = own(config, name);
  return value === undefined || value === -1 ? undefined : positive(value, `${field}.${name}`);
}

/** A whole number from 1. */
export function positive(value: unknown, field: string): number {
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31) return value as number;
  throw invalid(field, value, "a whole number from 1");
}

/** The rows and columns of a block. */
export function blockSize(value: unknown, field: string): readonly number[] {
  if (!Array.isArray(value) || value.length !== 2) throw invalid(field, value, "two whole numbers");
  return value.map((n, i) => positive(n, `${field}[${i}]`));
}

/** Bits of a number, one of some. */
export function bitsOf(config: Fields, field: string, name: string, values: readonly number[]): number {
  const value = own(config, name);
  if (values.includes(value as number)) return value as number;
  throw unsupported(`${field}.${name}`, value, `supported is ${values.join(", ")}`);
}
