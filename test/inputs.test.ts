// What is given is read once and by its places, whatever else it can do; what cannot be read has a code.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load, type Model, RelpropError } from "../src/index.ts";
import { looped, stored } from "./fuzz/shared/models.ts";
import * as clouds from "./point-models.ts";

const test = suite("inputs");

const models: Record<"text" | "rows" | "points" | "image", Model> = {} as never;
test.before(async () => {
  const sources = {
    text: stored("bert-sequence"),
    rows: looped,
    points: clouds.model().files,
    image: stored("vit-image"),
  };
  for (const [kind, source] of Object.entries(sources))
    models[kind as "text"] = await load(source, { backend: "wasm", deterministic: true });
});
test.after(async () => {
  for (const model of Object.values(models)) await model.dispose();
});

async function code(running: Promise<unknown>): Promise<string> {
  try {
    await running;
    return "right";
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
}

/** Yields what does not lie at its places. */
const liar = <T extends object>(list: T, ...yields: unknown[]): T =>
  Object.assign(list, { [Symbol.iterator]: () => yields[Symbol.iterator]() });

/** Something else when read again. */
function changing<T>(list: T[], later: unknown): T[] {
  const seen = new Set<PropertyKey>();
  const get = (target: T[], name: PropertyKey) => {
    if (typeof name !== "string" || !/^\d+$/.test(name)) return Reflect.get(target, name);
    if (seen.has(name)) return later;
    seen.add(name);
    return Reflect.get(target, name);
  };
  return new Proxy(list, { get });
}

function revoked(list: object): never {
  const { proxy, revoke } = Proxy.revocable(list, {});
  revoke();
  return proxy as never;
}

function detached(n: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(n);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

test("lists are read by their places: iterators say nothing", async () => {
  const { rows, points, text } = models;
  const row = [1, 2, 3, 4];
  const empty = { length: 4 } as unknown as number[];
  assert.is(await code(rows.predict({ rows: [liar(empty, ...row)] })), "InvalidInput");
  const right = await rows.predict({ rows: [row, row] });
  assert.equal(await rows.predict({ rows: [liar([...row], 5), row] }), right);
  assert.equal(await rows.predict({ rows: liar([row, row], row) }), right);
  assert.equal(await rows.predict(liar([{ rows: [row, row] }], {})), [right]);

  const cloud = clouds.cloud(20, 1);
  const three = { length: 3 } as unknown as number[];
  assert.is(await code(points.predict({ points: [liar(three, 1, 2, 3), ...cloud] })), "InvalidInput");
  const told = await points.predict({ points: cloud });
  assert.equal(await points.predict({ points: liar(cloud.map((p) => liar([...p], "x"))) }), told);
  const texts = await text.predict(["a text", "good"]);
  assert.equal(await text.predict(liar(["a text", "good"], 1, 2, 3)), texts);
});

test("lists are read once: what is checked is what runs", async () => {
  const { rows, points, text } = models;
  const right = await rows.predict({ rows: [[1, 2, 3, 4]], names: ["a"] });
  for (const later of [Number.NaN, "x", 1e39])
    assert.equal(await rows.predict({ rows: [changing([1, 2, 3, 4], later)], names: changing(["a"], 5) }), right);
  const cloud = clouds.cloud(20, 1);
  const told = await points.predict({ points: cloud });
  assert.equal(await points.predict({ points: cloud.map((p) => changing(p, Number.NaN)) }), told);
  const ids = [2, 5, 6, 3];
  const same = (await text.tokenize("a a")).length === ids.length;
  assert.ok(same, "a text of four tokens");
  const read = await text.predict({ text: "a a", ids });
  for (const later of [1e6, 0.5, -7, "x"])
    assert.equal(await text.predict({ text: "a a", ids: changing(ids, later) }), read);
});

test("what cannot be read has a code", async () => {
  const { rows, points, text, image } = models;
  const gone = Object.assign(new Blob(["x"]), { arrayBuffer: () => Promise.reject(new Error("the file is gone")) });
  const many = Array(2 ** 32 - 1) as never;
  const cases: [Model, unknown][] = [
    ...[detached(9), detached(9).buffer, gone, revoked({}), { data: revoked([]), width: 1, height: 1 }].map(
      (one): [Model, unknown] => [image, one],
    ),
    ...[{ rows: revoked([]) }, { rows: [revoked([])] }, { rows: [[1, 2, 3, 4]], names: revoked([]) }, revoked({})].map(
      (one): [Model, unknown] => [rows, one],
    ),
    ...[{ points: revoked([]) }, { points: clouds.cloud(20, 1), hidden: revoked([]) }].map((one): [Model, unknown] => [
      points,
      one,
    ]),
    ...[{ text: "a", ids: revoked([]) }, { text: "a", ids: many }, many, [undefined], revoked({}), null].map(
      (one): [Model, unknown] => [text, one],
    ),
  ];
  for (const [i, [model, given]] of cases.entries())
    for (const call of ["predict", "explain", "tokenize"] as const)
      assert.is(await code(model[call](given as never)), "InvalidInput", `case ${i}, ${call}`);
  // A list of holes is as long as it says at no cost.
  assert.is(await code(text.explain("a text", { target: many })), "InvalidOption");
});

test.run();
