// Texts that go on: greedy continuations against transformers' in float64 (reference/generate.py), and laws: a key/value
// cache changes nothing, an explanation is that of the same text read whole, draws follow the probabilities.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { GeneratedToken } from "../src/generate/generation.ts";
import { speller, spelling } from "../src/inputs/tokenizers/spelling.ts";
import { load } from "../src/runtime/load.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

const folder = new URL("reference/generate/", import.meta.url);
const wordpiece = new URL("reference/families/gpt2-lm/", import.meta.url);

interface Case {
  prompt: string;
  ids: number[];
  logits: number[];
  text: string;
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("reference/generate.json", import.meta.url), "utf8"),
);

for (const place of places) {
  const test = suite(`texts that go on, on ${place.backend}`);
  const options = { ...place, deterministic: true };
  const near = place.backend === "wasm" ? 0 : 1e-6;

  test("greedy continuations as transformers makes them", async () => {
    const model = await load(folder, options);
    for (const { prompt, ids, logits, text } of cases) {
      const result = await model.generate(prompt, { maxNewTokens: ids.length });
      assert.equal(
        result.tokens.map(({ id }) => id),
        ids,
      );
      assert.is(result.text, text);
      assert.is(result.text.slice(0, result.promptLength), prompt);
      assert.is(result.finishReason, "length");
      const off = Math.max(...logits.map((v, k) => Math.abs(v - result.tokens[k].logit)));
      assert.ok(off <= 1e-4, `logits off by ${off}`);
      for (const [k, { start, end }] of result.tokens.entries()) {
        const before = k ? result.tokens[k - 1] : { start: result.promptLength, end: result.promptLength };
        const [first, last] = [before.start!, before.end!];
        assert.ok(first <= start! && start! <= last && last <= end!, "in order, without gaps");
      }
      assert.is(result.tokens.at(-1)!.end, text.length);
    }
    await model.dispose();
  });

  test("a cache changes nothing, and each token's explanation is that of the text before it", async () => {
    const model = await load(folder, options);
    const prompt = cases[0].prompt;
    const told: GeneratedToken[] = [];
    const onProgress = (token: GeneratedToken) => void told.push(structuredClone(token));
    const { tokens } = await model.generate(prompt, { maxNewTokens: 20, explain: { at: "words" }, onProgress });
    assert.is(told.length, tokens.length);
    const read = await model.tokenize(prompt);
    for (const [k, { id, logit, probability, explanation }] of tokens.entries()) {
      const { target, ledger, method, reads, ...rest } = explanation!;
      assert.is(target.index, id);
      assert.is(method, "cp-lrp");
      assert.equal(reads, [read.length + k - 1]);
      assert.equal(
        rest.tokens.map((token) => token.id),
        [...read, ...tokens.slice(0, k)].map((token) => token.id),
      );
      assert.ok(Math.abs(target.logit - logit) <= near * Math.abs(logit), `${target.logit} anew, ${logit} cached`);
      assert.ok(Math.abs(target.probability! - probability) < 1e-6);
      assert.is(rest.classes[0].index, id, "the likeliest");
      const size = rest.tokens.reduce((n, { relevance }) => n + Math.abs(relevance), 0);
      assert.ok(Math.abs(ledger.residual) < 2e-6 * (size + Math.abs(ledger.biases) + Math.abs(ledger.norms)));
    }
    // The same question about the text as a whole.
    const [first] = tokens;
    const own = await model.explain(prompt, { target: first.text, at: "words" });
    assert.equal(own.tokens, first.explanation!.tokens);
    const contrast = await model.generate(prompt, { maxNewTokens: 1, explain: { contrast: "!" } });
    assert.is(contrast.tokens[0].explanation!.contrast!.label, "!");
    await model.dispose();
  });

  test("draws follow the probabilities, and a seed decides them", async () => {
    const model = await load(folder, options);
    const prompt = cases[2].prompt;
    const draws = place.backend === "wasm" ? 2000 : 50;
    const one = async (how: object) => (await model.generate(prompt, { maxNewTokens: 1, ...how })).tokens[0];
    const counts = new Map<number, number>();
    for (let seed = 0; seed < draws; seed++) {
      const { id } = await one({ temperature: 0.7, seed });
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const [{ classes }] = [await model.predict(prompt)];
    // The top classes' probabilities at that temperature, of each other.
    const weight = (logit: number) => Math.exp((logit - classes[0].logit) / 0.7);
    const total = classes.reduce((sum, { logit }) => sum + weight(logit), 0);
    const drawn = classes.reduce((sum, { index }) => sum + (counts.get(index) ?? 0), 0);
    for (const { index, logit } of classes) {
      const share = weight(logit) / total;
      const spread = Math.sqrt((share * (1 - share)) / drawn);
      assert.ok(Math.abs((counts.get(index) ?? 0) / drawn - share) < 5 * spread, `${index}`);
    }
    const greedy = await one({});
    for (const how of [{ topK: 1 }, { topP: 1e-9 }]) {
      for (const seed of [1, 2, 3]) assert.is((await one({ temperature: 5, seed, ...how })).id, greedy.id);
    }
    const long = { maxNewTokens: 10, temperature: 1, seed: 5 };
    assert.equal(await model.generate(prompt, long), await model.generate(prompt, long));
    await model.dispose();
  });

  test("tokens as they come: what each adds is the text, and who leaves the loop ends the work", async () => {
    const model = await load(folder, options);
    for (const { prompt, ids, text } of cases) {
      const how = { maxNewTokens: ids.length };
      const whole = await model.generate(prompt, how);
      const tokens: GeneratedToken[] = [];
      const stream = model.stream(prompt, how);
      let next = await stream.next();
      for (; !next.done; next = await stream.next()) tokens.push(structuredClone(next.value));
      assert.equal(next.value, whole);
      assert.equal(tokens, whole.tokens, "nothing of a token changes once it is told");
      assert.is(prompt + tokens.map(({ added }) => added).join(""), text);
    }
    const [{ prompt }] = cases;
    const told: number[] = [];
    for await (const { id } of model.stream(prompt, { maxNewTokens: 30, onProgress: ({ id }) => void told.push(id) })) {
      if (id === cases[0].ids[3]) break;
    }
    assert.ok(told.length >= 4 && told.length < 30, `${told.length} tokens`);
    const stop = new AbortController();
    const run = async () => {
      for await (const _ of model.stream(prompt, { maxNewTokens: 30, signal: stop.signal })) stop.abort();
    };
    assert.is(await code(run()), "Aborted");
    assert.is(await code(model.stream(prompt, { topK: 0 }).next()), "InvalidOption");
    await model.dispose();
  });

  test("stop strings, penalties of repetition, and log-probabilities", async () => {
    const model = await load(folder, options);
    const [{ prompt, text }] = cases;
    const ask = (how: object) => model.generate(prompt, { maxNewTokens: 30, ...how });
    for (const stop of ["'ve", "z'", "ppp\ufffd", ["\u{1f1ea}", "z've"], "never"]) {
      const told: GeneratedToken[] = [];
      const result = await ask({ stop, onProgress: (token: GeneratedToken) => void told.push(structuredClone(token)) });
      const at = [stop].flat().map((one) => text.indexOf(one, prompt.length));
      const found = at.filter((k) => k >= 0);
      assert.is(result.finishReason, found.length ? "stop" : "length");
      assert.is(result.text, found.length ? text.slice(0, Math.min(...found)) : text);
      assert.equal(told, result.tokens);
      assert.is(prompt + told.map(({ added }) => added).join(""), result.text);
      for (const { start, end } of told) assert.ok(start < result.text.length && end <= result.text.length);
    }
    // The model's own text has the same token more than once; a high penalty leaves none twice, of the prompt's either.
    const { tokens } = await ask({ repetitionPenalty: 100, logprobs: 3 });
    const ids = [...(await model.tokenize(prompt)), ...tokens].map(({ id }) => id);
    assert.is(new Set(ids).size, ids.length);
    const [{ classes }] = [await model.predict(prompt)];
    const [first] = (await ask({ logprobs: 3, maxNewTokens: 1 })).tokens;
    assert.equal(
      first.likeliest!.map(({ id, text }) => [id, text]),
      classes.slice(0, 3).map(({ index, label }) => [index, label]),
    );
    first.likeliest!.forEach(({ logProbability }, k) => {
      assert.ok(Math.abs(logProbability - Math.log(classes[k].probability!)) < 1e-5);
    });
    assert.is(first.logProbability, first.likeliest![0].logProbability);
    assert.ok(Math.abs(Math.exp(first.logProbability!) - first.probability) < 1e-12);
    for (const wrong of [{ stop: "" }, { stop: [1] }, { minP: 2 }, { repetitionPenalty: 0 }, { logprobs: -1 }]) {
      assert.is(await code(ask(wrong)), "InvalidOption");
    }
    await model.dispose();
  });

  test("ends, and what cannot be asked", async () => {
    const model = await load(folder, options);
    const [{ prompt }] = cases;
    const n = (await model.tokenize(prompt)).length;
    // The last place of 40 may be read, and what comes after it is the last token.
    assert.is((await model.generate(prompt, { maxNewTokens: 1000 })).tokens.length, 40 - n + 1);
    assert.is((await model.generate(prompt, { maxNewTokens: 0 })).text, prompt);
    for (const wrong of [
      { maxNewTokens: -1 },
      { temperature: -1 },
      { topP: 0 },
      { topK: 0.5 },
      { seed: "a" as never },
    ]) {
      assert.is(await code(model.generate(prompt, wrong)), "InvalidOption");
    }
    assert.is(await code(model.generate("")), "EmptyInput");
    const stop = new AbortController();
    const run = model.generate(prompt, { signal: stop.signal, onProgress: () => stop.abort() });
    assert.is(await code(run), "Aborted");
    await model.dispose();

    const words = await load(wordpiece, options);
    const { text, finishReason, tokens } = await words.generate("the movie was", {
      maxNewTokens: 40,
      temperature: 1,
      seed: 4,
    });
    assert.is(finishReason, "stop", "[SEP] is config.json's eos_token_id");
    assert.ok(tokens.length && tokens.every(({ text }) => text !== "[SEP]"));
    assert.is(text, `the movie was${tokens.map(({ text }) => text.replace(/^(##)?/, (p) => (p ? "" : " "))).join("")}`);
    await words.dispose();

    const classifier = await load(new URL("reference/tiny/silu-5-labels/", import.meta.url), options);
    assert.is(await code(classifier.generate("a")), "InvalidOption");
    await classifier.dispose();
  });

  test.run();
}

const test = suite("pieces as text");

test("decoders", () => {
  const text = (decoder: unknown, ...pieces: string[]) => {
    const out = speller();
    const added = pieces.map((piece) => out.add(spelling(decoder)!(piece)));
    return { text: out.text, ranges: pieces.map((_, k) => out.range(k)), added };
  };
  const fuse = { type: "Sequence", decoders: [{ type: "Replace", content: " " }, { type: "ByteFallback" }] };
  assert.equal(text(fuse, "▁a", "<0xE2>", "<0x82>", "<0xAC>", "b"), {
    text: " a€b",
    ranges: [
      [0, 2],
      [2, 3],
      [2, 3],
      [2, 3],
      [3, 4],
    ],
    added: [" a", "", "", "€", "b"],
  });
  assert.is(text({ type: "Metaspace" }, "▁a", "<0xE2>").text, " a<0xE2>");
  assert.is(text({ type: "WordPiece", prefix: "##" }, "a", "##b").text, " ab");
  assert.is(text({ type: "ByteLevel" }, "Ġa", "ð", "Ł", "x").text, " a\ufffdx");
  assert.is(spelling({ type: "CTC" }), undefined);
});

test.run();
