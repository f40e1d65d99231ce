// A loaded model as its users have it: laws of the whole pass, lifetimes, odd texts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { methods } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import type { LoadOptions } from "../src/runtime/options.ts";
import { apart, code, folder, relevance, size, texts } from "./shipped.ts";
import { places } from "./support.ts";

for (const place of places) {
  const test = suite(`a model on ${place.backend}`);
  const open = (options: LoadOptions = {}) => load(folder, { ...place, ...options });

  const some: PropagationMethod[] = place.backend === "wasm" ? [...methods.keys()] : ["cp-lrp", "attn-lrp"]; // software adapters are slow

  test("a text alone and in a ragged batch", async () => {
    const model = await open();
    for (const method of some) {
      const together = await model.explain(texts, { method });
      for (const [i, text] of texts.entries()) {
        const alone = await model.explain(text, { method });
        assert.is(together[i].text, text);
        // Bitwise in the simd build: every tile adds in the same order, and padding adds zeros.
        if (place.backend === "wasm") assert.equal(together[i], alone);
        else assert.ok(apart(together[i], alone) <= 1e-6, `${method}: ${apart(together[i], alone)}`);
      }
    }
    await model.dispose();
  });

  test("batches in any order and of any size", async () => {
    const model = await open();
    const many = Array.from({ length: 19 }, (_, i) => texts[i % 3]);
    const there = await model.explain(many);
    const back = (await model.explain([...many].reverse())).reverse();
    assert.is(there.length, 19);
    for (let i = 0; i < 19; i++) assert.ok(apart(there[i], back[i]) <= (place.backend === "wasm" ? 0 : 1e-6));
    assert.equal(await model.explain([]), []);
    await model.dispose();
  });

  test("repeated runs", async () => {
    const model = await open();
    const first = await model.explain(texts[0]);
    for (let i = 0; i < 5; i++) assert.equal(await model.explain(texts[0]), first);
    await model.dispose();
  });

  test("other words in place of a text's own", async () => {
    const model = await open();
    const [text] = texts;
    const own = await model.explain(text, { at: "words" });
    const tokens = await model.tokenize(text);
    assert.equal(
      tokens,
      own.tokens.map(({ relevance, ...token }) => token),
    );
    assert.equal(await model.tokenize([text, text]), [tokens, tokens]);

    const ids = tokens.map(({ id }) => id);
    assert.equal(await model.explain({ text, ids }, { at: "words" }), own);
    const unk = model.specialIds.unk!;
    const unknown = ids.map((id, j) => (j === 2 ? unk : id));
    const written = `${text.slice(0, tokens[2].start!)}[UNK]${text.slice(tokens[2].end!)}`;
    const [put, meant] = await model.predict([{ text, ids: unknown }, written]);
    assert.equal(put.classes, meant.classes);

    const without = await model.explain({ text, ids: ids.map((id, j) => (j === 2 ? -1 : id)) }, { at: "words" });
    assert.is(without.tokens[2].relevance, 0); // 0 · g
    assert.is.not(without.ledger.logit, own.ledger.logit);

    const refused = (input: unknown) => code(model.predict(input as string));
    assert.is(await refused({ text, ids: ids.slice(1) }), "InvalidInput");
    assert.is(await refused({ text, ids: ids.map(() => 1e9) }), "InvalidInput");
    assert.is(await refused({ text, ids: ids.map(() => 0.5) }), "InvalidInput");
    assert.is(await refused({ text, ids: 3 }), "InvalidInput");
    assert.is(await refused({ ids }), "InvalidInput");
    await model.dispose();
  });

  test("a contrast is the difference of its classes", async () => {
    const model = await open();
    const [positive, negative, contrast] = await Promise.all([
      model.explain(texts[0], { target: "positive" }),
      model.explain(texts[0], { target: 0 }),
      model.explain(texts[0], { target: "1", contrast: "negative" }),
    ]);
    assert.is(positive.target.label, "positive");
    assert.is(negative.target.label, "negative");
    assert.is(contrast.contrast?.label, "negative");
    assert.ok(Math.abs(contrast.ledger.logit - (positive.ledger.logit - negative.ledger.logit)) < 1e-5);
    const scale = size(contrast);
    relevance(contrast).forEach((r, i) => {
      assert.ok(Math.abs(r - (relevance(positive)[i] - relevance(negative)[i])) <= 1e-5 * scale);
    });
    // With the target unsaid it is the best of the other classes.
    const unsaid = await model.explain(texts[0], { contrast: "positive" });
    assert.is(unsaid.target.label, "negative");
    await model.dispose();
  });

  test("several reading points from one run", async () => {
    const model = await open();
    const at = ["words", "embeddings", "embedding-sum"] as const;
    const one = await model.explain(texts[0], { at });
    assert.equal(
      one.map((e) => e.at),
      [...at],
    );
    for (const [i, point] of at.entries()) assert.equal(await model.explain(texts[0], { at: point }), one[i]);
    const both = await model.explain(texts.slice(0, 2), { at });
    assert.equal(both.length, 2);
    await model.dispose();
  });

  test("relevance along the residual stream", async () => {
    const model = await open();
    for (const method of methods.keys()) {
      const plain = await model.explain(texts[3], { method });
      const { layers = [], ...same } = await model.explain(texts[3], { method, layers: true });
      assert.equal(same, plain);
      assert.is(layers.length, 4); // three blocks
      assert.equal(layers[0], { relevance: relevance(plain), ledger: plain.ledger });
      for (const { relevance, ledger } of layers) {
        assert.is(relevance.length, plain.tokens.length);
        assert.ok(Math.abs(relevance.reduce((a, b) => a + b, 0) - ledger.tokens) < 1e-5, method);
      }
      // Only the first token's vector is read after the last block.
      assert.ok(
        layers[3].relevance.every((r, i) => (i === 0) === (r !== 0)),
        method,
      );
    }
    await model.dispose();
  });

  test("composites of the caller's own", async () => {
    const model = await open();
    const [own, named] = await Promise.all([
      model.explain(texts[0], { method: methods.get("cp-lrp") }),
      model.explain(texts[0]),
    ]);
    assert.is(own.method, "custom");
    assert.equal(relevance(own), relevance(named));
    const wrong: unknown[] = [
      "lrp",
      "__proto__",
      { softmax: "identity" },
      { linear: "constructor" },
      { nothing: "gradient" },
      { linear: ["epsilon", { eps: -1 }] },
      { linear: ["epsilon", { eps: "1" }] },
      { linear: ["epsilon", { epsilon: 0.1 }] },
      { linear: ["gradient", { eps: 0.1 }] },
      3,
      null,
    ];
    for (const method of wrong) {
      assert.is(
        await code(model.explain("a", { method: method as PropagationMethod })),
        "InvalidOption",
        JSON.stringify(method),
      );
    }
    await model.dispose();
  });

  test("wrong targets, reading points and texts", async () => {
    const model = await open();
    for (const target of ["", "Positive", "2", -1, 0.5, Number.NaN, "__proto__", "constructor"]) {
      assert.is(await code(model.explain("a", { target })), "InvalidOption", String(target));
    }
    assert.is(await code(model.explain("a", { target: 1, contrast: "positive" })), "InvalidOption");
    assert.is(await code(model.explain("a", { at: "logits" as "words" })), "InvalidOption");
    assert.is(await code(model.explain(3 as unknown as string)), "InvalidInput");
    assert.is(await code(model.explain(["a", null] as unknown as string[])), "InvalidInput");
    await model.dispose();
  });

  test("odd texts", async () => {
    const model = await open();
    const odd = [
      "",
      " \n\t ",
      "👩‍👩‍👧‍👦 🎬 ❤️",
      "فيلم جميل جدا",
      "\ud800 half \udc00 pairs",
      "<script>alert(1)</script>",
      "\u001b[31mred\u001b[0m \u0007 \u009b1m",
      "[SEP] [MASK] [CLS]",
      "a\u0000b",
      "Ünïcödé 電影 𠀀𠀁 ΟΔΟΣ",
    ];
    for (const [i, text] of odd.entries()) {
      const result = await model.explain(text);
      assert.is(result.text, text);
      const total = relevance(result).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(total - result.ledger.tokens) < 1e-5, odd[i]);
      assert.ok(Math.abs(result.ledger.residual) < 1e-5, odd[i]);
      for (const { start, end } of result.tokens) assert.ok(start === null || (start < end! && end! <= text.length));
    }
    await model.dispose();
  });

  test("a text that is too long", async () => {
    const model = await open();
    const long = "word ".repeat(10_000);
    assert.is(await code(model.explain(long)), "InputTooLong");
    assert.is(await code(model.predict(["fine", long])), "InputTooLong");
    const cut = await model.explain(long, { truncate: true });
    assert.is(cut.tokens.length, model.maxTokens);
    assert.is(cut.tokens[model.maxTokens - 1].text, "[SEP]");
    assert.match(cut.warnings.join(), "was cut to the 128");
    await model.dispose();
  });

  test("two explanations at once", async () => {
    const model = await open();
    const serial = [await model.explain(texts[0]), await model.explain(texts[3], { method: "attn-lrp" })];
    const [a, b, c] = await Promise.all([
      model.explain(texts[0]),
      model.explain(texts[3], { method: "attn-lrp" }),
      model.predict(texts[0]),
    ]);
    assert.equal([a, b], serial);
    assert.equal(c.classes, a.classes);
    await model.dispose();
  });

  test("dispose during a run", async () => {
    const model = await open();
    const expected = await model.explain(texts[0]);
    const running = model.explain(texts[0]);
    for (let i = 0; i < 20; i++) await Promise.resolve(); // the run begins
    const waiting = code(model.explain(texts[1]));
    const done = model.dispose();
    assert.equal(await running, expected);
    assert.is(await waiting, "Disposed");
    await done;
    await model.dispose();
    assert.is(await code(model.explain(texts[0])), "Disposed");
    assert.is(await code(model.predict(texts[0])), "Disposed");
    assert.is(await code(model.tokenize(texts[0])), "Disposed");
    assert.is(await code(model.predict([])), "Disposed");
  });

  test("a signal that is aborted already: no call begins", async () => {
    const model = await open();
    const signal = AbortSignal.abort();
    for (const call of [model.tokenize([], { signal }), model.predict([], { signal }), model.explain([], { signal })]) {
      assert.is(await code(call), "Aborted");
    }
    await model.dispose();
  });

  test("two models side by side", async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const expected = await one.explain(texts[0]);
    assert.equal(await Promise.all([one.explain(texts[0]), two.explain(texts[0])]), [expected, expected]);
    await one.dispose();
    assert.equal(await two.explain(texts[0]), expected);
    await two.dispose();
  });

  test("aborted calls", async () => {
    const model = await open();
    const abort = new AbortController();
    const running = model.explain(texts[0]);
    const waiting = code(model.explain(texts[0], { signal: abort.signal }));
    abort.abort();
    assert.is(await waiting, "Aborted");
    const expected = await running;
    assert.equal(await model.explain(texts[0]), expected);
    await model.dispose();
  });

  test.run();
}
