// Safetensors files that are almost right: a header that is as it should be, or an error with a code.
//
// A case is some thousand headers, most of them one header with a token or two changed: they cost a microsecond or two
// each. All are held against what a header promises, every 64th against the rules restated slowly.

import * as assert from "uvu/assert";
import { checkedHeader, readHeader, readTensor } from "../../src/checkpoint/safetensors.ts";
import { RelpropError } from "../../src/errors.ts";
import { dtypes } from "../corpus/safetensors-cases.ts";
import { mutant, type Random, rightHeader } from "../corpus/safetensors-mutants.ts";
import { brokenFile, brokenHeader } from "../corpus/safetensors-rules.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";

const HEADERS = 4000;
const WHOLE = 20;
const SLOWLY = 64;

const counts = new Map<string, number>();
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
let slowly = 0;

export const fuzzer: Fuzzer = {
  async begin() {
    Error.stackTraceLimit = 0; // most of an error's cost
  },

  async one(random) {
    let bytes = 0;
    let base = rightHeader(random);
    // Mostly short ones: what is wrong with a third tensor is wrong with a second.
    while (!base.text.includes("dtype") || (base.text.length > 160 && random(8))) base = rightHeader(random);
    const change = changes(base.text);
    for (let i = 0; i < HEADERS; i++) {
      const text = change(random);
      const size = 8 + base.text.length + base.size + (random(16) ? 0 : random(17) - 8);
      const what = header(text, 8 + base.text.length, size);
      count(what);
      if (i % SLOWLY === 0) agrees(what, brokenHeader(text, 8 + base.text.length, size), text);
    }
    for (let i = 0; i < WHOLE; i++) {
      const file = mutant(random);
      bytes += file.length;
      const read = async (start: number, end: number) => file.slice(start, end);
      const what = await coded(async () => {
        const { tensors } = await readHeader({ size: file.length, read }, "it");
        for (const info of tensors.values())
          if (info.dtype === "F32") await readTensor({ size: file.length, read }, info);
      });
      count(what);
      agrees(what, brokenFile(file), String(file));
    }
    return { bytes: bytes + HEADERS * base.text.length, what: "thousands of headers" };
  },

  async end() {
    const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
    const sorted = [...counts].sort(([, a], [, b]) => b - a);
    const shares = sorted.map(([what, n]) => `${what} ${((100 * n) / total).toFixed(1)} %`);
    console.log(`safetensors: ${total} headers, ${slowly} against the rules; ${shares.join(", ")}`);
  },
};

/** What the reader says of a header; throws if that is neither right nor an error with a code. */
function header(text: string, begin: number, size: number): string {
  try {
    let bytes = 0;
    let first = Number.POSITIVE_INFINITY;
    let last = begin;
    const { tensors } = checkedHeader(text, "it", { begin, size });
    for (const { name, dtype, shape, start, end } of tensors.values()) {
      let bits = dtypes[dtype];
      for (const n of shape) bits *= n;
      if (bits !== 8 * (end - start) || start < begin || end > size) throw new Error(`${name} in ${text}`);
      bytes += end - start;
      first = Math.min(first, start);
      last = Math.max(last, end);
    }
    if (begin + bytes !== size || last !== size || (tensors.size && first !== begin)) throw new Error(text);
    return "right";
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
}

function agrees(what: string, broken: ReadonlySet<string>, text: string): void {
  slowly++;
  const right = what === "right" || what === "UnexpectedDtype";
  const named = broken.has(what) || broken.has("any") || what === "NotSafetensors";
  const same = right ? !broken.size : broken.size && named;
  assert.ok(same, `${what}, by the rules ${[...broken].join(", ") || "right"}: ${text}`);
}

const numbers = [
  "0",
  "1",
  "2",
  "3",
  "4",
  "7",
  "8",
  "16",
  "32",
  "255",
  "65536",
  "2147483647",
  "2147483648",
  "4294967296",
];
const odd = ["9007199254740993", "18446744073709551616", "-0", "-1", "2.0", "1e0", "01", "1e400", "null", "[]", "{}"];
const names = ["dtype", "shape", "data_offsets", "__metadata__", "a", "b", "c", "", "é", "__proto__", "F31"];
const strings = [...Object.keys(dtypes), ...names].map((text) => JSON.stringify(text));
const oddStrings = [
  '"\\u0061"',
  '"d\\u0074ype"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\x"',
  '"',
  "'a'",
  '"\t"',
  `"${"a".repeat(513)}"`,
];
const marks = ["", "", "{", "}", "[", "]", ",", ":", ",,", "[]", "{}", " ", "\n", "\u00a0", "\0", "]]", "[[[[["];

interface Token {
  text: string;
  start: number;
  end: number;
  /** The number that it is. */
  value?: number;
}

/** Changes of a text: a token or two are others, mostly names and values. */
function changes(text: string): (random: Random) => string {
  const all = [...text.matchAll(/"(?:[^"\\]|\\.)*"|\d+|\s+|./gsu)].map(({ 0: found, index }): Token => {
    const value = /^\d/.test(found) ? Number(found) : undefined;
    return { text: found, start: index, end: index + found.length, value };
  });
  const values = all.filter(({ text, value }) => value !== undefined || text[0] === '"');
  const some = (random: Random) => pick(random, values.length && random(8) ? values : all);
  const other = ({ text, value }: Token, random: Random): string => {
    if (random(8) === 0) return some(random).text;
    if (value !== undefined) {
      if (random(2)) return String(Math.abs(value + random(17) - 8));
      return pick(random, random(4) ? numbers : odd);
    }
    return text[0] === '"' ? pick(random, random(6) ? strings : oddStrings) : pick(random, marks);
  };
  return (random) => {
    const at = random(all.length);
    const a = values.length && random(8) ? values[at % values.length] : all[at];
    const next = values[(at % values.length) + 1];
    if (a.value !== undefined && next?.value !== undefined && random(3) === 0) {
      const by = random(17) - 8; // both ends of a range, mostly
      const moved = [a.value + by, next.value + by].map((n) => String(Math.abs(n)));
      return text.slice(0, a.start) + moved[0] + text.slice(a.end, next.start) + moved[1] + text.slice(next.end);
    }
    const b = random(4) ? a : some(random);
    const [first, second] = b.start < a.start ? [b, a] : [a, b];
    const start = text.slice(0, first.start) + other(first, random);
    if (second === first) return start + text.slice(first.end);
    return start + text.slice(first.end, second.start) + other(second, random) + text.slice(second.end);
  };
}
