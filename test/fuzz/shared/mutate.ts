// Changes of JSON by its structure: values of another type, at the edge of their range, taken from another file's field of the
// same name or of any, fields dropped, swapped, renamed, doubled, put inside one another.

import type { Random } from "../../corpus/safetensors-mutants.ts";
import { pick } from "./fuzzer.ts";

const numbers = [0, 1, 2, 3, 0.5, -0, -1, 7, 64, 255, 256, 4096, 65536, 2 ** 20, 2 ** 24, 2 ** 31, 2 ** 53, 1e9];
const odd: readonly unknown[] = [
  ...numbers,
  ...[
    1e308,
    -1e308,
    5e-324,
    1e-12,
    1e39,
    null,
    true,
    false,
    "",
    "0",
    "1",
    " ",
    "\u0000",
    "gelu",
    "é😀\ud800",
    "▁",
    "Ġ",
  ],
  ...[
    "constructor",
    "__proto__",
    "toString",
    "LABEL_0",
    "../x",
    "a".repeat(9999),
    "[CLS]",
    "(a+)+$",
    "\\p{L}+|\\s*",
    "(",
  ],
  ...[
    [],
    [null],
    [[[]]],
    [0],
    ["a"],
    [[0, 0]],
    Array(999).fill(0),
    {},
    { a: {} },
    { toString: 1 },
    { type: "Sequence" },
  ],
  ...[{ content: "[MASK]", special: true }, { String: "a" }, { Regex: "\\s+" }, ["a", -1]],
];

/** Which values a field has in any file, by its name. */
export type Pool = ReadonlyMap<string, readonly unknown[]>;

export function pool(files: Iterable<unknown>): Pool {
  const found = new Map<string, Map<string, unknown>>();
  const enter = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const entries = Object.entries(value);
    if (entries.length > 64) return; // a vocabulary
    for (const [name, one] of entries) {
      const all = found.get(name) ?? new Map<string, unknown>();
      const text = JSON.stringify(one) ?? "";
      if (all.size < 64 && text.length < 9999) all.set(text, one);
      if (!Array.isArray(value)) found.set(name, all);
      enter(one);
    }
  };
  for (const file of files) enter(file);
  return new Map([...found].map(([name, all]) => [name, [...all.values()]]));
}

function near(value: number, random: Random): number {
  const by = pick(random, [1, -1, 2, 64]);
  return pick(random, [value + by, value * by, -value, value / 2, value + 0.5, value * 1000, 10 ** value, 1 / value]);
}

/** Another value for a field of this name. */
function other(value: unknown, name: string, random: Random, known: Pool): unknown {
  const same = known.get(name);
  const ways: (() => unknown)[] = [
    () => pick(random, odd),
    () => (typeof value === "number" ? near(value, random) : pick(random, odd)),
    () => (typeof value === "boolean" ? !value : pick(random, numbers)),
    () => (typeof value === "string" ? pick(random, [value.slice(1), value + value, value.toUpperCase()]) : value),
    () => pick(random, [[value], { [name]: value }, [value, value], JSON.stringify(value) ?? null]),
    () => pick(random, same ?? odd),
    () => pick(random, same ?? odd),
    () => pick(random, same ?? odd),
    () => pick(random, known.get(pick(random, [...known.keys()])) ?? odd),
  ];
  return pick(random, ways)();
}

/** A changed copy. */
export function mutated(value: unknown, random: Random, known: Pool, name = ""): unknown {
  if (typeof value !== "object" || value === null || random(8) === 0) return other(value, name, random, known);
  if (Array.isArray(value)) {
    const at = random(value.length + 1);
    const to = random(value.length + 1);
    const out = [...value];
    const changes: (() => unknown)[] = [
      () => out.splice(at, 1),
      () => out.splice(at, 0, value[to]),
      () => ([out[at], out[to]] = [value[to] ?? null, value[at] ?? null]),
      () => out.reverse(),
    ];
    if (random(4) && value.length) {
      const k = Math.min(at, value.length - 1);
      out[k] = mutated(value[k], random, known, name);
    } else pick(random, changes)();
    return out;
  }
  const keys = Object.keys(value);
  const set = (out: object, key: string, to: unknown) =>
    Object.defineProperty(out, key, { value: to, enumerable: true, configurable: true, writable: true });
  const out: Record<string, unknown> = { ...value };
  const key = keys.length && random(5) ? pick(random, keys) : pick(random, [...known.keys(), "__proto__"]);
  const changes: (() => unknown)[] = [
    () => delete out[key],
    () => set(out, pick(random, keys.length ? keys : [key]), out[key] ?? null),
    () => {
      set(out, pick(random, [`${key}_`, key.toUpperCase(), "__proto__"]), out[key] ?? null);
      delete out[key];
    },
  ];
  if (random(4)) set(out, key, mutated(out[key], random, known, key));
  else pick(random, changes)();
  return out;
}

/** JSON that no structure has: cut off, deep, with a key twice, with bytes changed. */
export function mistyped(text: string, random: Random): string {
  const at = random(text.length + 1);
  const deep = 10 ** random(6);
  return pick(random, [
    () => text.slice(0, at),
    () =>
      text.slice(0, at) + pick(random, ['"', "{", "}", ",", "null", "1e999", "\ufeff", "\u0000", "-"]) + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1 + random(9)),
    () => text.replace("{", `{${/"[^"]+":\s*("[^"]*"|[\d.]+|true|false|null)/.exec(text.slice(at))?.[0] ?? '"a":1'},`),
    () => `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`,
    () => `[${"[],".repeat(deep)}[]]`,
    () => pick(random, ["", "[", "null", "\ufeff{}", "NaN", "<!doctype html>", "version https://git-lfs"]),
  ])();
}
