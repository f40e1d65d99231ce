// PA-LRP: relevance of rotary positions against PyTorch in float64 (test/reference/positional.py), in which cosines and sines need
// a gradient; its ledgers; what is refused.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation } from "../src/explain/explanation.ts";
import { methods } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { decoders, files } from "./decoders.ts";
import { close, places, runsAll } from "./support.ts";

interface Case {
  name: string;
  text: string;
  target: number;
  /** Of the tokens' vectors and of their positions. */
  relevance: number[];
  positional: number[];
}
const cases: Case[] = JSON.parse(readFileSync(new URL("reference/positional.json", import.meta.url), "utf8"));
const named = (wanted: string) => files(decoders.find(({ name }) => name === wanted)!);
const all = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);
const size = (values: readonly number[]) => values.reduce((sum, v) => sum + Math.abs(v), 0);
const relevance = ({ tokens }: Explanation) => tokens.map(({ relevance }) => relevance);
const positional = ({ tokens }: Explanation) => tokens.map(({ positional }) => positional!);

function closes({ logit, residual, ...entries }: Explanation["ledger"], of: readonly number[], what: string): void {
  const values = Object.values(entries);
  assert.ok(Math.abs(logit - all(values) - residual) < 1e-9 * (size(values) + Math.abs(logit)), what);
  const { tokens, ...others } = entries;
  assert.ok(Math.abs(tokens - all(of)) < 1e-6 * size(of), `${what}: tokens`);
  const off = Math.abs(residual) / (size(of) + size(Object.values(others)));
  assert.ok(off <= 2e-6, `${what}: residual ${off}`);
}

for (const place of places) {
  const test = suite(`relevance of positions on ${place.backend}`);
  const method = "attn-lrp" as const;
  const few = /^(phi|gemma2|cohere|qwen2_moe) /;

  for (const { name, text, target, ...expected } of cases) {
    if (!runsAll(place.backend) && !few.test(name)) continue;
    test(`${name}: PyTorch's`, async () => {
      const model = await load(named(name), { ...place, deterministic: true });
      const asked = { method, target, positional: true };
      const told = await model.explain(text, { ...asked, layers: true, heads: true });
      const of = size(expected.relevance) + size(expected.positional);
      const content = told.tokens.map((token) => token.relevance - token.positional!);
      close(positional(told), expected.positional, 1e-5, `${name}: positions`, of);
      close(content, expected.relevance, 1e-5, `${name}: vectors`, of);
      closes(told.ledger, relevance(told), name);
      assert.is(told.ledger.positions, 0);
      assert.is(told.method, method);
      assert.is(told.composite.rotary, "uniform");
      assert.equal(told.warnings, []);

      // Along the stream positions above a layer have an entry of their own.
      const layers = told.layers!;
      for (const [i, { relevance, ledger }] of layers.entries()) closes(ledger, relevance, `${name}, layer ${i}`);
      close(layers[0].relevance, content, 1e-6, `${name}: first layer`, of);
      close([layers[0].ledger.positions], [all(positional(told))], 1e-6, `${name}: first layer`, of);
      assert.is(layers[layers.length - 1].ledger.positions, 0);

      // Alone as among others.
      const [again] = await model.explain([text, "the sea"], asked);
      assert.equal(again.tokens, told.tokens);
      await model.dispose();
    });
  }

  test("off by default; as a rule of one's own; with words, contrasts and continuations", async () => {
    const model = await load(named("qwen3 (4)"), { ...place, deterministic: true });
    const { text } = cases[0];
    const plain = await model.explain(text, { method });
    assert.ok(plain.tokens.every((token) => !("positional" in token)) && !plain.composite.rotary);
    const whole = await model.explain(text, { method, positional: true });
    const own = await model.explain(text, { method: { ...methods.get(method), rotary: "uniform" } });
    assert.equal([own.method, own.tokens, own.ledger], ["custom", whole.tokens, whole.ledger]);
    assert.ok(size(positional(whole)) > 1e-3);

    const [a, b, less] = await model.explain(text, {
      method: [method],
      positional: true,
      target: [3, 4, 3],
      contrast: [undefined, undefined, 4],
    });
    close(
      positional(less),
      positional(a).map((r, j) => r - positional(b)[j]),
      1e-5,
      "a contrast",
    );
    for (const one of [a, less]) closes(one.ledger, relevance(one), "a contrast");
    const asked = { method, positional: true, continuation: " so sing" };
    const more = await model.explain(text, asked);
    closes(more.ledger, relevance(more), "a continuation");
    const other = await model.explain(text, { ...asked, continuation: " rising" });
    const apart = await model.explain(text, { ...asked, contrast: " rising" });
    closes(apart.ledger, relevance(apart), "two continuations");
    close([all(positional(apart))], [all(positional(more)) - all(positional(other))], 1e-5, "two continuations");
    const { tokens } = await model.generate(text, { maxNewTokens: 1, explain: { method, positional: true } });
    assert.ok(positional(tokens[0].explanation).every(Number.isFinite));
    const values = await model.explain(text, { method: { ...methods.get("cp-lrp"), rotary: "uniform" } });
    assert.is(size(positional(values)), 0, "attention weights are constant");
    await model.dispose();
  });

  test("refused: methods without halves, models without rotary positions", async () => {
    const refused = async (source: Parameters<typeof load>[0], options: object, message: RegExp) => {
      const model = await load(source, place);
      const error = await model.explain("the sea sings", { positional: true, ...options } as never).then(
        () => assert.unreachable(String(message)),
        (error) => error,
      );
      assert.is(error.code, "InvalidOption", error.message);
      assert.match(error.message, message);
      await model.dispose();
    };
    const llama = named("llama (4)");
    await refused(llama, {}, /`positional` needs a method such as attn-lrp; by cp-lrp attention weights are constant/);
    await refused(llama, { method: "lrp-ah-ln" }, /by lrp-ah-ln attention weights are constant/);
    await refused(llama, { method: "gradient-x-input" }, /by gradient-x-input queries and keys do not share/);
    await refused(llama, { method: "saliency" }, /positional/);
    await refused(named("bloom (4)"), { method }, /a model with rotary positions/);
    const gpt2 = new URL("reference/families/gpt2-sequence/", import.meta.url);
    await refused(gpt2, { method }, /a model with rotary positions/);
  });

  test("a text that is read both ways, by ModernBERT", async () => {
    const model = await load(new URL("reference/families/modernbert-sequence/", import.meta.url), place);
    const at = ["embeddings", "words"] as const;
    for (const told of await model.explain("the sea sings to the sea", { method, positional: true, at })) {
      closes(told.ledger, relevance(told), told.at);
      assert.ok(size(positional(told)) > 0);
    }
    await model.dispose();
  });

  test.run();
}
