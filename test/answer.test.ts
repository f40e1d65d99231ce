// An answer as a matrix: each row is the explanation of its token alone, bit for bit on WASM, with a ledger that closes; sums by
// parts of the text; what is refused.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Source } from "../src/checkpoint/sources.ts";
import type { AnswerMatrix, AnswerSums } from "../src/explain/answer_matrix.ts";
import type { Explanation, Ledger } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { decoders, files } from "./decoders.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

const generating = new URL("reference/generate/", import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL("reference/generate.json", import.meta.url), "utf8"));

/** Every decoder that continues texts, as transformers 5 writes it. */
const subjects = decoders.filter(
  ({ name, config }) => /^\w+ \(5\)$/.test(name) && /CausalLM|Generation/.test(String(config.architectures)),
);

const sum = (values: readonly number[]) => values.reduce((all, v) => all + v, 0);
const size = (values: readonly number[]) => sum(values.map(Math.abs));

/** Throws unless a ledger closes, by the entries themselves. */
function closes({ logit, residual, ...entries }: Ledger, relevance: readonly number[], what: string): void {
  const { tokens, ...others } = entries;
  const all = size([...relevance, ...Object.values(others)]);
  assert.ok(Math.abs(tokens - sum(relevance)) <= 1e-9 * all, `${what}: tokens`);
  assert.ok(Math.abs(logit - tokens - sum(Object.values(others))) <= 2e-6 * all, `${what}: ${residual} of ${all}`);
}

/** The largest difference between a row and that token's own explanation, as a share of the latter. */
function apart({ rows }: AnswerMatrix, k: number, own: Explanation): number {
  const { relevance, token } = rows[k];
  assert.is(relevance.length, token, "as many as there are tokens before");
  const all = size(own.tokens.map((one) => one.relevance));
  return Math.max(...own.tokens.map((one, j) => Math.abs(one.relevance - (relevance[j] ?? 0)) / all));
}

/** A text in two, before the token at `cut`. */
async function halves(model: Model, text: string, cut: number): Promise<[string, string]> {
  const { start } = (await model.tokenize(text))[cut];
  return [text.slice(0, start!), text.slice(start!)];
}

for (const place of places) {
  const test = suite(`answers as matrices on ${place.backend}`);
  const options = { ...place, deterministic: true };
  const cpu = place.backend === "wasm";
  const near = cpu ? 0 : 1e-5;
  const some = cpu ? subjects : subjects.filter(({ name }) => /^(llama|gemma2|qwen3_moe)/.test(name));

  for (const one of some) {
    test(`${one.name}: each row is its token's explanation`, async () => {
      const model = await load(files(one) as Source, options);
      const text = one.cases[0].text!;
      const [prompt, continuation] = await halves(model, text, 8);
      for (const method of cpu ? (["cp-lrp", "attn-lrp", "gradient-x-input"] as const) : (["attn-lrp"] as const)) {
        const matrix = await model.explain(prompt, { continuation, each: true, method });
        const { tokens, promptTokens, rows } = matrix;
        assert.is(promptTokens, 8);
        assert.is(rows.length, tokens.length - 8);
        for (const [k, row] of rows.entries()) {
          closes(row.ledger, row.relevance, `${one.name}, row ${k}`);
          if (!cpu && k % 4) continue;
          const own = await model.explain(text, { token: row.token - 1, target: tokens[row.token].id, method });
          const off = apart(matrix, k, own);
          assert.ok(off <= near, `${method}, row ${k}: off by ${off}`);
          if (cpu) assert.equal([row.target, row.ledger], [own.target, own.ledger]);
        }
      }
      await model.dispose();
    });
  }

  test("a generated answer of several parts a run, other objectives, ragged texts, JSON", async () => {
    const model = await load(generating, options);
    const [{ prompt }] = cases;
    const how = { maxNewTokens: cpu ? 30 : 6 };
    const { matrix, ...plain } = await model.generate(prompt, { ...how, explain: { each: true } });
    assert.equal(plain, await model.generate(prompt, how), "the text is the same");
    assert.equal(JSON.parse(JSON.stringify(matrix)), matrix);
    assert.equal(matrix.warnings, []);
    const { tokens } = await model.generate(prompt, { ...how, explain: true });
    for (const [k, { explanation }] of tokens.entries()) {
      assert.ok(apart(matrix, k, explanation) <= near, `row ${k}`);
      closes(matrix.rows[k].ledger, matrix.rows[k].relevance, `row ${k}`);
    }

    const [before, continuation] = ["the sea", " sings to it"];
    const text = before + continuation;
    for (const objective of ["log-probability", "softmax-contrast"] as const) {
      const of = await model.explain(before, { continuation, each: true, objective });
      const k = 2;
      const token = of.rows[k].token;
      const own = await model.explain(text, { token: token - 1, target: of.tokens[token].id, objective });
      assert.ok(apart(of, k, own) <= near);
      assert.is(of.rows[k].explained!.objective, objective);
      assert.ok(Math.abs(of.rows[k].explained!.value - own.explained!.value) <= 1e-5);
    }
    const against = { continuation, each: true, contrast: "!" } as const;
    const [first, second] = await model.explain([before, `so ${before} and ${before}`], against);
    assert.equal(first, await model.explain(before, against));
    assert.equal(second.rows.length, first.rows.length);
    assert.is(first.rows[1].contrast!.label, "!");
    await model.dispose();
  });

  test("parts of the text on both sides add up", async () => {
    const model = await load(generating, options);
    const [prompt, continuation] = ["the sea sings", " to it. so it is"];
    for (const groups of ["words", "sentences", [{ start: 4, end: 20 }]] as const) {
      const {
        rows,
        promptTokens,
        tokens,
        groups: found,
      } = await model.explain(prompt, {
        continuation,
        each: true,
        groups,
      });
      const { columns, rows: parts, rest } = found!;
      const all: (AnswerSums & { tokens: number[] })[] = [...parts, ...(rest ? [rest] : [])];
      const inRows = all.flatMap((part) => part.tokens).sort((a, b) => a - b);
      assert.equal(inRows, [...tokens.keys()].slice(promptTokens), "each token of the answer is in a row");
      const inAny = new Set(columns.flatMap((part) => part.tokens));
      for (const part of all) {
        const own = part.tokens.map((t) => rows[t - promptTokens]);
        const over = (wanted: (j: number) => boolean) =>
          sum(own.flatMap(({ relevance }) => relevance.filter((_, j) => wanted(j))));
        for (const [c, column] of columns.entries()) {
          assert.ok(Math.abs(part.relevance[c] - over((j) => column.tokens.includes(j))) <= 1e-9);
        }
        assert.ok(Math.abs(part.rest - over((j) => !inAny.has(j))) <= 1e-9);
        for (const entry of Object.keys(part.ledger) as (keyof Ledger)[]) {
          assert.ok(Math.abs(part.ledger[entry] - sum(own.map(({ ledger }) => ledger[entry]))) <= 1e-9, entry);
        }
      }
    }
    await model.dispose();
  });

  test("what a matrix has not is refused in words, and an abort ends it", async () => {
    const model = await load(generating, options);
    const more = { continuation: " sings", each: true } as const;
    const asks: [object, RegExp][] = [
      [{ each: true }, /needs a `continuation`/],
      [{ ...more, target: "a" }, /excludes `target`/],
      [{ ...more, token: 1 }, /excludes `token`/],
      [{ ...more, heads: true }, /excludes `heads`/],
      [{ ...more, method: ["cp-lrp", "attn-lrp"] }, /takes one `method`/],
      [{ ...more, contrast: ["a"] }, /takes one `contrast`/],
      [{ ...more, objective: { dot: "the sea" } }, /compare whole texts/],
      [{ ...more, objective: "softmax-contrast", contrast: "!" }, /leave out `contrast`/],
      [{ ...more, method: "occlusion" }, /`each` needs a method that propagates: cp-lrp/],
    ];
    for (const [ask, says] of asks) {
      const error = await model.explain("the sea", ask as typeof more).then(
        () => assert.unreachable(JSON.stringify(ask)),
        (error) => error,
      );
      assert.is(error.code, "InvalidOption");
      assert.match(error.message, says);
    }
    for (const explain of [{ each: true, layers: true }, { objective: "logit" }, { each: true, groups: "messages" }]) {
      assert.is(await code(model.generate("the sea", { explain: explain as never })), "InvalidOption");
    }
    const stop = new AbortController();
    const aborted = model.explain("the sea", { ...more, signal: stop.signal });
    stop.abort();
    assert.is(await code(aborted), "Aborted");
    const seen: object[] = [];
    await model.explain("the sea", { ...more, onProgress: (progress) => void seen.push(progress) });
    assert.equal(seen.length, 1);
    await model.dispose();
  });

  test.run();
}
