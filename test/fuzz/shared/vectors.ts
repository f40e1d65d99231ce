// Rows, points and images in all forms that may be given, and in some that may not.

import type { Random } from "../../corpus/safetensors-mutants.ts";
import * as clouds from "../../point-models.ts";
import { pick } from "./fuzzer.ts";
import { hostile } from "./hostile.ts";

/** What a case gives. `plain` is what it must be read as, where it is a form that must be read. */
export interface Given {
  input: unknown;
  plain?: unknown;
  bytes: number;
}

const odd = [0, -0, 1, -1, 1e-45, 1e-40, 3.4e38, -3.4e38, 65504, 0.1, 1 / 3];
const bad = [NaN, Infinity, -Infinity, 1e39, -1e300];

const numbers = (random: Random, n: number) =>
  Array.from({ length: n }, () => Math.fround(random(6) ? random(2000) / 1000 - 1 : pick(random, odd)));

/** The same numbers as a list of another kind. */
function dressed(random: Random, list: readonly number[]): ArrayLike<number> {
  const offset = (at: number) => {
    const buffer = new Float32Array(list.length + at);
    buffer.set(list, at);
    return buffer.subarray(at);
  };
  return pick<() => ArrayLike<number>>(random, [
    () => [...list],
    () => Float32Array.from(list),
    () => Float64Array.from(list),
    () => offset(1 + random(3)),
    () => new Float32Array(new SharedArrayBuffer(4 * list.length)).map((_, i) => list[i]),
    () => ({ ...list, length: list.length }),
    () => Object.assign(Object.create(null), list, { length: list.length }),
    () => new Proxy([...list], {}),
    () => Object.assign([...list], { [Symbol.iterator]: () => [][Symbol.iterator]() }),
    () => Object.assign([...list], { *[Symbol.iterator]() { for (;;) yield 1; } }), // biome-ignore format: one line
    () => Object.freeze([...list]),
  ])();
}

/** What is no list of so many numbers. */
function undressed(random: Random, list: readonly number[]): unknown {
  const wrong = [...list];
  wrong[random(list.length)] = pick(random, bad);
  const once = [...list];
  let reads = 0;
  Object.defineProperty(once, random(list.length), { get: () => (reads++ ? NaN : 1) });
  const detached = Float32Array.from(list);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  return pick<() => unknown>(random, [
    () => wrong,
    () => once,
    () => detached,
    () => list.slice(1),
    () => [...list, 0],
    () => Array(list.length),
    () => list.map(String),
    () => list.map((v) => BigInt(Math.round(v))),
    () => new BigInt64Array(list.length),
    () => new DataView(new ArrayBuffer(list.length)),
    () => new Array(2 ** 32 - 1),
    () => ({ length: 2 ** 53 }),
    () => ({ length: list.length, *[Symbol.iterator]() { yield* list; } }), // biome-ignore format: one line
    () => ({ length: list.length }),
    () => pick(random, hostile()),
  ])();
}

function listed(random: Random, field: string, lists: number[][], more: object): Given {
  const bytes = 8 * lists.flat().length;
  const plain = { [field]: lists, ...more };
  const right = lists.map((list) => dressed(random, list));
  const form = random(10);
  if (form < 5) return { input: { [field]: right, ...more }, plain, bytes };
  const wrong: unknown[] = [...right];
  wrong[random(wrong.length || 1)] = undressed(random, lists[0] ?? [0]);
  if (form < 8) return { input: { [field]: wrong, ...more }, bytes };
  return pick<() => Given>(random, [
    () => ({ input: { [field]: Array(pick(random, [1, 2 ** 10, 2 ** 32 - 1])), ...more }, bytes }),
    () => ({ input: { [field]: { ...right, length: right.length }, ...more }, bytes }),
    () => ({ input: { [field]: new Set(right) }, bytes }),
    () => ({
      input: { [field]: right, ...more, names: pick(random, hostile()), hidden: pick(random, hostile()) },
      bytes,
    }),
    () => ({ input: Object.assign(Object.create(null), { [field]: right, ...more }), plain, bytes }),
    () => ({ input: { [field]: pick(random, hostile()), ...more }, bytes }),
  ])();
}

export function rows(random: Random): Given {
  const lists = Array.from({ length: random(40) }, () => numbers(random, 4));
  const names = lists.map((_, i) => pick(random, ["", "\ud800", "a", "\0", "👩‍👧", "\n", `row ${i}`]));
  return listed(random, "rows", lists, random(2) ? { names } : {});
}

export function cloud(random: Random): Given {
  const lists = random(3)
    ? clouds.cloud(random(60), 1 + random(999))
    : Array.from({ length: random(60) }, () => numbers(random, 3));
  const hidden = Array.from({ length: random(4) }, () => random(8) - 1);
  return listed(random, "points", lists, random(4) ? {} : { hidden });
}

/** Pixels of an image whose sides are few, and what is nearly that. */
export function image(random: Random): Given {
  const side = () => 1 + random(pick(random, [3, 40, 200]));
  const [width, height] = [side(), side()];
  const channels = pick(random, [1, 3, 4]);
  const n = width * height * channels;
  const data = Uint8Array.from({ length: n }, () => random(256));
  const plain = { data, width, height };
  const offset = () => {
    const buffer = new Uint8Array(n + 7);
    buffer.set(data, 3);
    return buffer.subarray(3, n + 3);
  };
  const shared = () => {
    const own = new Uint8Array(new SharedArrayBuffer(n));
    own.set(data);
    return own;
  };
  const detached = Uint8Array.from(data);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const forged = { length: n, [Symbol.toStringTag]: "Uint8Array" };
  let reads = 0;
  const read = (...sides: unknown[]) => ({ get: () => sides[Math.min(reads++, sides.length - 1)], enumerable: true });
  const right: (() => unknown)[] = [
    () => ({ data: new Uint8ClampedArray(data), width, height }),
    () => ({ data: offset(), width, height }),
    () => ({ data: shared(), width, height }),
    () => ({ data: Buffer.from(data), width, height }),
    () => Object.assign(Object.create(null), plain),
    () => Object.assign(Object.create(plain), {}),
    () => Object.assign(data.slice(), { data, width, height }),
  ];
  const wrong: (() => unknown)[] = [
    () => ({ data, width: height + 1, height: width }),
    () => ({ data, width: pick<unknown>(random, [0, -1, 0.5, NaN, 2 ** 31, 2 ** 53, "3", null, 1n, {}]), height }),
    () => ({ data: new Uint8Array(0), width: 0, height }),
    () => ({ data: detached, width, height }),
    () => ({ data: data.subarray(0, -1), width, height }),
    () => ({ data: Array.from(data), width, height }),
    () => ({ data: Float32Array.from(data), width, height }),
    () => ({ data: new Int8Array(data), width, height }),
    () => ({ data: new Uint16Array(data), width, height }),
    () => ({ data: data.buffer, width, height }),
    () => ({ data: forged, width, height }),
    () => ({ data: new Proxy(data, {}), width, height }),
    () => ({ data: pick(random, hostile()), width, height }),
    () => Object.defineProperty({ data, height }, "width", read(width, 0)),
    () => Object.defineProperty({ width, height }, "data", read(data, data, new Uint8Array(1))),
    () => data,
    () => detached,
    () => detached.buffer,
    () => shared(),
    () => new Blob([data]),
    () => new Blob([]),
    () => Object.assign(new Blob(["x"]), { arrayBuffer: () => pick(random, hostile()) }),
    () =>
      Object.assign(new Blob(["x"]), {
        arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")),
      }),
    () => new Uint8Array([0x89, 0x50, 0x4e, 0x47]),
    () => ({ width, height, close() {} }),
    () => ({ width, height, close: 1 }),
  ];
  const bytes = 4 * n;
  return random(3) ? { input: pick(random, right)(), plain, bytes } : { input: pick(random, wrong)(), bytes };
}
