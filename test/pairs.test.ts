// Two texts read as one: tokens, types and relevance against PyTorch in float64 (test/reference/methods.py), cutting against
// its definition, on every backend. Bound: 1e-6 of Σ|R|.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/runtime/load.ts";
import { code, relevance } from "./shipped.ts";
import { places } from "./support.ts";

interface Pair {
  text: string;
  pair: string;
  ids: number[];
  types: number[];
  logits: number[];
  "gradient-x-input": number[];
}
const { pairs }: { pairs: Pair[] } = JSON.parse(
  readFileSync(new URL("reference/methods.json", import.meta.url), "utf8"),
);
const folder = new URL("reference/tiny/gelu-new-3-labels/", import.meta.url);
const size = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

for (const place of places) {
  const test = suite(`pairs of texts on ${place.backend}`);

  test("PyTorch's, alone, together, and beside single texts", async () => {
    const model = await load(folder, place);
    const method = "gradient-x-input";
    const alone = await model.explain(pairs[0].text, { method });
    const mixed = await model.explain([...pairs, pairs[0].text], { method });
    let worst = 0;
    for (const [i, expected] of pairs.entries()) {
      const { text, pair } = expected;
      for (const explanation of [mixed[i], await model.explain({ text, pair }, { method })]) {
        const { tokens, classes, text: both } = explanation;
        assert.is(both, `${text}\n${pair}`);
        assert.equal(
          tokens.map(({ id }) => id),
          expected.ids,
        );
        assert.equal(
          tokens.map(({ type }) => type ?? 0),
          expected.types,
        );
        for (const { text: piece, start, end } of tokens) {
          if (start !== null) assert.is(both.slice(start, end!).toLowerCase(), piece.replace("##", ""));
        }
        for (const { index, logit } of classes) assert.ok(Math.abs(logit - expected.logits[index]) < 1e-5);
        const right = expected[method];
        const off = Math.max(...relevance(explanation).map((r, t) => Math.abs(r - right[t]))) / size(right);
        worst = Math.max(worst, off);
        assert.ok(off < 1e-6, `${text} / ${pair}: ${off}`);
      }
    }
    const single = relevance(mixed[2]);
    relevance(alone).forEach((r, t) => {
      assert.ok(Math.abs(r - single[t]) < 1e-6 * size(single), "a single text beside pairs");
    });
    console.log(`at most ${worst.toExponential(1)} of Σ|R|`);
    for (const at of ["embedding-sum", "words"] as const) {
      const { ledger } = await model.explain(pairs[0], { at });
      assert.ok(Math.abs(ledger.residual) < 2e-6 * size(Object.values(ledger)), at);
    }
    const words = await model.explain(pairs[0], { groups: "words", method: "occlusion" } as never);
    assert.is(relevance(words).length, pairs[0].ids.length, "methods of many runs read pairs too");
    await model.dispose();
  });

  test.run();
}

const test = suite("pairs of texts");

/** The longer one loses a token at a time; of two that have become as long, the one that was shorter (Hugging Face). */
function cut(n: number, m: number, room: number): [number, number] {
  const first = n <= m;
  while (n + m > room) {
    if (n > m || (n === m && first)) n--;
    else m--;
  }
  return [n, m];
}

test("of a pair that is too long, the longer one is cut", async () => {
  const model = await load(folder, { backend: "wasm" });
  const most = model.maxTokens;
  for (const [n, m] of [
    [40, 3],
    [3, 40],
    [40, 40],
    [14, 16],
    [15, 15],
    [29, 29],
    [0, 60],
    [60, 0],
  ]) {
    const [text, pair] = [n, m].map((count) => "d ".repeat(count));
    const tokens = await model.tokenize({ text, pair }, { truncate: true });
    const [a, b] = cut(n, m, most - 3);
    const counts = [undefined, 1].map((type) => tokens.filter((t) => !t.special && t.type === type).length);
    assert.equal(counts, [a, b], `${n} and ${m}`);
    assert.equal(
      tokens.filter(({ special }) => special).map(({ text }) => text),
      ["[CLS]", "[SEP]", "[SEP]"],
    );
    if (n + m > most - 3) assert.is(await code(model.explain({ text, pair })), "InputTooLong");
  }
  assert.is(await code(model.explain({ text: "so", pair: 3 } as never)), "InvalidInput");
  await model.dispose();

  const one = await load(new URL("reference/tiny/relu-1-layer/", import.meta.url), { backend: "wasm" });
  const { tokens, ledger } = await one.explain({ text: "Ant", pair: "bat" }); // one type of text, as RoBERTa has
  assert.ok(tokens.some(({ type }) => type === 1));
  assert.ok(
    Math.abs(ledger.residual) < 2e-6 * (Math.abs(ledger.logit) + size(tokens.map(({ relevance }) => relevance))),
  );
  await one.dispose();
});

test.run();
