// Models with narrow weights give the bits that wide ones give: over threads, beside other texts, with what is kept of
// earlier tokens; and what a narrow matrix cannot be is refused.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { narrowTable } from "../src/checkpoint/narrow.ts";
import { Engine } from "../src/engine/engine.ts";
import { keyValueCache } from "../src/generate/cache.ts";
import { load, read } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import type { LocalOptions } from "../src/runtime/options.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";
import { wide } from "./wide.ts";

const TEXTS = ["the sea sings", "so", "The sea is so! go to a duet in the sea, so sing in the dust"];
const methods = ["cp-lrp", "attn-lrp"] as const;

type Given = [name: string, files: Parameters<typeof load>[0], options: LocalOptions];
const models = (): Given[] => [
  ["int8", wide({}), { quantize: "int8" }],
  ["int4", wide({ head: true }), { quantize: "int4" }],
  ["int4, 16 bits kept, experts", wide({ experts: 3, dtype: "BF16" }), { quantize: "int4", keepHalfPrecision: true }],
  ["bf16", wide({ dtype: "BF16" }), { keepHalfPrecision: true }],
];

/** Explains each text alone and beside the others. */
async function alike(model: Model) {
  for (const method of methods) {
    const together = await model.explain(TEXTS, { method });
    for (const [i, text] of TEXTS.entries()) {
      const alone = await model.explain(text, { method });
      const numbers = ({ ledger, tokens }: typeof alone) =>
        Float32Array.from([ledger.logit, ...tokens.map(({ relevance }) => relevance)]);
      assert.equal(numbers(together[i]), numbers(alone), `${method} ${text}`);
    }
  }
  await model.dispose();
}

// Of WebGPU quantised.test.ts has models and half-precision.test.ts the kernels: a GPU in software takes 14 s for one here.
for (const place of places.filter(({ backend }) => backend === "wasm")) {
  const test = suite("narrow models");
  for (const [name, files, own] of models()) {
    const options = { ...place, ...own, deterministic: true };

    test(`${name}: a text alone and beside others, a token with a cache and without`, async () => {
      await alike(await load(files, options));

      const engine = new Engine(await read(files, options));
      const [whole] = await engine.encode([TEXTS[2]]);
      const cache = keyValueCache(engine);
      const { length } = whole.tokens;
      for (const n of [1, 2, 4, length - 1, length]) {
        const text = { ...whole, tokens: whole.tokens.slice(0, n) };
        const [expected] = await engine.predict([text]);
        assert.equal(await cache.logits(text), expected, `${n} tokens`);
      }
      cache.dispose();
      await engine.dispose();
    });

    test(`${name}: one, two and three threads, to the bit`, async () => {
      const results = [];
      for (const threads of [1, 2, 3]) {
        const model = await load(files, { ...options, threads });
        assert.is(model.fallbackReason, undefined);
        const [one, all] = [await model.explain(TEXTS[0]), await model.explain(TEXTS, { method: "attn-lrp" })];
        const generated = await model.generate(TEXTS[0], { maxNewTokens: 3 });
        results.push(JSON.stringify([one, all, generated]));
        await model.dispose();
      }
      assert.is(results[1], results[0]);
      assert.is(results[2], results[0]);
    });
  }

  test("what a model says of its tensors can be sent to another thread", async () => {
    const model = await load(wide({}), { ...place, quantize: "int8" });
    assert.equal(structuredClone(model.tensors), model.tensors);
    assert.ok(model.tensors.some(({ dtype }) => dtype === "int8"));
    await model.dispose();
  });

  test("an abort while matrices are quantised", async () => {
    const stop = new AbortController();
    let reads = 0;
    class Stopping extends Blob {
      override slice(from?: number, to?: number) {
        if (++reads === 9) stop.abort();
        return super.slice(from, to);
      }
    }
    const files = wide({});
    const given = { ...files, "model.safetensors": new Stopping([files["model.safetensors"]]) as Blob };
    assert.is(await code(load(given, { ...place, quantize: "int4", signal: stop.signal })), "Aborted");
    assert.ok(reads >= 9, `${reads} reads`);
  });

  test("a class that shares no matrix unless config.json says so keeps its head", async () => {
    const logits = async (config: Record<string, unknown>) => {
      const model = await load(wide({ head: true }, config), { ...place, quantize: "int8" });
      const { ledger } = await model.explain(TEXTS[0]);
      await model.dispose();
      return ledger.logit;
    };
    const old = { transformers_version: "4.57.6" };
    assert.is(
      await logits({ ...old, tie_word_embeddings: undefined }),
      await logits({ ...old, tie_word_embeddings: false }),
    );
  });
  test.run();
}

const tables = suite("narrow tables");

/** Two rows of 32 codes with that scale. */
const table = (scale: number, offset?: number) =>
  narrowTable(
    {
      layout: { kind: "int8", group: 32, offsets: offset !== undefined },
      async *rows() {
        const all = (value: number) => new Float32Array(2).fill(value);
        yield {
          row: 0,
          codes: new Uint8Array(64).fill(200),
          scales: all(scale),
          offsets: offset === undefined ? offset : all(offset),
        };
      },
    } as Parameters<typeof narrowTable>[0],
    "words",
    [2, 32],
  );

tables("rows that are not there", async () => {
  const row = (await table(1))!;
  const out = new Float32Array(32);
  row(1, out, 0);
  assert.is(out[31], 72);
  for (const n of [2, -1, Number.NaN]) {
    assert.throws(
      () => row(n, out, 0),
      ({ code, message }: { code: string; message: string }) => code === "InvalidInput" && /has no row/.test(message),
    );
  }
});

tables("a scale whose numbers are not finite", async () => {
  assert.ok(await table(2e36));
  assert.ok(await table(9e35, 1e38));
  for (const given of [[3e36], [Number.NaN], [-Infinity], [2e36, 1e38], [1, Number.NaN]] as [number, number?][]) {
    assert.is(await code(table(...given)), "NonFiniteWeights", `${given}`);
  }
});
tables.run();
