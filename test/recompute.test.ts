// The whole model with attention made again in propagation, as it is for long texts, forced on short ones: against the
// golden numbers of test/reference, against the form that keeps the weights, and its ledgers.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Weights } from "../src/checkpoint/weights.ts";
import { network } from "../src/engine/network.ts";
import type { Explanation, Ledger } from "../src/explain/explanation.ts";
import { explanationTrace } from "../src/explain/trace.ts";
import { plan, workBytes } from "../src/graph/plan.ts";
import { architecture } from "../src/models/architecture.ts";
import type { ReadingPoint } from "../src/models/family.ts";
import { attend } from "../src/ops/attend.ts";
import { methods, type PropagationMethod } from "../src/propagation/composites.ts";
import { read } from "../src/runtime/load.ts";
import { Model } from "../src/runtime/model.ts";
import { apart, relevance, texts } from "./shipped.ts";
import { places } from "./support.ts";

// Shares of Σ|R| and of the ledger's size, as everywhere; each test prints what it measured.
const TOLERANCE = 1e-5;
const RESIDUAL = 2e-6;
const ANNIHILATED = 5e-6; // nothing but rounding is left; see golden.test.ts

interface Case {
  model?: string;
  text: string;
  methods: Record<string, Record<ReadingPoint, { relevance: number[]; ledger: number[] }>>;
}
const golden = (name: string): { entries: (keyof Ledger)[]; cases: Case[] } =>
  JSON.parse(readFileSync(new URL(`reference/${name}`, import.meta.url), "utf8"));
const shipped = golden("golden.json");
const tiny = golden("tiny.json");

const checkpoints: [path: string, cases: Case[]][] = [
  ["../models/sst2-tiny/", shipped.cases.filter((_, i) => i % 12 === 0)],
  ...[...new Set(tiny.cases.map(({ model }) => model))].map((model): [string, Case[]] => [
    `reference/tiny/${model}/`,
    tiny.cases.filter((one) => one.model === model),
  ]),
];

const points = ["embeddings", "embedding-sum", "words"] as const;

/** A model that keeps attention weights, or one that never does. */
async function open(path: string, place: (typeof places)[number], recompute: boolean): Promise<Model> {
  const parts = await read(new URL(path, import.meta.url), place);
  const { architecture } = parts;
  const forced = {
    ...architecture,
    network: (x: Parameters<typeof architecture.network>[0]) => architecture.network({ ...x, recompute, attend }),
  };
  return new Model({ ...parts, architecture: forced });
}

const absolute = (values: number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

/** Σ|R| + Σ|other entries| */
const sizeOf = (one: Pick<Explanation, "tokens" | "ledger">): number => {
  const { logit, tokens, residual, ...others } = one.ledger;
  return absolute(relevance(one)) + absolute(Object.values(others));
};

for (const place of places) {
  const test = suite(`models that make attention again, ${place.backend}`);

  for (const [path, cases] of checkpoints) {
    test(path, async () => {
      const kept = await open(path, place, false);
      const again = await open(path, place, true);
      const worst = { golden: 0, forms: 0, entries: 0, residual: 0 };
      const chosen = place.backend === "wasm" ? cases : cases.slice(0, 1);
      for (const { text, methods: expected } of chosen) {
        for (const method of Object.keys(expected) as PropagationMethod[]) {
          const options = { method, at: points };
          const [mine, others] = [await again.explain(text, options), await kept.explain(text, options)];
          for (const [i, one] of mine.entries()) {
            const other = others[i];
            const where = `${method} at ${one.at}, ${JSON.stringify(text)}`;
            if (place.backend === "wasm") {
              assert.equal(relevance(one), relevance(other), `${where}: to the bit`);
              assert.equal(one.classes, other.classes, where);
            }
            const size = sizeOf(other);
            for (const name of shipped.entries) {
              const off = Math.abs(one.ledger[name] - other.ledger[name]) / size;
              worst.entries = Math.max(worst.entries, off);
              assert.ok(off <= TOLERANCE, `${where}: ${name} off by ${off}`);
            }
            const residual = Math.abs(one.ledger.residual) / sizeOf(one);
            assert.ok(residual <= (one.warnings.length ? ANNIHILATED : RESIDUAL), `${where}: residual ${residual}`);
            if (one.warnings.length) continue;
            worst.residual = Math.max(worst.residual, residual);
            worst.forms = Math.max(worst.forms, apart(one, other));
            const wanted = expected[method][one.at].relevance;
            const off = Math.max(...relevance(one).map((r, j) => Math.abs(r - wanted[j]))) / absolute(wanted);
            worst.golden = Math.max(worst.golden, off);
            assert.ok(off <= TOLERANCE && apart(one, other) <= TOLERANCE, `${where}: off by ${off}`);
          }
        }
      }
      console.log(`\n${place.backend}, ${path}, ${chosen.length} texts:`, worst);
      await kept.dispose();
      await again.dispose();
    });
  }

  for (const name of ["gpt2-lm", "gpt2-sequence", "modernbert-sequence", "modernbert-mean-sequence"]) {
    test(`${name}: causal or local`, async () => {
      const path = `reference/families/${name}/`;
      const [kept, again] = [await open(path, place, false), await open(path, place, true)];
      const text = "the sea is so wide and the boat so small that a good film of it must be short , or a great one";
      for (const method of ["cp-lrp", "attn-lrp", "gradient-x-input"] as const) {
        const options = { method, layers: true };
        const [mine, other] = [await again.explain(text, options), await kept.explain(text, options)];
        assert.ok(mine.tokens.length > 16, `${mine.tokens.length} tokens, more than a window`);
        if (place.backend === "wasm") assert.equal(relevance(mine), relevance(other), `${method}: to the bit`);
        assert.ok(apart(mine, other) <= TOLERANCE, method);
        const size = sizeOf(other);
        for (const entry of shipped.entries) {
          assert.ok(Math.abs(mine.ledger[entry] - other.ledger[entry]) <= TOLERANCE * size, `${method}: ${entry}`);
        }
      }
      await kept.dispose();
      await again.dispose();
    });
  }

  test("a ragged batch, as text by text", async () => {
    const model = await open("../models/sst2-tiny/", place, true);
    for (const method of ["cp-lrp", "attn-lrp"] as const) {
      const together = await model.explain(texts, { method, layers: true });
      for (const [i, text] of texts.entries()) {
        const alone = await model.explain(text, { method, layers: true });
        if (place.backend === "wasm") assert.equal(relevance(together[i]), relevance(alone), "to the bit");
        assert.ok(apart(together[i], alone) <= 1e-6);
        for (const layer of together[i].layers!) assert.ok(Number.isFinite(layer.ledger.residual));
      }
    }
    await model.dispose();
  });

  test.run();
}

const choice = suite("which form");

choice(
  "long texts, and many at once, make attention again; in no plan of theirs is a tensor [heads, t, t]",
  async () => {
    const { architecture, backend } = await read(new URL("../models/sst2-tiny/", import.meta.url), { backend: "wasm" });
    backend.dispose();
    const kernels = (batch: number, t: number) => {
      const { outputs } = explanationTrace(network(architecture, batch, t, { attend }), [methods.get("attn-lrp")!]);
      return plan(outputs);
    };
    const short = kernels(1, 128).steps.map(({ kernel }) => kernel);
    assert.ok(short.includes("softmax") && !short.some((name) => name.startsWith("attend")));
    for (const [batch, t] of [
      [1, 4096],
      [64, 1024],
    ]) {
      const { steps, buffers } = kernels(batch, t);
      // The last block reads one row of each text's weights, which is little enough to keep.
      const whole = steps.filter(({ kernel }) => kernel === "softmax");
      assert.ok(whole.length <= 1 && steps.some(({ kernel }) => kernel === "attend_keys"));
      assert.ok(buffers.every(({ bytes }) => bytes < 4 * batch * t * t));
    }
  },
);

/** GPT-2 of its real size and longer texts, or ModernBERT: shapes alone make a plan. */
function large(type: "gpt2" | "modernbert", positions: number) {
  const [width, blocks, heads] = [768, 12, 12];
  const shapes: [name: string, shape: number[]][] = [];
  const dense = (name: string, out: number, into: number, bias = true) => {
    shapes.push([`${name}.weight`, [out, into]]);
    if (bias) shapes.push([`${name}.bias`, [type === "gpt2" ? into : out]]);
  };
  const norm = (name: string, bias = true) => {
    shapes.push([`${name}.weight`, [width]]);
    if (bias) shapes.push([`${name}.bias`, [width]]);
  };
  if (type === "gpt2") {
    shapes.push(["transformer.wte.weight", [50257, width]], ["transformer.wpe.weight", [positions, width]]);
    for (let i = 0; i < blocks; i++) {
      const layer = `transformer.h.${i}`;
      for (const part of ["ln_1", "ln_2"]) norm(`${layer}.${part}`);
      dense(`${layer}.attn.c_attn`, width, 3 * width);
      dense(`${layer}.attn.c_proj`, width, width);
      dense(`${layer}.mlp.c_fc`, width, 4 * width);
      dense(`${layer}.mlp.c_proj`, 4 * width, width);
    }
    norm("transformer.ln_f");
  } else {
    shapes.push(["model.embeddings.tok_embeddings.weight", [50368, width]], ["classifier.weight", [2, width]]);
    shapes.push(["classifier.bias", [2]], ["head.dense.weight", [width, width]]);
    for (const name of ["model.embeddings.norm", "model.final_norm", "head.norm"]) norm(name, false);
    for (let i = 0; i < blocks; i++) {
      const layer = `model.layers.${i}`;
      for (const part of i ? ["attn_norm", "mlp_norm"] : ["mlp_norm"]) norm(`${layer}.${part}`, false);
      dense(`${layer}.attn.Wqkv`, 3 * width, width, false);
      dense(`${layer}.attn.Wo`, width, width, false);
      dense(`${layer}.mlp.Wi`, 2 * 1152, width, false);
      dense(`${layer}.mlp.Wo`, width, 1152, false);
    }
  }
  const config =
    type === "gpt2"
      ? { model_type: type, architectures: ["GPT2LMHeadModel"], n_positions: positions }
      : { model_type: type, architectures: ["ModernBertForSequenceClassification"], num_hidden_layers: blocks };
  return { heads, made: architecture(config, new Weights(new Map(shapes))) };
}

for (const type of ["gpt2", "modernbert"] as const) {
  choice(`${type} at 2,048 tokens: no buffer of [heads, t, t]`, async () => {
    const t = 2048;
    const { heads, made } = large(type, t);
    const designed = await made;
    for (const name of ["cp-lrp", "attn-lrp", "gradient-x-input"] as const) {
      const bytes = (recompute: boolean) => {
        const { outputs } = explanationTrace(network(designed, 1, t, { recompute, attend }), [methods.get(name)!]);
        const made = plan(outputs);
        const most = Math.max(...made.buffers.filter(({ weight }) => !weight).map(({ bytes }) => bytes));
        return { work: workBytes(made), most };
      };
      const [kept, again] = [bytes(false), bytes(true)];
      console.log(
        `\n${type}, ${name}: ${kept.work / 2 ** 20} MiB of work with weights kept, ${again.work / 2 ** 20} MiB without`,
      );
      assert.ok(kept.most >= 4 * heads * t * t, "they are where they are kept");
      assert.ok(again.most < (4 * heads * t * t) / 4, `${again.most} bytes in a buffer`);
      assert.ok(again.work < kept.work / 3);
    }
  });
}

choice.run();
