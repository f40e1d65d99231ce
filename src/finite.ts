// No result of any call holds a number that is none: JSON would make null of it, and a chart nothing at all.

import { RelpropError } from "./errors.ts";

/** Returns a result if all its numbers are finite; throws `NonFiniteResult` with the path and value of one that is not. */
export function finite<R>(result: R, name = ""): R {
  const found = nonFinite(result, "");
  if (!found) return result;
  const [path, value] = found;
  const where = `${name}${path}`.replace(/^\./, "");
  const message = `${where || "the result"} is ${value}: the model overflows 32-bit floats on this input`;
  throw new RelpropError("NonFiniteResult", message, { path, value });
}

function nonFinite(value: unknown, path: string): [path: string, value: number] | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : [path, value];
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = value as ArrayLike<unknown>;
    for (let i = 0; i < list.length; i++) {
      if (Number.isFinite(list[i])) continue; // most are numbers
      const found = nonFinite(list[i], `${path}[${i}]`);
      if (found) return found;
    }
    return undefined;
  }
  for (const [key, own] of Object.entries(value)) {
    const found = nonFinite(own, `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}
