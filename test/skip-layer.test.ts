// Chen et al. 2024 (arXiv 2406.11274): heads that look at keys and values of an earlier layer.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, type Probe } from "../src/engine/engine.ts";
import type { RelpropError } from "../src/errors.ts";
import { read } from "../src/runtime/load.ts";
import { places } from "./support.ts";
import { allClose, closes, everywhere, files, type Matrix, near, normal, words } from "./systems.ts";

const [d, heads, layers, vocabulary] = [8, 4, 4, 20];
const TEXT = "w1 w5 w3 w7 w5 w2";

type Change = (tensors: Record<string, Matrix | number[]>) => void;

function gpt(more: object, change: Change = () => {}, tied = false) {
  const vector = (n: number, seed: number, by = 0.3) => normal(1, n, seed, by)[0];
  const tensors: Record<string, Matrix | number[]> = {
    "transformer.wte.weight": normal(vocabulary, d, 1),
    "transformer.wpe.weight": normal(16, d, 2),
    "transformer.ln_f.weight": vector(d, 3).map((v) => 1 + v),
    "transformer.ln_f.bias": vector(d, 4),
  };
  for (let l = 0; l < layers; l++) {
    const seed = tied ? 10 : 10 + 20 * l;
    const at = `transformer.h.${l}.`;
    for (const [i, name] of ["ln_1", "ln_2"].entries()) {
      tensors[`${at}${name}.weight`] = vector(d, seed + i).map((v) => 1 + v);
      tensors[`${at}${name}.bias`] = vector(d, seed + 2 + i);
    }
    for (const [i, [name, from, to]] of (
      [
        ["attn.c_attn", d, 3 * d],
        ["attn.c_proj", d, d],
        ["mlp.c_fc", d, 16],
        ["mlp.c_proj", 16, d],
      ] as const
    ).entries()) {
      tensors[`${at}${name}.weight`] = normal(from, to, seed + 4 + i, 0.5);
      tensors[`${at}${name}.bias`] = vector(to, seed + 8 + i);
    }
  }
  change(tensors);
  const config = {
    model_type: "skip_layer_gpt",
    architectures: ["GPT2LMHeadModel"],
    n_embd: d,
    n_head: heads,
    n_layer: layers,
    n_positions: 16,
    vocab_size: vocabulary,
    layer_norm_epsilon: 1e-5,
    activation_function: "gelu_new",
    num_skip_layers: 2,
    ...more,
  };
  return files(config, tensors, words(vocabulary));
}

const test = suite("skip layers");

/** Logits and relevance of one model on every backend, by backend. */
async function numbers(from: ReturnType<typeof gpt>): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  await everywhere(from, async (model) => {
    const { classes } = await model.predict(TEXT);
    const { tokens } = await model.explain(TEXT, { method: "attn-lrp" });
    found.set(model.backend, [...classes.map(({ logit }) => logit), ...tokens.map(({ relevance }) => relevance)]);
  });
  return found;
}

test("Chen 2024: no skip heads, or a skip beyond the depth, are the baseline bit for bit", async () => {
  const baseline = await numbers(gpt({ model_type: "gpt2" }));
  for (const more of [{ num_skip_heads: 0 }, { num_skip_heads: 3, num_skip_layers: layers }]) {
    const found = await numbers(gpt(more));
    for (const [backend, values] of found)
      assert.equal(values, baseline.get(backend), `${backend} ${JSON.stringify(more)}`);
  }
  const other = await numbers(gpt({ num_skip_heads: 3 }));
  for (const [backend, values] of other) assert.not.equal(values, baseline.get(backend), backend);
});

test("Chen 2024: with W_Q = 0 a skip head's output is the prefix mean of the cached values, another's is not", async () => {
  const blank: Change = (tensors) => {
    const w = tensors["transformer.h.3.attn.c_attn.weight"] as Matrix;
    tensors["transformer.h.3.attn.c_attn.weight"] = w.map((row) => row.map((v, c) => (c < d ? 0 : v)));
    tensors["transformer.h.3.attn.c_attn.bias"] = (tensors["transformer.h.3.attn.c_attn.bias"] as number[]).map(
      (v, c) => (c < d ? 0 : v),
    );
    // What attention hands on is then its context as it is.
    tensors["transformer.h.3.attn.c_proj.weight"] = normal(d, d, 1).map((row, i) => row.map((_, j) => Number(i === j)));
    tensors["transformer.h.3.attn.c_proj.bias"] = Array<number>(d).fill(0);
  };
  await inside(gpt({ num_skip_heads: 2 }, blank), (look) => {
    const [cached, own] = [look("ownValues 1"), look("ownValues 3")];
    const columns = [...Array(d).keys()];
    look("attentionOutput 3").forEach((out, m) => {
      const mean = (rows: Matrix, c: number) => rows.slice(0, m + 1).reduce((sum, row) => sum + row[c], 0) / (m + 1);
      const half = d / 2;
      near(
        out,
        columns.map((c) => mean(c < half ? own : cached, c)),
        `own heads and then those that skip, position ${m}`,
      );
    });
  });
});

test("Chen 2024: reusing and projecting again are the same where weights are tied but for norms' inputs, else not", async () => {
  const [reuse, again] = [
    await numbers(gpt({ num_skip_heads: 2 }, undefined, true)),
    await numbers(gpt({ num_skip_heads: 2, skip_mode: "reproject" }, undefined, true)),
  ];
  for (const [backend, values] of reuse) near(again.get(backend)!, values, `tied, ${backend}`, 1e-6);
  const [a, b] = [
    await numbers(gpt({ num_skip_heads: 2 })),
    await numbers(gpt({ num_skip_heads: 2, skip_mode: "reproject" })),
  ];
  for (const [backend, values] of a) assert.not.equal(b.get(backend), values, `untied, ${backend}`);
});

test("Chen 2024: decoding with a key/value cache is the whole forward pass", async () => {
  for (const skip_mode of ["reuse", "reproject"]) {
    await everywhere(gpt({ num_skip_heads: 3, skip_mode }), async (model) => {
      const { tokens } = await model.generate(TEXT, { maxNewTokens: 5 });
      let text = TEXT;
      for (const { text: piece, logit } of tokens) {
        const { classes } = await model.predict(text);
        assert.is(piece, classes[0].label);
        near([logit], [classes[0].logit], `${skip_mode}: ${text}`, 1e-5);
        text = `${text} ${piece}`;
      }
    });
  }
});

test("Chen 2024: relevance of both consumers adds up; every ledger closes; the middle can be silent", async () => {
  for (const skip_mode of ["reuse", "reproject"]) {
    await everywhere(gpt({ num_skip_heads: 2, skip_mode }), async (model) => allClose(model, TEXT, skip_mode));
  }
  // No bias, no norm's bias: by AH and the LayerNorm rule all of the logit comes from the tokens.
  const bare: Change = (tensors) => {
    for (const name of Object.keys(tensors))
      if (name.endsWith("bias")) tensors[name] = (tensors[name] as number[]).map(() => 0);
    for (const l of [1, 2])
      tensors[`transformer.h.${l}.attn.c_proj.weight`] = normal(d, d, 1).map((row) => row.map(() => 0));
  };
  await everywhere(gpt({ num_skip_heads: 2 }, bare), async (model) => {
    const told = await model.explain(TEXT, { method: "cp-lrp" });
    near([told.ledger.tokens], [told.ledger.logit], "Σ R = f");
    assert.ok(
      told.tokens.slice(0, -1).some(({ relevance }) => Math.abs(relevance) > 1e-3 * Math.abs(told.ledger.logit)),
    );
    closes(told, "bare");
  });
});

test("layers, heads and neurons of a model whose stream is not all there is are refused", async () => {
  await everywhere(gpt({ num_skip_heads: 2 }), async (model) => {
    for (const options of [{ layers: true }, { heads: true }, { neurons: 3 }]) {
      try {
        await model.explain(TEXT, options);
        assert.unreachable();
      } catch (error) {
        assert.is((error as RelpropError).code, "InvalidOption");
        assert.match((error as Error).message, /goes around blocks/);
      }
    }
  });
});

/** What blocks note of a text, on every backend. */
async function inside(from: ReturnType<typeof gpt>, run: (look: (name: string) => Matrix) => void): Promise<void> {
  for (const place of places) {
    const engine = new Engine(await read(from, { ...place, deterministic: true }));
    const [one] = await engine.encode([TEXT]);
    const trace: Probe["trace"] = ({ blocks }) => {
      const named = (name: "ownValues" | "attentionOutput") => blocks.map((block, i) => [`${name} ${i}`, block[name]!]);
      return { outputs: Object.fromEntries([...named("ownValues"), ...named("attentionOutput")]) };
    };
    const [seen] = await engine.probe([one], { kind: "test", trace, rows: one.tokens.length });
    run((name) => {
      const [, n, width] = seen.trace.outputs[name].shape;
      const x = seen.of(name);
      return Array.from({ length: n }, (_, i) => Array.from(x.subarray(i * width, (i + 1) * width)));
    });
    await engine.dispose();
  }
}

test.run();
