// What is explained beside logits: gradients against finite differences in float64, and explanations against the sum of
// those of all classes by the same weights, for the walk back is linear in its seed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { objectiveGradient, resolvedWeights } from "../src/explain/objective.ts";
import type { Objective } from "../src/explain/options.ts";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { code, relevance } from "./shipped.ts";
import { places, random } from "./support.ts";

const folder = new URL("reference/tiny/silu-5-labels/", import.meta.url);
const test = suite("functions of logits");

const softmax = (logits: number[]) => {
  const e = logits.map(Math.exp);
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};

/** Each by its definition, slowly; what softmax-contrast weighs with is that of `where`. */
function value(of: Objective, logits: number[], wanted: number[], where: number[], other: number[]): number {
  if (typeof of === "object") return logits.reduce((sum, f, c) => sum + (f - other[c]) ** 2, 0);
  if (of === "log-probability") {
    return softmax(logits).reduce((sum, p, c) => sum + wanted[c] * Math.log(p), 0);
  }
  const target = wanted.indexOf(1);
  const p = softmax(where);
  const others = p.map((q, c) => (c === target ? 0 : q / (1 - p[target])));
  return logits[target] - logits.reduce((sum, f, c) => sum + others[c] * f, 0);
}

test("gradients are what finite differences say", () => {
  const seed = 3;
  console.log(`seed ${seed}`);
  for (let round = 0; round < 20; round++) {
    const draw = [...random(10, seed + round)].map((v) => 4 * v);
    const [logits, other] = [draw.slice(0, 5), draw.slice(5)];
    for (const wanted of [
      [0, 1, 0, 0, 0],
      [1, 0, 0, -1, 0],
    ]) {
      for (const what of ["log-probability", "softmax-contrast", { distance: "" }] as Objective[]) {
        if (what === "softmax-contrast" && wanted.includes(-1)) continue;
        const found = objectiveGradient(what, logits, wanted, typeof what === "object" ? other : undefined);
        assert.ok(Math.abs(found.value - value(what, logits, wanted, logits, other)) < 1e-12);
        const h = 1e-5;
        logits.forEach((_, c) => {
          const moved = (by: number) => logits.map((f, k) => f + (k === c ? by : 0));
          const rise = value(what, moved(h), wanted, logits, other) - value(what, moved(-h), wanted, logits, other);
          assert.ok(Math.abs(found.gradient[c] - rise / (2 * h)) < 1e-8, `${JSON.stringify(what)}, class ${c}`);
        });
      }
    }
  }
});

test("the top class is the best of those without a weight", () => {
  assert.equal([...resolvedWeights(Float32Array.of(0, 0, 0, 1), [1, 3, 2])], [0, 1, 0]);
  assert.equal([...resolvedWeights(Float32Array.of(0, -1, 0, 1), [1, 3, 2])], [0, -1, 1]);
  assert.equal([...resolvedWeights(Float32Array.of(0, 1, 0, 0), [1, 3, 2])], [0, 1, 0]);
});

for (const place of places) {
  test(`explanations are sums of the classes' own, on ${place.backend}`, async () => {
    const model = await load(folder, place);
    const texts = ["one plus one is two", "10 - 7 = 3"];
    const classes = await model.explain(texts, { target: model.labels });
    const method: PropagationMethod[] = ["cp-lrp", "attn-lrp"];
    for (const what of ["log-probability", "softmax-contrast", { distance: "not ten" }] as Objective[]) {
      const found = await model.explain(texts, { objective: what, target: [model.labels[1], model.labels[3]], method });
      for (const [i, all] of found.entries()) {
        assert.equal(
          all.map((e) => e.method),
          ["cp-lrp", "cp-lrp", "attn-lrp", "attn-lrp"],
        );
        for (const explanation of all.slice(0, 2)) {
          const { gradient = [], value: told } = explanation.explained!;
          const logits = explanation.classes.map(({ logit }) => logit);
          const wanted = logits.map((_, c) => Number(explanation === all[0] ? c === 1 : c === 3));
          const other = (await model.predict("not ten")).classes.map(({ logit }) => logit);
          assert.ok(Math.abs(told - value(what, logits, wanted, logits, other)) < 1e-4);
          if (typeof what === "string") assert.is(explanation.target.index, explanation === all[0] ? 1 : 3);
          const { ledger, tokens } = explanation;
          const scale = classes[i].reduce((n, e, c) => n + Math.abs(gradient[c]) * size(relevance(e)), 0);
          assert.ok(Math.abs(ledger.logit - gradient.reduce((n, g, c) => n + g * logits[c], 0)) < 1e-5 * scale);
          assert.ok(Math.abs(ledger.residual) < 2e-6 * (scale + size(Object.values(ledger))));
          tokens.forEach((token, t) => {
            const sum = gradient.reduce((n, g, c) => n + g * classes[i][c].tokens[t].relevance, 0);
            assert.ok(Math.abs(token.relevance - sum) < 1e-5 * scale, `${JSON.stringify(what)}, token ${t}`);
          });
        }
      }
    }
    await model.dispose();
  });
}

const size = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

test("classes that the last token tells need no masked word", async () => {
  const model = await load(new URL("reference/families/gpt2-sequence/", import.meta.url), places[0]);
  const text = "a small text";
  const { explained, ledger, target } = await model.explain(text, { objective: "log-probability", target: 0 });
  const logits = (await model.predict(text)).classes.map(({ logit }) => logit);
  const wanted = logits.map((_, c) => Number(c === 0));
  const expected = value("log-probability", logits, wanted, logits, []);
  assert.is(target.index, 0);
  assert.ok(Math.abs(explained!.value - expected) < 1e-6, `${explained!.value}, ${expected}`);
  const size = Object.values(ledger).reduce((sum, v) => sum + Math.abs(v), 0);
  assert.ok(Math.abs(ledger.residual) < 2e-6 * size);
  await model.dispose();
});

test("what there is not is refused", async () => {
  const model = await load(folder, { backend: "wasm" });
  const asks = (options: object) => code(model.explain("one", options));
  assert.is(await asks({ objective: "probability" }), "InvalidOption");
  assert.is(await asks({ objective: { distance: 3 } }), "InvalidInput");
  assert.is(await asks({ objective: { distance: "one" } }), "InvalidOption", "it is the same text");
  assert.is(await asks({ objective: "softmax-contrast", target: 0, contrast: 1 }), "InvalidOption");
  assert.is(await asks({ objective: "log-probability", method: "occlusion" }), "InvalidOption");
  assert.is(await asks({ objective: "logit" }), "none");
  await model.dispose();
});

test.run();
