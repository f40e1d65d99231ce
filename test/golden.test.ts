// The whole engine against PyTorch in float64 (test/reference): 60 sentences of our own on the shipped model, and tiny
// random checkpoints written by transformers, under six methods at three reading points, on every backend.
//
// Bounds, as shares of Σ|R| or of Σ_t|R_t| + Σ|other entries| (the ledger's size): relevance and entries 1e-5, residual
// 2e-6; logits 1e-4 absolute. What was measured is printed by each test. Where the norm annihilates relevance only
// rounding is left: 1.5e-6 of the size in PyTorch's own float32, up to 2.1e-6 on SwiftShader; the bound there is 5e-6.
// A contrast is one class's relevance less another's, which may cancel, and is as exact as the two are: its share is of
// both classes' Σ|R|, where at most 9.2e-7 was measured, and the bound is 5e-6.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation, Ledger } from "../src/explain/explanation.ts";
import type { ExplainOptions } from "../src/explain/options.ts";
import type { ReadingPoint } from "../src/models/family.ts";
import { methods, type PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places } from "./support.ts";

interface Golden {
  relevance: number[];
  ledger: number[];
}

interface Case {
  model?: string;
  text: string;
  ids: number[];
  offsets: (number[] | null)[];
  logits: number[];
  target: number;
  methods: Record<string, Record<ReadingPoint, Golden>>;
}

interface Extra extends Golden {
  case: number;
  method: PropagationMethod;
  at: ReadingPoint;
  target: number;
  contrast: number | null;
  epsilon: number;
}

interface Reference {
  /** Of the shipped model's weights, when the numbers were made. */
  sha256?: string;
  points: ReadingPoint[];
  entries: (keyof Ledger)[];
  cases: Case[];
  extras: Extra[];
}

const read = (name: string): Reference =>
  JSON.parse(readFileSync(new URL(`reference/${name}`, import.meta.url), "utf8"));
const golden = read("golden.json");
const tiny = read("tiny.json");
const full = globalThis.process?.env?.RELPROP_FULL === "1";

/** Nothing but rounding is left of these: the norm right above annihilates them, and the result must say so. */
const annihilated = (method: string, at: ReadingPoint) =>
  at === "embedding-sum" && (method === "lrp-ah" || method === "gradient-x-input");

const sum = (values: number[]) => values.reduce((a, b) => a + Math.abs(b), 0);

/** max |ΔR| */
const apart = (a: number[], b: number[]) => Math.max(...a.map((r, i) => Math.abs(r - b[i])));

const relevances = ({ tokens }: Explanation) => tokens.map(({ relevance }) => relevance);

const firsts = new Map<string, number[]>();

/** Worst deviations seen, each as a share of its bound's denominator. */
class Worst {
  readonly seen = { logits: 0, relevance: 0, entries: 0, residual: 0, noise: 0, across: 0 };

  raise(name: keyof Worst["seen"], value: number, bound: number, where: string): void {
    this.seen[name] = Math.max(this.seen[name], value);
    assert.ok(value <= bound, `${where}: ${name} off by ${value}, allowed ${bound}`);
  }

  /** `classes`: of a contrast, what its two classes' own relevance adds up to. */
  check(actual: Explanation, expected: Golden, entries: (keyof Ledger)[], where: string, classes?: number): void {
    const mine = relevances(actual);
    const [scale, bound] = classes ? [classes, 5e-6] : [sum(expected.relevance), 1e-5];
    const others = entries.filter((name) => !["logit", "tokens", "residual"].includes(name));
    const size = sum(expected.relevance) + sum(others.map((name) => expected.ledger[entries.indexOf(name)]));
    const lost = annihilated(actual.method, actual.at);
    if (!lost) {
      this.raise("relevance", apart(mine, expected.relevance) / scale, bound, where);
      // The first backend's result is what the others are compared with.
      const key = JSON.stringify([
        actual.model,
        actual.text,
        actual.composite,
        actual.at,
        actual.target.label,
        actual.contrast?.label,
      ]);
      const first = firsts.get(key) ?? mine;
      firsts.set(key, first);
      this.raise("across", apart(mine, first) / scale, bound, where);
    }
    assert.is(actual.warnings.length > 0, lost && actual.method !== "custom", `${where}: ${actual.warnings}`);
    for (const name of entries) {
      if (name === "residual") continue;
      const off = Math.abs(actual.ledger[name] - expected.ledger[entries.indexOf(name)]);
      this.raise("entries", off / size, 1e-5, `${where}, ${name}`);
    }
    const own = sum(mine) + sum(others.map((name) => actual.ledger[name]));
    const share = Math.abs(actual.ledger.residual) / own;
    if (lost) this.raise("noise", share, 5e-6, where);
    else this.raise("residual", share, 2e-6, where);
  }
}

async function compare(model: Model, cases: Case[], { points, entries }: Reference): Promise<Worst> {
  const worst = new Worst();
  for (const { text, ids, offsets, logits, target, methods } of cases) {
    for (const method of Object.keys(methods) as PropagationMethod[]) {
      const results = await model.explain(text, { method, at: points });
      for (const result of results) {
        const where = `${model.backend}, ${method} at ${result.at}, ${JSON.stringify(text)}`;
        assert.equal(
          result.tokens.map(({ id }) => id),
          ids,
          where,
        );
        assert.equal(
          result.tokens.map(({ start, end }) => (start === null ? null : [start, end])),
          offsets,
          where,
        );
        assert.is(result.target.index, target, where);
        const off = Math.max(...result.classes.map(({ logit }, c) => Math.abs(logit - logits[c])));
        worst.raise("logits", off, 1e-4, where);
        worst.check(result, methods[method][result.at], entries, where);
      }
    }
  }
  return worst;
}

async function extras(model: Model, reference: Reference, of: (one: Case) => boolean): Promise<Worst> {
  const worst = new Worst();
  for (const [i, extra] of reference.extras.entries()) {
    if (!full && model.backend === "webgpu" && i % 4) continue; // software adapters are slow
    const { text, ...rest } = reference.cases[extra.case];
    if (!of({ text, ...rest })) continue;
    const linear = ["epsilon", { eps: extra.epsilon }] as const;
    const options: ExplainOptions & { at: ReadingPoint } = {
      method: extra.epsilon ? { ...methods.get(extra.method), linear } : extra.method,
      at: extra.at,
      target: extra.target,
      contrast: extra.contrast ?? undefined,
    };
    const result = await model.explain(text, options);
    let classes: number | undefined;
    if (extra.contrast !== null) {
      const each = { ...options, target: [extra.target, extra.contrast], contrast: undefined };
      classes = sum((await model.explain(text, each)).flatMap(relevances));
    }
    const where = `${model.backend}, ${extra.method} at ${extra.at}, ε ${extra.epsilon}, ${extra.target} − ${extra.contrast}`;
    const lost = annihilated(extra.method, extra.at);
    if (lost && extra.epsilon) continue; // a custom composite that is annihilated all the same
    worst.check(result, extra, reference.entries, where, classes);
  }
  return worst;
}

const weights = suite("golden numbers");

weights("they are the shipped weights' own", async () => {
  const bytes = readFileSync(new URL("../models/sst2-tiny/model.safetensors", import.meta.url));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  assert.is(Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(""), golden.sha256);
});

weights.run();

for (const place of places) {
  const test = suite(`golden numbers on ${place.backend}`);
  const directory = (path: string) => new URL(`../${path}/`, import.meta.url);

  test("the shipped model, own sentences × six methods × three reading points", async () => {
    const model = await load(directory("models/sst2-tiny"), place);
    const chosen = full || place.backend === "wasm" ? golden.cases : golden.cases.filter((_, i) => i % 5 === 0);
    const { seen } = await compare(model, chosen, golden);
    console.log(`\n${place.backend}, ${chosen.length} sentences:`, seen);
    await model.dispose();
  });

  test("the shipped model: other classes, contrasts and the ε rule", async () => {
    const model = await load(directory("models/sst2-tiny"), place);
    console.log(`\n${place.backend}:`, (await extras(model, golden, () => true)).seen);
    await model.dispose();
  });

  for (const name of new Set(tiny.cases.map((one) => one.model!))) {
    test(`${name}, a random checkpoint`, async () => {
      const model = await load(directory(`test/reference/tiny/${name}`), place);
      const mine = (one: Case) => one.model === name;
      console.log(`\n${place.backend}, ${name}:`, (await compare(model, tiny.cases.filter(mine), tiny)).seen);
      console.log("other classes, contrasts, ε:", (await extras(model, tiny, mine)).seen);
      await model.dispose();
    });
  }

  test.run();
}
