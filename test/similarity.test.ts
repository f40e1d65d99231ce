// Sentence embeddings: MiniLM's vectors against sentence-transformers' (reference/minilm.py), and what a similarity rests on
// in both texts at once. Pairs of tokens obey laws: they add up with their ledger, and turn with the texts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ledger } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

const tiny = new URL("reference/families/mpnet-embedding/", import.meta.url);

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
  const test = suite(`similarity on ${place.backend}`);

  test("pairs of tokens add up to the similarity, and turn with the texts", async () => {
    const model = await load(tiny, { ...place, deterministic: true });
    const [a, b] = ["a good movie", "the film was not so bad"];
    for (const method of ["cp-lrp", "attn-lrp", "gradient-x-input"] as const) {
      for (const name of ["dot", "cosine"] as const) {
        const ask = (one: string, other: string) =>
          model.explain(one, { method, interactions: true, objective: { [name]: other } as { dot: string } });
        const here = await ask(a, b);
        const there = (await ask(b, a)).interactions!;
        const { tokens, relevance, ledger } = here.interactions!;
        const vectors = (await model.predict([a, b])).map(({ embedding }) => embedding!);
        const [x, y] = name === "dot" ? vectors : vectors.map(unit);
        const size = sum(relevance.flat().map(Math.abs));
        assert.ok(Math.abs(ledger.logit - inner(x, y)) < 1e-6 * size, "the similarity itself");
        assert.ok(Math.abs(here.explained!.value - inner(x, y)) < 1e-6 * size);
        assert.ok(gap(ledger) < 2e-6, `closed but for ${gap(ledger)}`);
        assert.ok(Math.abs(ledger.residual) < 2e-6 * size);
        assert.ok(Math.abs(sum(relevance.flat()) - ledger.tokens) < 1e-9 * size);
        assert.is(relevance.length, here.tokens.length);
        tokens.forEach((token, j) => {
          assert.ok(Math.abs(token.relevance - sum(relevance.map((row) => row[j]))) < 1e-9 * size);
        });
        const turned = there.relevance[0].map((_, i) => there.relevance.map((row) => row[i]));
        assert.ok(most(turned.flatMap((row, i) => row.map((v, j) => v - relevance[i][j]))) < 1e-6 * size, "turned");
        // What the tokens here pass on through the biases there is all that a text's own relevance has beside its pairs.
        if (method === "cp-lrp") {
          const own = await model.explain(a, { method, target: model.labels });
          const whole = own[0].tokens.map((_, i) => sum(own.map(({ tokens }, m) => tokens[i].relevance * y[m])));
          const scale = name === "dot" ? 1 : Math.sqrt(inner(vectors[0], vectors[0]));
          here.tokens.forEach(({ relevance: r }, i) => {
            assert.ok(Math.abs(r - whole[i] / scale) < 2e-6 * sum(here.tokens.map((t) => Math.abs(t.relevance))));
          });
        }
      }
    }
    assert.is(await code(model.explain(a, { interactions: true, target: 0 })), "InvalidOption");
    assert.is(await code(model.explain(a, { interactions: true, objective: { distance: b } })), "InvalidOption");
    await model.dispose();
  });

  test.run();
}
