// Inputs of every kind in every form, right and wrong: an answer that is finite, closes its ledger and speaks of the text that
// was given; an error with a code; or what the caller's own getter or proxy threw. Nothing that was given is changed.

import { inspect, types } from "node:util";
import { serialize } from "node:v8";
import * as assert from "uvu/assert";
import { type Explanation, load, type Model } from "../../src/index.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import * as clouds from "../point-models.ts";
import { closes } from "../systems.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";
import { hostile, Own } from "./shared/hostile.ts";
import { looped, stored } from "./shared/models.ts";
import { text, units } from "./shared/texts.ts";
import { cloud, type Given, image, rows } from "./shared/vectors.ts";

type Kind = "text" | "image" | "rows" | "points";

const vocabulary = 45; // of all families in test/reference
const families = [
  "bert-sequence",
  "albert-sequence",
  "xlm-roberta-sequence",
  "roberta-token",
  "bert-qa",
  "bert-mlm",
  "bert-embedding",
  "gpt2-lm",
];
/** `away` is in a worker. */
const models: { kind: Kind; model: Model; away: boolean }[] = [];

async function begin(): Promise<void> {
  const add = async (kind: Kind, source: Parameters<typeof load>[0], away = false) => {
    models.push({ kind, away, model: await load(source, { backend: "wasm", worker: away }) });
  };
  for (const family of families) await add("text", stored(family));
  await add("text", stored("bert-sequence"), true);
  await add("image", stored("vit-image"));
  await add("rows", looped);
  await add("points", clouds.model().files);
  await add("points", clouds.model({ rebuilds: true }).files);
}

async function end(): Promise<void> {
  for (const { model } of models.splice(0)) await model.dispose();
}

function textual(random: Random): Given {
  const own = random(4) ? text(random) : units(random);
  const pair = random(3) ? text(random, 10) : units(random);
  const bytes = 2 * (own.length + pair.length);
  const ids = Array.from({ length: random(9) }, () => random(vocabulary + 2) - 1);
  const odd = pick(random, hostile());
  let reads = 0;
  const forms: (() => Omit<Given, "bytes">)[] = [
    () => ({ input: own, plain: own }),
    () => ({ input: { text: own }, plain: own }),
    () => ({ input: Object.assign(Object.create(null), { text: own, pair }), plain: { text: own, pair } }),
    () => ({ input: Object.freeze({ text: own, pair }), plain: { text: own, pair } }),
    () => ({ input: new Proxy({ text: own }, {}), plain: own }),
    () => ({ input: { text: own, ids } }),
    () => ({ input: { text: "a", ids: Int32Array.from(ids) } }),
    () => ({ input: { text: "a", ids: changing([1, 2, 3], odd) } }),
    () => ({ input: { text: "a", ids: endless([1, 2, 3]) } }),
    () => ({ input: { text: "a", ids: Array(1 + random(9)) } }),
    () => ({ input: { text: own, pair: odd } }),
    () => ({ input: { text: odd, pair } }),
    () => ({ input: Object.defineProperty({}, "text", { enumerable: true, get: () => (reads++ ? odd : own) }) }),
    () => ({ input: new String(own) }),
  ];
  return { ...pick(random, random(2) ? forms.slice(0, 5) : forms)(), bytes };
}

/** A list that holds something else once it has been read once. */
function changing<T>(list: T[], odd: unknown): T[] {
  const seen = new Set<PropertyKey>();
  return new Proxy(list, {
    get(target, name) {
      if (typeof name !== "string" || !/^\d+$/.test(name)) return Reflect.get(target, name);
      if (seen.has(name)) return odd;
      seen.add(name);
      return Reflect.get(target, name);
    },
  });
}

/** A list that can be walked through for ever. */
function endless<T>(list: T[]): T[] {
  return Object.assign(list, {
    *[Symbol.iterator]() {
      for (;;) yield 1;
    },
  });
}

const makers = { text: textual, image, rows, points: cloud };

function given(random: Random, kind: Kind): Given {
  if (random(12) === 0) return { input: pick(random, hostile()), bytes: 0 };
  if (random(20) === 0) return makers[pick(random, Object.keys(makers) as Kind[])](random);
  return makers[kind](random);
}

/** Several inputs as a list, or as what is nearly one. */
function batch(random: Random, kind: Kind): Given {
  const some = Array.from({ length: random(4) }, () => given(random, kind));
  const list = some.map(({ input }) => input);
  const bytes = some.reduce((sum, one) => sum + one.bytes, 0);
  const plain = some.every((one) => one.plain !== undefined) ? some.map((one) => one.plain) : undefined;
  const forms: (() => Omit<Given, "bytes">)[] = [
    () => ({ input: list, plain }),
    () => ({ input: new Proxy(list, {}), plain }),
    () => ({ input: Object.assign(list, { length: list.length + 1 }) }),
    () => ({ input: endless(list), plain }),
    () => ({ input: changing(list, pick(random, hostile())) }),
    () => ({ input: new Set(list) }),
    () => ({ input: Array(pick(random, [1, 2 ** 20, 2 ** 32 - 1])) }),
  ];
  return { ...pick(random, random(3) ? forms.slice(0, 1) : forms)(), bytes };
}

// What is asked, and what the answers must be.

type Asked = { call: "tokenize" | "predict" | "explain" | "generate" | "diagnose"; options: object };

function asked(random: Random, { task }: Model): Asked {
  const truncate = random(5) > 0;
  const other = () => (random(3) ? text(random, 8) : pick(random, hostile()));
  const options: object[] = [
    ...[{}, {}, {}, {}],
    { method: pick(random, ["attn-lrp", "gradient-x-input", "cp-lrp"]) },
    { groups: pick(random, ["words", "sentences"]) },
    { layers: true, heads: true, pairs: true },
    { method: pick(random, ["saliency", "random", { name: "occlusion" }, "rollout"]) },
    { target: other() },
    { token: other() },
    ...(task === "embedding"
      ? [{ objective: { cosine: other() }, interactions: true }, { objective: { distance: other() } }]
      : []),
    ...(task === "causal-lm" ? [{ continuation: other() }, { continuation: other(), contrast: other() }] : []),
  ];
  if (task === "causal-lm" && random(4) === 0) {
    return { call: "generate", options: { maxNewTokens: 1 + random(3), explain: random(2) > 0 } };
  }
  const call = pick(random, ["tokenize", "predict", "explain", "explain", "explain", "diagnose"] as const);
  return { call, options: { truncate, ...(call === "explain" && pick(random, options)) } };
}

/** Offsets lie inside the text and split no pair of surrogates. */
function placed(whole: string, start: number | null, end: number | null): void {
  if (start === null || end === null) {
    assert.is(start, end);
    return;
  }
  assert.ok(Number.isInteger(start) && Number.isInteger(end), `${start} to ${end}`);
  assert.ok(0 <= start && start <= end && end <= whole.length, `${start} to ${end} of ${whole.length}`);
  for (const at of [start, end]) {
    assert.not.ok(
      /^[\ud800-\udbff][\udc00-\udfff]/.test(whole.slice(Math.max(0, at - 1), at + 1)) && at > 0,
      `${at} splits a pair`,
    );
  }
}

type Answer = Record<string, unknown>;
type Found = { id: number; text: string; start: number | null; end: number | null };

function checkTokens(whole: string | undefined, tokens: readonly Found[], kind: Kind): void {
  for (const { id, start, end } of tokens) {
    assert.ok(Number.isInteger(id) && id >= -1, `${id}`);
    if (kind === "text") assert.ok(id < vocabulary, `${id}`);
    if (whole !== undefined) placed(whole, start, end);
  }
}

function check(answer: Answer, { call }: Asked, kind: Kind, input: unknown): void {
  assert.not.match(
    JSON.stringify(answer, (_, v) => (typeof v === "number" && !Number.isFinite(v) ? "NOT FINITE" : v)),
    "NOT FINITE",
  );
  if (call === "tokenize") {
    checkTokens(undefined, answer as unknown as Found[], kind);
    return;
  }
  const whole = answer.text as string;
  const { text: own, pair } = (input ?? {}) as { text?: unknown; pair?: unknown };
  const texts = typeof input === "string" ? input : pair === undefined ? own : `${own}\n${pair}`;
  if (typeof texts === "string" && kind === "text" && call !== "generate" && !(answer.contrast && answer.explained))
    assert.ok(whole.startsWith(texts), "the text is not the one that was given");
  for (const name of ["tokens", "groups"]) {
    const list = name === "groups" ? ((answer.groups as { spans: Found[] }) ?? { spans: [] }).spans : answer[name];
    if (!Array.isArray(list)) continue;
    if (name === "tokens" && call !== "generate") checkTokens(whole, list, kind);
    else for (const { start, end } of list) if (start !== undefined) placed(whole, start, end);
  }
  if (call === "explain" && "ledger" in answer) closes(answer as unknown as Explanation, "fuzzed");
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Uint8Array.prototype];
const names = () => prototypes.map((one) => Reflect.ownKeys(one).map(String).join()).join();
const untouched = names();

type Call = (input: unknown, options: object) => Promise<Answer>;

/** What is given, as bytes; undefined of what may answer otherwise when it is read again, or holds what has no bytes. */
function snapshot(input: unknown): Buffer | undefined {
  try {
    return steady(input) ? serialize(input) : undefined;
  } catch {
    return undefined;
  }
}

/** Neither a proxy nor with getters, as deep as inputs are. */
function steady(value: unknown, depth = 6): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || !depth) return true;
  if (types.isProxy(value) || value instanceof Set) return false;
  const own = Object.values(Object.getOwnPropertyDescriptors(value));
  return own.every((field) => !field.get && steady(field.value, depth - 1));
}

export const fuzzer: Fuzzer = {
  begin,
  end,
  async one(random) {
    const { kind, model, away } = pick(random, models);
    const ask = asked(random, model);
    const several = ask.call !== "generate" && random(5) === 0;
    const prompt = ask.call === "generate" && random(3) > 0 ? text(random) : undefined;
    const { input, plain, bytes } =
      prompt !== undefined
        ? { input: prompt, plain: prompt, bytes: 2 * prompt.length }
        : several
          ? batch(random, kind)
          : given(random, kind);
    const call = (one: unknown) => (model[ask.call] as unknown as Call).call(model, one, ask.options);
    const before = snapshot(input);
    let answer: Answer | undefined;
    try {
      const what = await coded(async () => {
        answer = await call(input);
      });
      assert.equal(names(), untouched, "a prototype was changed");
      if (before) assert.ok(before.equals(snapshot(input)!), "the input was changed");
      if (answer) {
        const list = Array.isArray(input) && ask.call !== "generate";
        const all = list ? (answer as unknown as (Answer | Answer[])[]) : [answer];
        all.forEach((one, i) => {
          const mine = before && (list ? (input as unknown[])[i] : input);
          for (const each of ask.call === "explain" ? [one].flat() : [one]) check(each as Answer, ask, kind, mine);
        });
      }
      // Proxies cross to no worker.
      const same = !("continuation" in ask.options || ask.call === "generate") || typeof input === "string"; // they take strings alone
      if (plain !== undefined && same && !(away && what === "InvalidOption")) {
        let right: Answer | undefined;
        const expected = await coded(async () => {
          right = await call(plain);
        });
        assert.is(what, expected, "another form of the same input");
        assert.equal(answer, right);
      }
      return { bytes: bytes + 2 ** 16, what: `${ask.call} ${what}` };
    } catch (error) {
      if (error instanceof Own) return { bytes: 0, what: "the caller's own" };
      const what = `${ask.call} ${JSON.stringify(ask.options)} of ${model.type} ${model.task}: ${inspect(input)}`;
      throw Object.assign(new Error(`${error}; ${what.slice(0, 2000)}`), { stack: (error as Error).stack });
    }
  },
};
