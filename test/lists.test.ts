// Lists of texts, methods, targets, contrasts and reading points against each alone: the same numbers, in a stated order.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../src/backends/backend.ts";
import { bucketByLength } from "../src/engine/batches.ts";
import { PlanCache } from "../src/engine/plan_cache.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import type { ExplainLists, ExplainOptions } from "../src/explain/options.ts";
import type { Plan } from "../src/graph/plan.ts";
import { input } from "../src/graph/tensor.ts";
import type { ReadingPoint } from "../src/models/family.ts";
import { activations } from "../src/ops/activation.ts";
import { methods, type PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { apart, code, folder, size, texts } from "./shipped.ts";
import { places } from "./support.ts";

const labelled = new URL("reference/tiny/silu-5-labels/", import.meta.url);
const points: readonly ReadingPoint[] = ["words", "embeddings", "embedding-sum"];

/** Bitwise in WASM's kernels; on a GPU to 1e-6 of Σ|R|, and where the norm leaves nothing but rounding of the ledger. */
function same(model: Model, got: Explanation, alone: Explanation, what: string): void {
  if (model.backend === "wasm") {
    assert.equal(got, alone, what);
    return;
  }
  for (const key of ["text", "method", "at", "composite", "warnings"] as const)
    assert.equal(got[key], alone[key], what);
  assert.is(got.target.index, alone.target.index, what);
  assert.is(got.contrast?.index, alone.contrast?.index, what);
  const scale = size(alone) + Math.abs(alone.ledger.logit);
  const off = apart(got, alone) * (size(alone) / scale);
  assert.ok(off <= 1e-6, `${what}: ${off}`);
}

/** logit = tokens + … + residual, and the residual is rounding, of which there is more where a norm annihilates all else. */
function closes({ ledger, tokens, warnings }: Explanation, what: string): void {
  const { logit, residual, ...rest } = ledger;
  const entries = Object.values(rest);
  const total = entries.reduce((a, b) => a + b, 0);
  const scale = entries.reduce((n, v) => n + Math.abs(v), 0) + tokens.reduce((n, t) => n + Math.abs(t.relevance), 0);
  assert.ok(Math.abs(logit - total - residual) <= 1e-6 * scale, what);
  assert.ok(Math.abs(residual) <= (warnings.length ? 1e-5 : 2e-6) * scale, `${what}: residual ${residual} of ${scale}`);
}

for (const place of places) {
  const test = suite(`lists on ${place.backend}`);

  test("methods, targets and reading points in one run, of several texts", async () => {
    const model = await load(labelled, place);
    const all: PropagationMethod[] = place.backend === "wasm" ? [...methods.keys()] : ["cp-lrp", "attn-lrp"]; // software adapters are slow
    const asked = { method: all, target: [...model.labels, undefined], at: points, layers: true };
    const some = texts.slice(0, place.backend === "wasm" ? 3 : 2);
    const together = await model.explain(some, asked);
    for (const [i, text] of some.entries()) {
      assert.is(together[i].length, all.length * (model.labels.length + 1) * points.length);
      const rest = together[i].values();
      for (const method of all) {
        for (const target of [...model.labels, undefined]) {
          const alone = await model.explain(text, { method, target, at: points, layers: true });
          for (const [j, one] of alone.entries()) {
            const got: Explanation = rest.next().value!;
            const what = `${method}, ${target}, ${points[j]}`;
            assert.equal([got.method, got.at], [method, points[j]]);
            assert.is(got.target.label, target ?? one.target.label);
            same(model, got, one, what);
            closes(got, what);
            assert.is(got.layers?.length, one.layers?.length);
          }
        }
      }
    }
    await model.dispose();
  });

  test("pairs of targets and contrasts", async () => {
    const model = await load(labelled, place);
    const [a, b, c] = model.labels;
    const cases: [ExplainLists, [string | undefined, string | undefined][]][] = [
      [{ target: [a, b], contrast: [c, a] }, [[a, c], [b, a]]], // biome-ignore format: pairs
      [{ target: [a, b], contrast: c }, [[a, c], [b, c]]], // biome-ignore format: pairs
      [{ target: a, contrast: [b, c] }, [[a, b], [a, c]]], // biome-ignore format: pairs
      [{ contrast: [b, c] }, [[undefined, b], [undefined, c]]], // biome-ignore format: pairs
      [{ target: [a], contrast: [b] }, [[a, b]]],
      [{ target: [a] }, [[a, undefined]]],
    ];
    for (const [asked, pairs] of cases) {
      const got = await model.explain(texts[0], asked);
      assert.is(got.length, pairs.length);
      for (const [i, [target, contrast]] of pairs.entries()) {
        const alone = await model.explain(texts[0], { target, contrast });
        same(model, got[i], alone, `${target} − ${contrast}`);
        closes(got[i], `${target} − ${contrast}`);
      }
    }
    const wrong: ExplainLists[] = [
      { target: [a, b, c], contrast: [a, b] },
      { target: [a, b], contrast: [b, b] },
      { target: [a, "nobody"] },
      { method: ["cp-lrp", "lrp" as "lrp-ah"] },
      { method: [null as unknown as "cp-lrp"] },
      { at: ["words", "logits" as ReadingPoint] },
    ];
    for (const asked of wrong) assert.is(await code(model.explain("a", asked)), "InvalidOption", JSON.stringify(asked));
    for (const asked of [{ method: [] }, { target: [] }, { contrast: [] }, { at: [] }]) {
      assert.is(await code(model.explain(texts.slice(0, 2), asked)), "InvalidOption", JSON.stringify(asked));
    }
    await model.dispose();
  });

  test("more targets than a run takes", async () => {
    const model = await load(labelled, place);
    const text = "word ".repeat(model.maxTokens - 2).trim();
    const n = Math.ceil((2.1 * (place.backend === "wasm" ? 512 : 2048)) / model.maxTokens);
    const target = Array.from({ length: n }, (_, i) => i % model.labels.length);
    const method: PropagationMethod[] = place.backend === "wasm" ? ["cp-lrp", "attn-lrp"] : ["cp-lrp"];
    const got = await model.explain(text, { target, method });
    assert.is(got.length, method.length * n);
    for (const [m, name] of method.entries()) {
      const alone = await model.explain(text, { target: [...model.labels.keys()], method: name });
      for (const [i, c] of target.entries()) same(model, got[m * n + i], alone[c], `${name}, ${i}`);
    }
    await model.dispose();
  });

  test("many ragged texts, in their order", async () => {
    const model = await load(folder, place);
    const words = texts[3].split(" ");
    const many = Array.from({ length: place.backend === "wasm" ? 60 : 12 }, (_, i) => {
      return words.slice(0, 1 + ((i * 7) % words.length)).join(" ").repeat(1 + (i % 4)); // biome-ignore format: one text
    });
    const options: ExplainOptions = { method: "attn-lrp" };
    const [explained, predicted] = await Promise.all([model.explain(many, options), model.predict(many)]);
    for (const [i, text] of many.entries()) {
      same(model, explained[i], await model.explain(text, options), text);
      assert.is(predicted[i].text, text);
      assert.ok(Math.abs(predicted[i].classes[0].logit - explained[i].classes[0].logit) < 1e-5);
    }
    await model.dispose();
  });

  test("an abort between batches", async () => {
    const model = await load(folder, place);
    const abort = new AbortController();
    const many = Array.from({ length: 5000 }, () => texts[0]);
    const outcome = code(model.explain(many, { signal: abort.signal }));
    setTimeout(() => abort.abort(), 1);
    assert.is(await outcome, "Aborted");
    assert.is((await model.explain(texts[0])).text, texts[0]);
    await model.dispose();
  });

  test.run();
}

const seed = 7;
const relu = activations.get("relu")!;
const test = suite(`batches (fast-check with seed ${seed})`);

test("texts of like length together, each once, none padded by more than an eighth and a bucket", () => {
  const property = fc.property(fc.array(fc.integer({ min: 1, max: 509 })), (lengths) => {
    const batches = bucketByLength(lengths, 509);
    const all = batches.flatMap(({ texts }) => texts);
    assert.equal(
      [...all].sort((a, b) => a - b),
      [...lengths.keys()],
    );
    for (const { t, texts } of batches) {
      assert.ok(t === 509 || t % 8 === 0);
      for (const i of texts) assert.ok(lengths[i] <= t && t * (7 / 8) < lengths[i] + 8, `${lengths[i]} at ${t}`);
    }
  });
  fc.assert(property, { seed });
});

test("programs: kept by key, the least recently used freed, none of more work buffers than wanted", async () => {
  const alive = new Set<string>();
  const backend = {
    prepare: async ({ inputs }: Plan) => {
      const [name] = Object.keys(inputs);
      alive.add(name);
      return { bytes: 2 ** 27, dispose: () => alive.delete(name) };
    },
  } as unknown as Backend;
  const plans = new PlanCache(backend);
  let traced = 0;
  const get = (name: string, most = Infinity) => {
    const trace = () => {
      traced++;
      return { outputs: { y: relu(input(name, [1, 100])) } };
    };
    return plans.get(name, trace, most);
  };
  assert.is(await get("a", 799), undefined); // its input and its output take 400 bytes each
  assert.equal([...alive], []);
  const a = await get("a", 800);
  for (const name of ["b", "c", "d"]) await get(name);
  assert.is(await get("a"), a);
  assert.is(traced, 5);
  await get("e"); // a fifth of 2^27 bytes: the oldest but for "a" goes
  assert.equal([...alive].sort(), ["a", "c", "d", "e"]);
  plans.dispose();
  assert.is(alive.size, 0);
});

test.run();
