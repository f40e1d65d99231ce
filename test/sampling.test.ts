// Which token comes next: by transformers' logits processors (reference/sampling.py), and by the definitions, slowly.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kept, penalized, type Sampling, sampler } from "../src/generate/sampling.ts";
import { stopAt } from "../src/generate/stop.ts";
import { normal, uniform } from "../src/random.ts";

const { cases }: { cases: { options: Sampling; logits: number[]; before: number[]; probabilities: number[] }[] } =
  JSON.parse(readFileSync(new URL("reference/sampling.json", import.meta.url), "utf8"));

const test = suite("sampling");

/** Of each token the probability by which it is drawn. */
function probabilities(logits: Float32Array, before: readonly number[], options: Sampling): number[] {
  const { ids, weights } = kept(penalized(logits, before, options), options);
  const total = weights.reduce((sum, w) => sum + w, 0);
  return Array.from(logits, (_, id) => (ids.includes(id) ? weights[ids.indexOf(id)] / total : 0));
}

/** The same, step by step as each is defined, on probabilities of all tokens. */
function slowly(logits: readonly number[], before: readonly number[], options: Sampling): number[] {
  const { repetitionPenalty = 1, temperature = 1, topK = logits.length, topP = 1, minP = 0 } = options;
  const softmax = (scores: readonly number[]) => {
    const most = Math.max(...scores);
    const e = scores.map((s) => Math.exp(s - most));
    return e.map((v) => v / e.reduce((sum, w) => sum + w, 0));
  };
  let scores = logits.map((s, id) =>
    before.includes(id) ? Math.fround(s < 0 ? s * repetitionPenalty : s / repetitionPenalty) : s,
  );
  scores = scores.map((s) => s / temperature);
  const kth = [...scores].sort((a, b) => b - a)[Math.min(topK, scores.length) - 1];
  scores = scores.map((s) => (s < kth ? -Infinity : s));
  let p = softmax(scores);
  const likelier = (id: number) => p.reduce((sum, q) => sum + (q > p[id] ? q : 0), 0);
  scores = scores.map((s, id) => (likelier(id) >= topP ? -Infinity : s));
  p = softmax(scores);
  scores = scores.map((s, id) => (p[id] < minP * Math.max(...p) ? -Infinity : s));
  return softmax(scores);
}

const near = (found: readonly number[], expected: readonly number[], what: string) =>
  found.forEach((p, id) => {
    assert.ok(Math.abs(p - expected[id]) < 1e-6, `${what}: ${p} of token ${id}, not ${expected[id]}`);
    assert.is(p === 0, expected[id] === 0, `${what}: whether token ${id} may be drawn`);
  });

test("the probabilities of transformers' processors", () => {
  for (const { options, logits, before, probabilities: expected } of cases) {
    near(probabilities(Float32Array.from(logits), before, options), expected, JSON.stringify(options));
  }
});

test("each option as it is defined, on random logits", () => {
  const seed = Date.now() % 1e6;
  const next = uniform(seed);
  const z = normal(seed + 1);
  for (let i = 0; i < 200; i++) {
    const logits = Float32Array.from({ length: 30 }, () => 2 * z());
    const before = Array.from({ length: 8 }, () => Math.floor(30 * next()));
    const some = <T>(value: T) => (next() < 0.5 ? value : undefined);
    const options: Sampling = {
      repetitionPenalty: some(0.5 + next()),
      temperature: 0.3 + 2 * next(),
      topK: some(1 + Math.floor(30 * next())),
      topP: some(0.05 + 0.95 * next()),
      minP: some(next()),
    };
    const what = `seed ${seed}, ${i}: ${JSON.stringify(options)}`;
    near(probabilities(logits, before, options), slowly([...logits], before, options), what);
    const [greedy] = [...slowly([...logits], before, { repetitionPenalty: options.repetitionPenalty }).entries()].sort(
      ([, a], [, b]) => b - a,
    )[0];
    assert.is(sampler({ repetitionPenalty: options.repetitionPenalty })(logits, before), greedy, what);
  }
});

test("a text ends before its first stop string, and no part of one is taken for safe", () => {
  const seed = Date.now() % 1e6;
  const next = uniform(seed);
  const letters = (n: number) => Array.from({ length: n }, () => "ab\n"[Math.floor(3 * next())]).join("");
  for (let i = 0; i < 300; i++) {
    const stops = Array.from({ length: Math.floor(3 * next()) }, () => letters(1 + Math.floor(4 * next())));
    const stop = stopAt(stops);
    const what = `seed ${seed}, ${i}: ${JSON.stringify(stops)}`;
    let text = "";
    for (let step = 0; step < 12; step++) {
      text += letters(Math.floor(4 * next()));
      const first = Math.min(...stops.map((one) => text.indexOf(one)).filter((at) => at >= 0));
      const { cut, safe } = stop(`${text}\ufffd`, text.length);
      assert.is(cut ?? Infinity, first, `${what}, ${JSON.stringify(text)}`);
      if (cut !== undefined) break;
      const begins = (k: number) => stops.some((one) => one.startsWith(text.slice(k)));
      let expected = 0;
      while (expected < text.length && !begins(expected)) expected++;
      assert.is(safe, expected, `${what}, ${JSON.stringify(text)}`);
    }
  }
});

test.run();
