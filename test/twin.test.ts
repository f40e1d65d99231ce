// The twin tested by itself: its functions and ops (test/twin/checks.ts), then whole models against finite differences of a
// forward that knows no backward, the papers' relevance walk, symmetries, and its own ledger. Prints the errors measured.

import { test } from "uvu";
import * as assert from "uvu/assert";
import "./twin/checks.ts";
import { derivative, report, SEEDS, within } from "./twin/measure.ts";
import { relevanceByPapers } from "./twin/papers.ts";
import { randomIds, randomModel } from "./twin/random.ts";
import { surrogate } from "./twin/surrogate.ts";
import {
  activations,
  add,
  distance,
  dot,
  type Explanation,
  explain,
  forward,
  type Method,
  type Model,
  methods,
  type Numbers,
  type Point,
  points,
  type Rules,
} from "./twin.ts";

const names = Object.keys(methods) as Method[];
const contrast = [-1, 1, 0];

/** Σ|R| + Σ|entries|, what errors of a ledger are measured against. */
function sizeOf({ ledger, relevance }: Explanation): number {
  const parts = [...relevance, ...Object.values({ ...ledger, logit: 0, tokens: 0 })];
  return parts.reduce((sum, value) => sum + Math.abs(value), 0);
}

const mixed: [string, Rules][] = [
  ["uniform context, gradient scores", { ...methods["attn-lrp"], scores: "gradient" }],
  ["gradient context, uniform scores", { ...methods["lrp-ln"], scores: "uniform" }],
];
const epsilon = names.map((name): [string, Rules] => [
  `${name} with ε`,
  { ...methods[name], linear: ["epsilon", 0.1] },
]);

test("the embeddings are word + position + type 0, and every tensor but the key biases moves the logits", () => {
  const model = randomModel(1);
  const ids = [5, 5, 29];
  const row = (kind: string, i: number) =>
    Float64Array.from(model.weights.get(`bert.embeddings.${kind}_embeddings.weight`)!.data).slice(i * 12, i * 12 + 12);
  const a = forward(model, ids);
  for (const [t, id] of ids.entries()) {
    const sum = add(row("word", id), add(row("position", t), row("token_type", 0)));
    assert.equal(a.sum.slice(t * 12, t * 12 + 12), sum);
  }
  for (const wanted of model.weights.keys()) {
    const other = edited(model, (name, data) => {
      if (name === wanted) data.set(data.map((value) => value * 1.1));
    });
    const moved = distance(forward(other, ids).logits, a.logits);
    // q·b_k is the same for every key of a row, and the softmax drops it.
    if (wanted.endsWith("key.bias")) within("key biases, change of the logits", moved, 1e-13);
    else assert.ok(moved > 1e-6, wanted);
  }
});

test("every rule set's gradient is the derivative of its surrogate, and every ledger closes", () => {
  const check = (model: Model, ids: number[], rules: Rules, at: Point, what: string) => {
    const found = explain(model, ids, contrast, { rules, at });
    const a = found.activations;
    const input = { embeddings: a.embeddings, "embedding-sum": a.sum, words: a.words }[at];
    const frozen = (moved: Numbers) => dot(surrogate(model, a, rules, at, moved), contrast);
    within("ledger residual / (Σ|R| + Σ|entries|)", Math.abs(found.ledger.residual) / sizeOf(found), 1e-12);
    within("surrogate at its base − logit", Math.abs(frozen(input) - found.ledger.logit), 1e-13);
    within(`${what}, by differences`, distance(found.gradient, derivative(frozen, input)), 1e-9);
  };
  const sets = [...Object.entries(methods), ...mixed, ...epsilon];
  for (const [index, [what, rules]] of sets.entries()) {
    const seed = SEEDS[index % SEEDS.length];
    const model = randomModel(seed, { eps: index % 2 ? 1e-5 : 1e-12 });
    for (const at of points) check(model, randomIds(seed, 3), rules, at, what);
  }
  for (const act of ["gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh"]) {
    for (const name of ["gradient-x-input", "attn-lrp"] as const) {
      check(randomModel(4, { act }), randomIds(4, 3), methods[name], "words", act);
    }
  }
});

test("gradient-x-input is the derivative of the plain forward, from the words", () => {
  for (const seed of SEEDS) {
    const model = randomModel(seed);
    const words = model.weights.get("bert.embeddings.word_embeddings.weight")!;
    const ids = [4, 9, 2, 7];
    const moved = (rows: Float64Array) => {
      const data = Float64Array.from(words.data);
      for (const [t, id] of ids.entries()) data.set(rows.subarray(t * 12, t * 12 + 12), id * 12);
      const weights = new Map(model.weights).set("bert.embeddings.word_embeddings.weight", { ...words, data });
      return dot(forward({ ...model, weights }, ids).logits, contrast);
    };
    const { gradient, activations: a } = explain(model, ids, contrast, {
      rules: methods["gradient-x-input"],
      at: "words",
    });
    within("gradient-x-input, plain forward", distance(gradient, derivative(moved, a.words)), 1e-9);
  }
});

test("cp-lrp's surrogate is affine: any step, its constant, and the deletion of a token", () => {
  const rules = methods["cp-lrp"];
  for (const seed of SEEDS) {
    const model = randomModel(seed);
    const ids = randomIds(seed, 6);
    const { gradient, relevance, ledger, activations: a } = explain(model, ids, contrast, { rules, at: "words" });
    const frozen = (input: Float64Array) => dot(surrogate(model, a, rules, "words", input), contrast);
    for (const [step, bound] of [
      [1e-3, 1e-10],
      [1, 1e-13],
      [1e3, 1e-13],
    ]) {
      within(`cp-lrp, step ${step}`, distance(derivative(frozen, a.words, step), gradient), bound);
    }
    const nothing = frozen(new Float64Array(a.words.length));
    within("cp-lrp, f(0) = logit − tokens", Math.abs(nothing - (ledger.logit - ledger.tokens)), 1e-12);
    for (const [t, R] of relevance.entries()) {
      const without = Float64Array.from(a.words).fill(0, t * 12, t * 12 + 12);
      within("cp-lrp, f without a token = logit − R", Math.abs(frozen(without) - (ledger.logit - R)), 1e-12);
    }
  }
});

test("the relevance walk of the papers gives the same, element by element", () => {
  for (const seed of SEEDS) {
    for (const act of ["gelu", "silu", "tanh"]) {
      const model = randomModel(seed, { act });
      for (const name of ["cp-lrp", "attn-lrp"] as const) {
        const found = explain(model, randomIds(seed, 7), [0, 1, 0], { rules: methods[name], at: "embeddings" });
        const R = found.gradient.map((g, i) => g * found.activations.embeddings[i]);
        const walked = relevanceByPapers(model, found.activations, [0, 1, 0], name);
        within(`${name}, relevance walk`, distance(walked, R), 1e-12);
      }
    }
  }
});

test("entries that are zero by rule; without bias cp-lrp's tokens are the whole logit", () => {
  const zeros: Partial<Record<Method, ("softmax" | "products" | "activations")[]>> = {
    "lrp-ah": ["softmax", "products"],
    "lrp-ah-ln": ["softmax", "products"],
    "cp-lrp": ["softmax", "products", "activations"],
    "attn-lrp": ["products", "activations"],
  };
  for (const seed of SEEDS) {
    const ids = randomIds(seed, 6);
    for (const name of names) {
      for (const at of points) {
        const { ledger } = explain(randomModel(seed), ids, contrast, { rules: methods[name], at });
        for (const entry of zeros[name] ?? []) assert.ok(ledger[entry] === 0, `${name} keeps nothing in ${entry}`);
        assert.ok(ledger.epsilon === 0);
        assert.is(ledger.constants !== 0, at === "words");
      }
    }
    for (const at of ["embeddings", "embedding-sum"] as const) {
      const plain = randomModel(seed, { bias: false });
      const { ledger } = explain(plain, ids, [1, 0, 0], { rules: methods["cp-lrp"], at });
      within("bias-free cp-lrp, tokens / logit − 1", Math.abs(ledger.tokens / ledger.logit - 1), 1e-12);
      assert.ok(ledger.biases === 0 && ledger.norms === 0);
    }
  }
});

test("padding changes nothing, and padded tokens have exactly no relevance", () => {
  for (const seed of SEEDS) {
    const model = randomModel(seed);
    const ids = randomIds(seed, 5);
    for (const name of names) {
      for (const at of points) {
        const rules = { ...methods[name], linear: ["epsilon", 0.01] as Rules["linear"] };
        const alone = explain(model, ids, contrast, { rules, at });
        for (const padded of [5, 6, 17]) {
          const found = explain(model, ids, contrast, { rules, at, padded });
          assert.is(found.relevance.length, padded);
          assert.ok(found.relevance.slice(5).every((R) => R === 0));
          const apart = found.relevance.slice(0, 5).map((R, t) => R - alone.relevance[t]);
          const entries = Object.keys(alone.ledger) as (keyof typeof alone.ledger)[];
          const moved = entries.map((entry) => found.ledger[entry] - alone.ledger[entry]);
          const most = Math.max(...[...apart, ...moved].map(Math.abs));
          within("padding, |change| / (Σ|R| + Σ|entries|)", most / sizeOf(alone), 1e-13);
        }
      }
    }
  }
});

test("symmetries: permuted and repeated tokens, a zero word, sums of seeds, permuted heads", () => {
  for (const seed of SEEDS) {
    const model = edited(randomModel(seed), (name, data) => {
      if (name.includes("position_embeddings")) data.fill(0);
      if (name.includes("word_embeddings")) data.fill(0, 3 * 12, 4 * 12); // word 3
    });
    const ids = [8, 5, 3, 11, 5];
    const order = [0, 4, 3, 1, 2];
    for (const name of names) {
      const run = (ids: number[], seed: number[], of = model) =>
        explain(of, ids, seed, { rules: methods[name], at: "words" });
      const { relevance, ledger } = run(ids, contrast);
      const shuffled = run(
        order.map((t) => ids[t]),
        contrast,
      );
      within(
        "permuted tokens",
        distance(
          shuffled.relevance,
          order.map((t) => relevance[t]),
        ),
        1e-11,
      );
      within("repeated tokens", Math.abs(relevance[1] - relevance[4]), 1e-12 * sizeOf(shuffled));
      assert.ok(relevance[2] === 0, "a word vector of zeros");
      const parts = add(run(ids, [-1, 0, 0]).relevance, run(ids, [0, 1, 0]).relevance);
      within("sum of seeds", distance(parts, relevance), 1e-12);
      const turned = run(ids, contrast, rotatedHeads(model, 4));
      within("permuted heads", distance(turned.relevance, relevance), 1e-11);
      within("permuted heads", Math.abs(turned.ledger.softmax - ledger.softmax), 1e-11 * sizeOf(turned));
    }
  }
});

test("a wrong formula, a missing tensor and an unknown activation are refused", () => {
  const model = randomModel(1);
  const at = { rules: methods["attn-lrp"], at: "words" as const };
  const { kept } = activations.gelu;
  activations.gelu.kept = (x) => kept(x) + 1e-6;
  try {
    assert.throws(() => explain(model, [1, 2], contrast, { ...at, rules: methods["lrp-ln"] }), /activation keeps/);
  } finally {
    activations.gelu.kept = kept;
  }
  assert.throws(() => explain(randomModel(1, { act: "prelu" }), [1, 2], contrast, at), /prelu/);
  model.weights.delete("bert.pooler.dense.weight");
  assert.throws(() => explain(model, [1, 2], contrast, at), /no tensor bert.pooler.dense.weight/);
});

/** A copy of the model with each tensor's data passed through `change`. */
function edited(model: Model, change: (name: string, data: Float64Array, columns: number) => void): Model {
  const weights = new Map(model.weights);
  for (const [name, { shape, data }] of model.weights) {
    const copy = Float64Array.from(data);
    change(name, copy, shape[1]);
    weights.set(name, { shape, data: copy });
  }
  return { ...model, weights };
}

/** The same model with its heads, of `size` each, in another order: rows of q, k, v and columns of the output linear. */
function rotatedHeads(model: Model, size: number): Model {
  return edited(model, (name, data, columns = 1) => {
    const from = Float64Array.from(data);
    const byRow = /self\.(query|key|value)\./.test(name);
    if (!byRow && !name.endsWith("attention.output.dense.weight")) return;
    const rows = data.length / columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const source = byRow ? ((r + size) % rows) * columns + c : r * columns + ((c + size) % columns);
        data[r * columns + c] = from[source];
      }
    }
  });
}

test.after(report);
test.run();
