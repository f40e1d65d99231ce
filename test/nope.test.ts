// Chi et al. 2023 (arXiv 2305.13571): without positions causal attention still tells where a token is, by its variance.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { logSlope } from "../src/diagnose/statistics.ts";
import { allClose, everywhere, eye, files, type Matrix, near, normal, words, zeros } from "./systems.ts";

const test = suite("no positions");

/** One layer of causal attention over one-hot rows; W_Q = 0, all else the identity. */
const oneHot = (d: number, norm: "none" | "pre") =>
  files(
    {
      model_type: "residual_scaled_encoder",
      architectures: ["NoPeForTabularClassification"],
      hidden_size: d,
      num_hidden_layers: 1,
      attention_mask: "causal",
      norm,
      layer_norm_eps: 1e-12,
    },
    {
      "layers.0.attention.query.weight": zeros(d),
      "classifier.weight": normal(2, d, 1),
      ...(norm === "pre" && {
        "layers.0.norm.attention.weight": Array<number>(d).fill(1),
        "layers.0.norm.attention.bias": Array<number>(d).fill(0),
      }),
    },
  );

test("Chi 2023: one-hot tokens have ‖o_m‖² = 1/m, with LayerNorm the variance (d/m − 1)/(d − 1)", async () => {
  const [d, n] = [24, 16];
  const rows = eye(d).slice(0, n);
  await everywhere(oneHot(d, "none"), async (model) => {
    const { variance } = (await model.diagnose({ rows })).blocks[0];
    // ‖o‖² = d (variance + mean²), the mean is 1/d
    near(
      variance.map((v) => d * (v + 1 / d ** 2)),
      rows.map((_, m) => 1 / (m + 1)),
      "1/m",
    );
    await allClose(model, { rows }, "Chi 2023, causal");
  });
  await everywhere(oneHot(d, "pre"), async (model) => {
    const { variance, slope } = (await model.diagnose({ rows })).blocks[0];
    near(
      variance,
      rows.map((_, m) => (d / (m + 1) - 1) / (d - 1)),
      "(d/m − 1)/(d − 1)",
    );
    assert.ok(slope < -1, `${slope}`);
    const same = (await model.diagnose({ rows: rows.map(() => rows[0]) })).blocks[0];
    near(
      same.variance,
      same.variance.map(() => same.variance[0]),
      "tokens all the same",
    );
    await allClose(model, { rows }, "Chi 2023, causal and normed");
  });
});

const [d, t, vocabulary] = [128, 128, 512];

/** A random nope_gpt with weights N(0, 0.02²); embeddings are N(0, 1), which is what a norm makes of them. */
function random(seed: number, blind = false) {
  const ones = Array<number>(d).fill(1);
  const none = (n: number) => Array<number>(n).fill(0);
  const tensors: Record<string, Matrix | number[]> = {
    "transformer.wte.weight": normal(vocabulary, d, 10 * seed + 1),
    "transformer.h.0.ln_1.weight": ones,
    "transformer.h.0.ln_1.bias": none(d),
    "transformer.h.0.attn.c_attn.weight": normal(d, 3 * d, 10 * seed + 2, 0.02).map((row) =>
      row.map((v, c) => (blind && c < d ? 0 : v)),
    ),
    "transformer.h.0.attn.c_attn.bias": none(3 * d),
    "transformer.h.0.attn.c_proj.weight": normal(d, d, 10 * seed + 3, 0.02),
    "transformer.h.0.attn.c_proj.bias": none(d),
    "transformer.h.0.ln_2.weight": ones,
    "transformer.h.0.ln_2.bias": none(d),
    "transformer.h.0.mlp.c_fc.weight": normal(d, 4, 10 * seed + 4, 0.02),
    "transformer.h.0.mlp.c_fc.bias": none(4),
    "transformer.h.0.mlp.c_proj.weight": normal(4, d, 10 * seed + 5, 0.02),
    "transformer.h.0.mlp.c_proj.bias": none(d),
    "transformer.ln_f.weight": ones,
    "transformer.ln_f.bias": none(d),
  };
  const config = {
    model_type: "nope_gpt",
    architectures: ["GPT2LMHeadModel"],
    n_embd: d,
    n_head: 4,
    n_layer: 1,
    n_positions: 256,
    layer_norm_epsilon: 1e-5,
    activation_function: "gelu_new",
  };
  return files(config, tensors, words(vocabulary));
}

test("Chi 2023: a random, frozen model's variance falls with slope −1 ± 0.05 from position to position", async () => {
  const seeds = 10;
  const mean = new Map<string, number[]>();
  for (let s = 0; s < 2 * seeds; s++) {
    const blind = s >= seeds;
    await everywhere(random(s, blind), async (model) => {
      if (blind && model.backend !== "wasm") return; // slow on a GPU in software
      const text = Array.from({ length: t }, (_, m) => `w${(37 * s + 5 * m) % vocabulary}`).join(" "); // no word twice
      const { blocks, tokens: read } = await model.diagnose(text);
      assert.is(read.length, t);
      const key = `${model.backend}${blind ? ", W_Q = 0" : ""}`;
      const sum = mean.get(key) ?? Array<number>(t).fill(0);
      mean.set(
        key,
        sum.map((v, m) => v + blocks[0].variance[m] / seeds),
      );
    });
  }
  for (const [where, variance] of mean) {
    const { slope, intercept } = logSlope(variance);
    assert.ok(Math.abs(slope + 1) <= 0.05, `${where}: slope ${slope}`);
    const law = d ** 2 * 0.02 ** 4;
    assert.ok(
      Math.abs(intercept - Math.log(law)) < 0.2,
      `${where}: intercept ${intercept}, d²σ⁴ says ${Math.log(law)}`,
    );
    const ratio = variance.reduce((sum, v, m) => sum + ((m + 1) * v) / law / t, 0);
    if (where.includes("W_Q")) assert.ok(Math.abs(ratio - 1) < 0.05, `${where}: m v / d²σ⁴ is ${ratio}`);
  }
});

test("Chi 2023: the control, which sees to both sides, has no slope", async () => {
  const config = {
    model_type: "residual_scaled_encoder",
    architectures: ["NoPeForTabularClassification"],
    hidden_size: d,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    norm: "pre",
    layer_norm_eps: 1e-5,
  };
  const tensors: Record<string, Matrix | number[]> = {
    "classifier.weight": normal(2, d, 7),
    "layers.0.norm.attention.weight": Array<number>(d).fill(1),
    "layers.0.norm.attention.bias": Array<number>(d).fill(0),
  };
  for (const [i, name] of ["query", "key", "value", "output"].entries()) {
    tensors[`layers.0.attention.${name}.weight`] = normal(d, d, 60 + i, 0.02);
  }
  await everywhere(files(config, tensors), async (model) => {
    const { slope } = (await model.diagnose({ rows: normal(t, d, 70) })).blocks[0];
    assert.ok(Math.abs(slope) < 0.02, `${model.backend}: slope ${slope}`);
  });
});

test("nope_gpt: the same words in another order, seen by the last token, are the same", async () => {
  await everywhere(random(3), async (model) => {
    const logits = async (text: string) =>
      (await model.predict(text)).classes.map(({ label, logit }) => [label, logit]);
    const [a, b] = [await logits("w3 w17 w40 w9"), await logits("w40 w3 w17 w9")];
    near(
      a.map(([, v]) => v as number),
      b.map(([, v]) => v as number),
      "no positions",
    );
    await allClose(model, "w3 w17 w40 w9", "nope_gpt");
  });
});

test.run();
