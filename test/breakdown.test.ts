// Heads, neurons and pairs against the float64 twin (test/twin), on every backend, alone and beside longer texts; their
// ledgers; parts of the text. Bounds: 1e-5 of what a block's heads, neurons or pairs hold in magnitude, residuals 2e-6 of
// that and all other entries; what was measured is printed.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Explanation, PartsLedger } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import { unpack } from "./checkpoint.ts";
import { code, folder as shipped } from "./shipped.ts";
import { places } from "./support.ts";
import { explain, type Flow, type Model, methods } from "./twin.ts";

const texts = ["The sea!", "so sing, the seas rising."];
const folder = new URL("reference/tiny/gelu-new-3-labels/", import.meta.url);
const asked = { heads: true, pairs: true, neurons: 1000 };
const all = (values: Iterable<number>) => [...values].reduce((n, v) => n + v, 0);
const size = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

function twin(): Model {
  const config = JSON.parse(readFileSync(new URL("config.json", folder), "utf8"));
  const file = new Uint8Array(readFileSync(new URL("model.safetensors", folder)));
  const tensors = [...unpack(file)].map(([name, { shape, dtype, bytes }]) => {
    return [name, { shape, data: widen(bytes as Uint8Array<ArrayBuffer>, dtype) }] as const;
  });
  return { config, weights: new Map(tensors) };
}

/** x · g of token t, columns from..to, of rows as wide as they are. */
const part = ([x, g]: Flow, tokens: number, t: number, from: number, to: number) => {
  const width = x.length / tokens;
  let sum = 0;
  for (let i = t * width + from; i < t * width + to; i++) sum += x[i] * g[i];
  return sum;
};

const worst = { numbers: 0, residuals: 0 };

function near(actual: readonly number[], expected: readonly number[], what: string, of = expected): void {
  assert.is(actual.length, expected.length, what);
  const scale = size(of) || 1;
  actual.forEach((value, i) => {
    const off = Math.abs(value - expected[i]) / scale;
    worst.numbers = Math.max(worst.numbers, off);
    assert.ok(off <= 1e-5, `${what} ${i}: ${value} for ${expected[i]}`);
  });
}

function closes({ logit, parts, residual, ...entries }: PartsLedger, values: readonly number[], what: string): void {
  assert.ok(Math.abs(parts - all(values)) < 1e-6 * size(values), `${what}: its parts`);
  assert.ok(Math.abs(logit - parts - residual - all(Object.values(entries))) < 1e-9 * (Math.abs(logit) + size(values)));
  const off = Math.abs(residual) / (size(values) + size(Object.values(entries)));
  worst.residuals = Math.max(worst.residuals, off);
  assert.ok(off <= 2e-6, `${what}: residual ${off}`);
}

for (const place of places) {
  const test = suite(`heads, neurons and pairs on ${place.backend}`);

  test("the twin's", async () => {
    const reference = twin();
    const model = await load(folder, place);
    const { num_attention_heads: heads } = reference.config;
    const method = Object.keys(methods) as (keyof typeof methods)[];
    const runs = [
      await model.explain(texts, { method, ...asked }),
      [await model.explain(texts[0], { method, ...asked })],
    ];
    for (const explanation of runs.flat(2) as Explanation[]) {
      const rules = methods[explanation.method as keyof typeof methods];
      const ids = explanation.tokens.map(({ id }) => id);
      const n = ids.length;
      const seed = explanation.classes.map(({ index }) => Number(index === explanation.target.index));
      const expected = explain(reference, ids, seed, { rules, at: "embeddings" });
      const where = `${explanation.method} of ${explanation.text}:`;
      const range = [...Array(n).keys()];
      for (const [i, block] of expected.blocks.entries()) {
        const d = block.context[0].length / n / heads;
        const ofHeads = Array.from({ length: heads }, (_, h) =>
          range.map((t) => part(block.context, n, t, h * d, (h + 1) * d)),
        );
        const head = explanation.heads![i];
        near(head.tokens.flat(), ofHeads.flat(), `${where} heads`);
        near(head.relevance, ofHeads.map(all), `${where} heads together`);
        closes(head.ledger, head.tokens.flat(), `${where} heads of block ${i}`);

        const inner = block.hidden[0].length / n;
        const mine = explanation.neurons!.top.filter(({ block }) => block === i);
        assert.is(mine.length, inner, "every neuron, for so many were asked for");
        mine.sort((a, b) => a.neuron - b.neuron);
        const ofNeurons = mine.map((_, j) => range.map((t) => part(block.hidden, n, t, j, j + 1)));
        near(
          mine.flatMap(({ tokens }) => tokens),
          ofNeurons.flat(),
          `${where} neurons`,
        );
        near(
          mine.map(({ relevance }) => relevance),
          ofNeurons.map(all),
          `${where} neurons together`,
        );
        closes(explanation.neurons!.ledgers[i], ofNeurons.flat(), `${where} neurons of block ${i}`);

        const pairs = explanation.pairs![i];
        // Of either sign, so that sums along rows and columns cancel.
        const [along, through] = [pairs.values.flat(2), pairs.keys?.flat(2)];
        for (let h = 0; h < heads; h++) {
          // What a token gets through its values is what it passes on from there, and so for keys and queries.
          const got = (flow: Flow) => range.map((t) => part(flow, n, t, h * d, (h + 1) * d));
          const columns = (rows: number[][]) => range.map((j) => all(rows.map((row) => row[j])));
          near(columns(pairs.values[h]), got(block.values), `${where} values`, along);
          assert.is(pairs.keys === undefined, block.keys === undefined);
          if (!pairs.keys) {
            near(pairs.values[h].map(all), ofHeads[h].slice(0, pairs.values[h].length), `${where} rows`, along);
            continue;
          }
          near(columns(pairs.keys[h]), got(block.keys!), `${where} keys`, through);
          const queries = range.map((t) => pairs.queries![h][t] ?? 0);
          near(queries, got(block.queries!), `${where} queries`, through);
        }
      }
      const [first] = explanation.neurons!.top;
      assert.ok(explanation.neurons!.top.every(({ relevance }) => Math.abs(relevance) <= Math.abs(first.relevance)));
    }
    console.log(`at most ${worst.numbers.toExponential(1)} off, residuals ${worst.residuals.toExponential(1)}`);

    const one = await model.explain(texts[1], { neurons: { top: 3, token: 2 }, heads: true });
    const at = one.neurons!.top.map(({ tokens }) => Math.abs(tokens[2]));
    assert.equal(
      at,
      [...at].sort((a, b) => b - a),
    );
    assert.is(one.pairs, undefined);
    const plain = await model.explain(texts[1]);
    near(
      one.tokens.map(({ relevance }) => relevance),
      plain.tokens.map(({ relevance }) => relevance),
      "tokens",
    );
    await model.dispose();
  });

  test.run();
}

const test = suite("parts of the text");

test("words, sentences and spans add up", async () => {
  const model = await load(shipped, { backend: "wasm" });
  const text = "Unputdownable, they said.  It isn't!";
  const words = await model.explain(text, { groups: "words" });
  assert.equal(
    words.groups!.spans.map(({ text }) => text),
    ["Unputdownable", ",", "they", "said", ".", "It", "isn't", "!"],
  );
  const whole = words.groups!.spans[0].tokens;
  assert.ok(whole.length > 1, "a word of several pieces");
  const [sentences, spans] = [
    await model.explain(text, { groups: "sentences" }),
    await model.explain(text, {
      groups: [
        { start: 0, end: 13 },
        { start: 27, end: text.length },
      ],
    }),
  ];
  assert.equal(
    sentences.groups!.spans.map(({ text }) => text),
    ["Unputdownable, they said.  ", "It isn't!"],
  );
  for (const { groups, tokens, ledger } of [words, sentences, spans]) {
    const sum = all(groups!.spans.map(({ relevance }) => relevance)) + groups!.rest;
    assert.ok(Math.abs(sum - ledger.tokens) < 1e-6 * size(tokens.map(({ relevance }) => relevance)));
    for (const { start, end, text: part, tokens: own, relevance } of groups!.spans) {
      assert.is(part, text.slice(start, end));
      assert.is(relevance, all(own.map((j) => tokens[j].relevance)));
      assert.ok(own.every((j) => tokens[j].start! >= start && tokens[j].start! < end));
    }
  }
  const special = words.tokens.filter(({ special }) => special).map(({ relevance }) => relevance);
  assert.ok(Math.abs(words.groups!.rest - all(special)) < 1e-9, "the rest is special tokens");

  for (const options of [
    { groups: "lines" },
    { groups: [{ start: 3, end: 3 }] },
    { groups: [{ start: 0, end: 99 }] },
    { groups: [[0, 3]] },
    { neurons: 1.5 },
    { neurons: { top: 1, token: 99 } },
  ]) {
    assert.is(await code(model.explain(text, options as object)), "InvalidOption", JSON.stringify(options));
  }
  await model.dispose();
});

test.run();
