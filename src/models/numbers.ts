// Numbers of config.json that only some families have.

import type { Weights } from "../checkpoint/weights.ts";
import { quote, RelpropError } from "../errors.ts";
import { type Config, field, integer, invalid } from "./config.ts";

/** A whole number from 0, or what stands for it where there is none. */
export function natural(config: Config, name: string, otherwise: number): number {
  const value = field(config, name) ?? otherwise;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 24) return value as number;
  throw invalid(name, value, "a whole number from 0");
}

/** A whole number, if there is one. */
export function whole(config: Config, name: string): number | undefined {
  const value = field(config, name);
  if (value === undefined || Number.isInteger(value)) return value as number | undefined;
  throw invalid(name, value, "a whole number");
}

/** True or false, or what stands for it where there is neither. */
export function flag(config: Config, name: string, otherwise: boolean): boolean {
  const value = field(config, name) ?? otherwise;
  if (typeof value === "boolean") return value;
  throw invalid(name, value, "true or false");
}

/** A positive number, or what stands for it where there is none. */
export function real(config: Config, name: string, otherwise: number): number {
  const value = field(config, name) ?? otherwise;
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw invalid(name, value, "a positive number");
}

/** Height and width, of which a single number is both. */
export function sides(config: Config, name: string): [height: number, width: number] {
  const value = field(config, name);
  const both = Array.isArray(value) ? value : [value, value];
  const [height, width] = both.map((side) => integer({ [name]: side }, name, 4096));
  if (both.length !== 2) throw invalid(name, value, "a height and a width");
  return [height, width];
}

/** The weights without biases that a flag turns off: transformers ignores them in a file. Names by flag. */
export const biased = (config: Config, w: Weights, flags: Readonly<Record<string, RegExp>>): Weights =>
  Object.entries(flags).reduce((all, [name, those]) => (flag(config, name, false) ? all : all.without(those)), w);

/** Two fields that contradict each other. */
export function mismatch(name: string, value: unknown, other: string, its: unknown): RelpropError {
  const message = `config.json's ${name} is ${quote(value)}, which its ${other} ${quote(its)} does not divide`;
  return new RelpropError("ConfigMismatch", message, { field: name });
}
