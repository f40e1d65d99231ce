// What an option may be: small descriptions, each with the end of the sentence "it must be …", and the one check of a call's
// options. What is checked is a copy, so that nothing changes it afterwards.

import { quote, RelpropError } from "../errors.ts";

/** What `read` returns of a value that does not fit. */
const NOT = Symbol();

export interface Kind {
  readonly must: string;
  /** The value, lists and objects as copies. */
  read(value: unknown): unknown;
}

/** The options of a call, by name. */
export type Fields = Readonly<Record<string, Kind>>;

/** What each of these options may be: `satisfies Options<T>` keeps a table in step with the type that documents it. */
export type Options<T> = Record<keyof T, Kind>;

const is = (must: string, fits: (value: unknown) => boolean): Kind => ({
  must,
  read: (value) => (fits(value) ? value : NOT),
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const flag = is("true or false", (value) => typeof value === "boolean");
export const text = is("a text", (value) => typeof value === "string");
export const filled = is("a text that is not empty", (value) => typeof value === "string" && value !== "");
export const callback = is("a function", (value) => typeof value === "function");
export const absent = is("undefined", (value) => value === undefined);
/** What is checked where it is used. */
export const anything = is("a value", () => true);

/** A number between these two. */
export const number = (must: string, from = -Infinity, to = Infinity): Kind =>
  is(must, (value) => typeof value === "number" && value >= from && value <= to);

export const integer = (from: number, to = Number.MAX_SAFE_INTEGER): Kind =>
  is(`a whole number from ${from}${to < Number.MAX_SAFE_INTEGER ? ` to ${to}` : ""}`, (value) => {
    return Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
  });

export const oneOf = (...words: readonly string[]): Kind =>
  is(words.map((word) => `"${word}"`).join(", "), (value) => words.includes(value as string));

/** An object with these methods, as it is. */
export const having = (must: string, ...methods: readonly string[]): Kind =>
  is(must, (value) => isObject(value) && methods.every((name) => typeof value[name] === "function"));

export const signal: Kind = is(
  "an AbortSignal",
  (value) =>
    isObject(value) &&
    typeof value.aborted === "boolean" &&
    ["addEventListener", "removeEventListener"].every((name) => typeof value[name] === "function"),
);

export const bytes: Kind = is("a Uint8Array", (value) => value instanceof Uint8Array);

export const either = (...kinds: readonly Kind[]): Kind => ({
  must: kinds.map(({ must }) => must).join(", or "),
  read(value) {
    for (const { read } of kinds) {
      const found = read(value);
      if (found !== NOT) return found;
    }
    return NOT;
  },
});

/** A list of such values, `least` or more, none left out: a list of holes is as long as it says at no cost. */
export const list = ({ must, read }: Kind, least = 0): Kind => ({
  must: `a list of ${must}`,
  read(value) {
    if (!Array.isArray(value) || value.length < least) return NOT;
    const found: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      const one = Object.hasOwn(value, i) ? read(value[i]) : NOT;
      if (one === NOT) return NOT;
      found.push(one);
    }
    return found;
  },
});

export const oneOrMore = (kind: Kind): Kind => {
  const { read } = either(kind, list(kind, 1));
  return { must: `${kind.must}, or a list of such`, read };
};

/** A list of exactly these. */
export const tuple = (must: string, ...kinds: readonly Kind[]): Kind => ({
  must,
  read(value) {
    if (!Array.isArray(value) || value.length !== kinds.length) return NOT;
    const found = kinds.map(({ read }, i) => read(value[i]));
    return found.includes(NOT) ? NOT : found;
  },
});

/** An object with fields of one kind, under any names. */
export const record = (must: string, { read }: Kind): Kind => ({
  must,
  read(value) {
    if (!isObject(value)) return NOT;
    const found = Object.keys(value).map((name) => [name, read(value[name])] as const);
    return found.some(([, one]) => one === NOT) ? NOT : Object.fromEntries(found);
  },
});

/** An object with these fields and no others, `needed` ones among them. */
export const object = (fields: Fields, ...needed: readonly string[]): Kind => ({
  must: `{ ${Object.keys(fields).join(", ")} }`,
  read(value) {
    if (!isObject(value)) return NOT;
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const own = value[name];
      if (own === undefined) continue;
      if (!Object.hasOwn(fields, name)) return NOT;
      const one = fields[name].read(own);
      if (one === NOT) return NOT;
      found[name] = one;
    }
    return needed.every((name) => Object.hasOwn(found, name)) ? found : NOT;
  },
});

/** A call's options, those that are undefined left out. Throws `InvalidOption`, with the nearest name for one that there is not. */
export function checked<O extends object>(call: string, fields: Fields, given: O): O {
  const found: Record<string, unknown> = {};
  const invalid = (message: string, cause?: unknown) => new RelpropError("InvalidOption", message, {}, cause);
  try {
    if (!isObject(given)) throw invalid(`the options of ${call} are ${quote(given)}, they must be an object`);
    const inherited = Object.keys(fields).filter((name) => name in given);
    for (const name of new Set([...Object.keys(given), ...inherited])) {
      const value = given[name];
      if (value === undefined) continue;
      if (!Object.hasOwn(fields, name)) throw invalid(`${call} has no option ${quote(name)}${hint(name, fields)}`);
      const { must } = fields[name];
      const one = attempt(fields[name], value);
      if (one === NOT) throw invalid(`${call}'s ${name} is ${quote(value)}, it must be ${must}`);
      found[name] = one;
    }
  } catch (cause) {
    if (cause instanceof RelpropError) throw cause;
    throw invalid(`the options of ${call} cannot be read`, cause); // a getter or a proxy throws
  }
  return found as O;
}

/** A getter or a proxy within the value may throw. */
function attempt({ read }: Kind, value: unknown): unknown {
  try {
    return read(value);
  } catch {
    return NOT;
  }
}

function hint(name: string, fields: Fields): string {
  const known = Object.keys(fields);
  const near = nearest(name, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length ? `; there are ${known.join(", ")}` : "; it has no options";
}

/** The name that is meant by one that is misspelt. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((one) => [distance(name.slice(0, 40).toLowerCase(), one.toLowerCase()), one] as const)
    .sort(([a], [b]) => a - b);
  return best && best[0] <= Math.max(1, best[1].length / 3) ? best[1] : undefined;
}

/** How many letters are put in, left out, changed or swapped (Damerau 1964). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]);
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
