// The three-block architecture of Ali et al. as they published it, against PyTorch in float64 (test/reference/ali.py), on
// every backend. Bound: 1e-5 of Σ|R|; what was measured is printed.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation } from "../src/explain/explanation.ts";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

interface Case {
  text: string;
  ids: number[];
  logits: number[];
  target: number;
  methods: Record<string, number[]>;
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync(new URL("reference/ali.json", import.meta.url), "utf8"));
const folder = new URL("reference/tiny/ali/", import.meta.url);
const sum = (values: number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

for (const place of places) {
  const test = suite(`the classifier of Ali et al. on ${place.backend}`);

  test("relevance is PyTorch's, alone and beside longer texts", async () => {
    const model = await load(folder, place);
    assert.is(model.type, "xai_transformer");
    assert.equal(model.unused.length, 6, "the norms' weights, which mode nowb leaves out");
    const method = Object.keys(cases[0].methods) as PropagationMethod[];
    const together = await model.explain(
      cases.map(({ text }) => text),
      { method },
    );
    let worst = 0;
    for (const [i, expected] of cases.entries()) {
      for (const results of [together[i], await model.explain(expected.text, { method })]) {
        for (const explanation of results as Explanation[]) {
          const { tokens, target, ledger } = explanation;
          assert.equal(
            tokens.map(({ id }) => id),
            expected.ids,
          );
          assert.is(target.index, expected.target);
          assert.ok(Math.abs(target.logit - expected.logits[expected.target]) < 1e-5);
          const right = expected.methods[explanation.method];
          const apart = Math.max(...tokens.map(({ relevance }, t) => Math.abs(relevance - right[t]))) / sum(right);
          worst = Math.max(worst, apart);
          assert.ok(apart < 1e-5, `${explanation.method} of ${JSON.stringify(expected.text)}: ${apart}`);
          const { logit: _, residual, ...entries } = ledger;
          assert.ok(Math.abs(residual) < 2e-6 * (sum(right) + sum(Object.values(entries))));
        }
      }
    }
    console.log(`at most ${worst.toExponential(1)} of Σ|R|`);
    await model.dispose();
  });
  test.run();
}

const test = suite("the classifier of Ali et al.");
test("a config it cannot follow is refused", async () => {
  const read = (name: string) => readFileSync(new URL(name, folder));
  const files = (changes: object) => ({
    "config.json": JSON.stringify({ ...JSON.parse(new TextDecoder().decode(read("config.json"))), ...changes }),
    "tokenizer.json": read("tokenizer.json"),
    "model.safetensors": read("model.safetensors"),
  });
  const of = (changes: object) => code(load(files(changes), { backend: "wasm" }));
  assert.is(await of({ layer_norm_eps: 1e-5 }), "ConfigUnsupported");
  assert.is(await of({ n_blocks: 4 }), "MissingTensor");
  assert.is(await of({ n_classes: 3 }), "ConfigMismatch");
  assert.is(await of({ num_attention_heads: 5 }), "ConfigMismatch");
});
test.run();
