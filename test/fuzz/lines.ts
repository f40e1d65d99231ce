// Lines of JSON that came over any pipe: one for one, in order, each a text or an error with a code.

import * as assert from "uvu/assert";
import { lines } from "../../src/cli/lines.ts";
import { RelpropError } from "../../src/errors.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { type Fuzzer, pick } from "./shared/fuzzer.ts";

const atoms = [
  '"a"',
  "1",
  "-0",
  "1e999",
  "null",
  "true",
  '"\\ud800"',
  '"\\u0000"',
  '"é😀"',
  "{}",
  "[]",
  '"__proto__"',
  "NaN",
  "'",
];
const keys = ["id", "text", "pair", "rows", "points", "names", "__proto__", "constructor", "toString", ""];

function value(random: Random, depth: number): string {
  if (!depth || random(3) === 0) return pick(random, atoms);
  const some = Array.from({ length: random(4) }, () => value(random, depth - 1));
  if (random(2)) return `[${some}]`;
  return `{${some.map((one) => `${JSON.stringify(pick(random, keys))}:${one}`)}}`;
}

function line(random: Random): Buffer {
  const deep = 2 ** random(18);
  const whole = pick(random, [
    () => value(random, 4),
    () => `{"text":${value(random, 2)},"id":${value(random, 2)}}`,
    () => `{"id":${"[".repeat(deep)}${"]".repeat(deep)},"text":"a"}`,
    () => `${'{"id":'.repeat(deep)}1${"}".repeat(deep)}`,
    () => `"${'\\"'.repeat(deep)}`,
    () => " ".repeat(random(9)),
    () => `"${"x".repeat(random(2) * 2 ** 20)}"`,
  ])();
  const bytes = Buffer.from(whole);
  for (let n = random(4) ? 0 : random(4); n && bytes.length; n--)
    bytes[random(bytes.length)] = pick(random, [0, 13, 34, 92, 0xff, 0xc0]);
  return bytes;
}

export const fuzzer: Fuzzer = {
  async one(random) {
    const given = Array.from({ length: random(20) }, () => line(random));
    const whole = Buffer.concat(given.flatMap((one) => [one, Buffer.from("\n")]));
    async function* cut() {
      for (let at = 0; at < whole.length; ) {
        const end = at + 1 + random(2 ** (1 + random(20)));
        yield whole.subarray(at, end);
        at = end;
      }
    }
    let number = 0;
    let bad = 0;
    for await (const group of lines(cut())) {
      for (const found of group) {
        assert.is(found.number, ++number);
        if (found.error) assert.instance(found.error, RelpropError);
        bad += Number(Boolean(found.error));
        JSON.stringify({ id: found.id, text: found.text });
      }
    }
    assert.is(number, given.length);
    return { bytes: whole.length, what: bad ? "some bad" : "right" };
  },
};
