// Reading config.json: untrusted, so every field is checked where it is read. It may confirm sizes, never set them:
// sizes come from the tensors.

import { quote, RelpropError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { activations } from "../ops/activation.ts";

export const invalid = (field: string, value: unknown, wanted: string) =>
  new RelpropError("ConfigInvalid", `config.json's ${field} is ${quote(value)}, it must be ${wanted}`, { field });

export const unsupported = (field: string, value: unknown, instead: string): RelpropError =>
  new RelpropError("ConfigUnsupported", `config.json's ${field} is ${quote(value)}; ${instead}`, { field });

export type Config = Readonly<Record<string, unknown>>;

/** The major version of transformers that wrote the file; not a number where it does not say. */
export function major(config: Config): number {
  const version = field(config, "transformers_version");
  return typeof version === "string" ? Number.parseInt(version, 10) : Number.NaN;
}

/** An own field, so that "constructor" and its kin are absent like any other. */
export const field = (config: Config, name: string): unknown =>
  Object.hasOwn(config, name) ? (config[name] ?? undefined) : undefined;

export function integer(config: Config, name: string, most: number): number {
  const value = field(config, name);
  if (!Number.isInteger(value) || (value as number) < 1) throw invalid(name, value, "a whole number from 1");
  if ((value as number) > most) {
    throw new RelpropError("LimitExceeded", `config.json's ${name} is ${value}, the most is ${most}`, { field: name });
  }
  return value as number;
}

export function positive(config: Config, name: string): number {
  const value = field(config, name);
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value))
    throw invalid(name, value, "a positive number");
  return value;
}

/** True or false, as Python takes a value that is neither. */
export function flag(config: Config, name: string): boolean {
  const value = field(config, name) ?? false;
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw invalid(name, value, "true or false");
}

/** A number of the config that follows from the tensors too: 0 without the tensor, which is missed when it is read. */
export function agree(config: Config, name: string, actual: number, tensor: string): void {
  const value = field(config, name);
  if (value === undefined || value === actual || !actual) return;
  const message = `config.json's ${name} is ${quote(value)}, but ${tensor} says ${actual}`;
  throw new RelpropError("ConfigMismatch", message, { field: name, config: value, actual });
}

/** The activation that a field names. */
export function activation(config: Config, name: string): (x: Tensor) => Tensor {
  const value = field(config, name);
  const act = typeof value === "string" ? activations.get(value) : undefined;
  if (act) return act;
  const learned = value === "prelu" || value === "xielu" ? "it has its own weights; " : "";
  throw unsupported(name, value, `${learned}supported are ${[...activations.keys()].join(", ")}`);
}

/** A field that must be absent or one of `values`. */
export function oneOf(config: Config, name: string, values: readonly unknown[], instead: string): void {
  const value = field(config, name);
  if (value !== undefined && !values.includes(value)) throw unsupported(name, value, instead);
}

/** The class that wrote the model: the first of `architectures`. */
export function architectureName(config: Config): string | undefined {
  const [name] = [field(config, "architectures") ?? []].flat();
  if (name === undefined || typeof name === "string") return name;
  throw invalid("architectures", name, "a list of class names");
}

/** The names of `classes` classes, from id2label; LABEL_0 and so on, as transformers writes them, where it has none. */
export function labels(config: Config, classes: number): string[] {
  const names = Array.from({ length: classes }, (_, i) => `LABEL_${i}`);
  const map = field(config, "id2label");
  if (map === undefined) {
    agree(config, "num_labels", classes, "the head");
    return names;
  }
  if (typeof map !== "object" || map === null || Array.isArray(map)) throw invalid("id2label", map, "an object");
  const entries = Object.entries(map);
  if (entries.length !== classes) {
    const message = `config.json's id2label has ${entries.length} classes, the head has ${classes}`;
    throw new RelpropError("ConfigMismatch", message, { field: "id2label" });
  }
  for (const [key, value] of entries) {
    const index = /^(0|[1-9]\d{0,5})$/.test(key) ? Number(key) : -1;
    if (index < 0 || index >= classes) throw invalid("id2label", key, `a class from 0 to ${classes - 1}`);
    if (typeof value !== "string") throw invalid(`id2label[${key}]`, value, "a string");
    names[index] = value;
  }
  return names;
}
