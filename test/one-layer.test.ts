// One layer of attention whose regimes papers describe: Jiang et al. 2024, benign overfitting (arXiv 2409.19345); Li et al. 2024,
// low rank and sparse (arXiv 2406.17167). The trained checkpoints are those of test/reference/one_layer.py, its numbers float64.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ranks, singularValues } from "../src/diagnose/spectrum.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places, random } from "./support.ts";
import { allClose, everywhere, eye, files, type Matrix, near, normal, zeros } from "./systems.ts";

interface Measured {
  logits: number[];
  loss: number;
  error: number;
  own: number;
  others: number;
}
interface Curve {
  share: number;
  hinge: number;
  error: number;
}
interface Numbers {
  benign: { strength: number; train: Measured; test: Measured }[];
  low_rank: {
    logits: number[];
    ranks: Record<string, { stable: number; effective: number; top2: number }>;
    mass: { start: number; end: number };
    curves: { smallest: Curve[]; largest: Curve[] };
  };
}
const numbers: Numbers = JSON.parse(readFileSync(new URL("reference/one-layer.json", import.meta.url), "utf8"));
const trained = (name: string) => new URL(`reference/one-layer/${name}/`, import.meta.url);

const test = suite("one layer");

test("Jiang 2024: orthogonal tokens give 0.42732454", async () => {
  const [m, beta, s, r] = [4, 0.7, 1.5, 1.2];
  const e1 = [1, 0, 0, 0];
  const from = files(
    {
      model_type: "one_layer_vit",
      architectures: ["OneLayerViTForTabularRegression"],
      hidden_size: m,
      num_hidden_layers: 1,
    },
    { "layers.0.attention.query.weight": eye(m, beta), "classifier.weight": [e1] },
  );
  await everywhere(from, async (model) => {
    const rows = eye(m).map((row, j) => row.map((v) => v * (j ? r : s)));
    const { classes } = await model.predict({ rows });
    near([classes[0].logit], [0.42732454], "f", 1e-6);
    await allClose(model, { rows }, "Jiang 2024");
  });
});

test("Li 2024: attention on a relevant pattern that is there k times is k eᶜ / (k eᶜ + L − k)", async () => {
  const [width, c, length] = [12, 1.3, 10];
  const config = {
    model_type: "one_layer_vit",
    architectures: ["OneLayerViTForTabularRegression"],
    hidden_size: width,
    num_hidden_layers: 1,
  };
  const relevant = eye(width, c).map((row, i) => (i < 2 ? row : row.map(() => 0))); // c Σ μ μᵀ of the first two
  const tensors = { "layers.0.attention.query.weight": relevant, "classifier.weight": normal(1, width, 1) };
  await everywhere(files(config, tensors), async (model) => {
    for (const k of [1, 3, 6]) {
      const rows = Array.from({ length }, (_, t) => eye(width)[t < k ? 0 : 2 + t - k]);
      const { blocks } = await model.diagnose({ rows }, { tokens: [...Array(k).keys()] });
      near([blocks[0].heads[0].massOf![0]], [(k * Math.exp(c)) / (k * Math.exp(c) + length - k)], `${k} of ${length}`);
    }
  });
});

const [D, M] = [200, 4];

/** As in one_layer.py: token 1 is the signal, the others are noise. */
function examples(n: number, strength: number, seed: number): Matrix[] {
  const noise = normal(n * (M - 1), D - 2, seed);
  return Array.from({ length: n }, (_, i) => {
    const rows = zeros(M, D);
    rows[0][i % 2] = strength;
    for (let t = 1; t < M; t++) for (let c = 2; c < D; c++) rows[t][c] = noise[i * (M - 1) + t - 1][c - 2];
    return rows;
  });
}

const label = (i: number) => (i % 2 ? -1 : 1);
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

test("Jiang 2024: harmful and benign overfitting, by losses, attention and relevance on the signal", async () => {
  const shares: Record<string, number[]> = {};
  for (const { strength, train, test: held } of numbers.benign) {
    for (const place of places) {
      const model = await load(trained(`benign-${strength}`), { ...place, deterministic: true });
      for (const [n, seed, expected] of [
        [20, 1, train],
        [200, 2, held],
      ] as const) {
        const inputs = examples(n, strength, seed).map((rows) => ({ rows }));
        const logits = (await model.predict(inputs)).map(({ classes }) => classes[0].logit);
        near(logits, expected.logits, `‖μ‖ = ${strength}`);
        near([mean(logits.map((f, i) => Math.log1p(Math.exp(-label(i) * f))))], [expected.loss], "loss");
        assert.is(mean(logits.map((f, i) => Number(label(i) * f <= 0))), expected.error);
        const few = inputs.slice(0, 20); // of the held-out ones
        if (n === 200) {
          const mass = (await model.diagnose(few, { tokens: [0] })).map(({ blocks }) => blocks[0].heads[0].massOf!);
          const [own, others] = [mean(mass.map(([first]) => first)), mean(mass.flatMap(([, ...rest]) => rest))];
          assert.ok(Math.abs(own - expected.own) < 0.1 && Math.abs(others - expected.others) < 0.1, `${own} ${others}`);
        }
      }
      const told = await model.explain(
        examples(60, strength, 2).map((rows) => ({ rows })),
        { method: "cp-lrp" },
      );
      const share = told.map(({ tokens }) => {
        const sizes = tokens.map(({ relevance }) => Math.abs(relevance));
        return sizes[0] / sizes.reduce((sum, v) => sum + v, 0);
      });
      shares[place.backend] = [...(shares[place.backend] ?? []), mean(share)];
      if (strength === 8) await allClose(model, { rows: examples(1, 8, 3)[0] }, "benign");
      await model.dispose();
    }
  }
  console.log(
    "  relevance on the signal by ‖μ‖:",
    numbers.benign.map(({ strength }, i) => `${strength} ${shares[places[0].backend][i].toFixed(3)}`).join(", "),
  );
  for (const [backend, [faint, , , strong, strongest]] of Object.entries(shares)) {
    assert.ok(faint < 0.25 && strong > 0.6 && strongest > 0.6, `${backend}: ${shares[backend]}`);
  }
  const { test: harmful, train } = numbers.benign[0];
  const { test: benign } = numbers.benign[4];
  assert.ok(train.error === 0 && train.loss < 0.011 && harmful.error > 0.4 && benign.error === 0 && benign.loss < 0.1);
});

const [d, PATTERNS, TOKENS] = [20, 12, 10];

/** As in one_layer.py: three tokens of the two patterns that matter, seven of others. */
function patterns(n: number, seed: number): Matrix[] {
  const draws = random(n * TOKENS, seed);
  const noise = normal(n * TOKENS, d, seed + 1, 0.03);
  return Array.from({ length: n }, (_, i) => {
    const [mine, other] = i % 2 ? [1, 0] : [0, 1];
    const draw = (t: number) => (draws[i * TOKENS + t] + 1) / 2;
    const own = [mine, mine, draw(0) < 0.5 ? other : mine];
    return Array.from({ length: TOKENS }, (_, t) => {
      const row = [...noise[i * TOKENS + t]];
      row[t < 3 ? own[t] : 2 + Math.floor(draw(t) * (PATTERNS - 2))] += 1;
      return row.map(Math.fround);
    });
  });
}

async function both(run: (model: Model, before: Model) => Promise<void>): Promise<void> {
  for (const place of places) {
    const [model, before] = [
      await load(trained("low-rank"), { ...place, deterministic: true }),
      await load(trained("low-rank-start"), { ...place, deterministic: true }),
    ];
    await run(model, before);
    await model.dispose();
    await before.dispose();
  }
}

test("Li 2024: what training adds is low rank, and attention turns to the patterns that matter", async () => {
  const inputs = patterns(400, 41).map((rows) => ({ rows }));
  await both(async (model, before) => {
    near(
      (await model.predict(inputs)).map(({ classes }) => classes[0].logit),
      numbers.low_rank.logits,
      "logits",
    );
    const { weights } = await model.diagnose(inputs[0], { compareTo: before });
    const names = {
      query: "attention.query",
      key: "attention.key",
      value: "attention.value",
      neurons: "feedforward.up",
    };
    for (const [name, part] of Object.entries(names)) {
      const told = weights!.find((one) => one.name === `layers.0.${part}.weight`)!;
      const expected = numbers.low_rank.ranks[name];
      near([told.stableRank, told.effectiveRank], [expected.stable, expected.effective], name);
      const squares = told.singularValues.map((v) => v * v);
      const top2 = (squares[0] + squares[1]) / squares.reduce((sum, v) => sum + v, 0);
      near([top2], [expected.top2], `${name}, two largest`);
      assert.ok(top2 > 0.99 && told.stableRank < 1.3);
    }
    const seen = async (of: Model) =>
      mean(
        (await of.diagnose(inputs.slice(0, 40), { tokens: [0, 1, 2] })).map(({ blocks }) => blocks[0].heads[0].mass!),
      );
    const [start, end] = [await seen(before), await seen(model)];
    const { mass } = numbers.low_rank;
    assert.ok(
      Math.abs(start - mass.start) < 0.01 && Math.abs(end - mass.end) < 0.02 && end > start + 0.05,
      `${start} ${end}`,
    );
    await allClose(model, inputs[1], "Li 2024");
  });
});

test("Li 2024: neurons with small weights can be cut out, those with large ones cannot", async () => {
  const inputs = patterns(400, 41).map((rows) => ({ rows }));
  await both(async (model) => {
    const { blocks } = await model.diagnose(inputs[0], { weights: true });
    const norms = blocks[0].neurons!;
    const order = [...norms.keys()].sort((a, b) => norms[a] - norms[b]);
    const { curves } = numbers.low_rank;
    for (const [name, by] of [
      ["smallest", order],
      ["largest", [...order].reverse()],
    ] as const) {
      for (const { share, hinge, error } of curves[name]) {
        const neurons = by.slice(0, Math.round(share * norms.length)).map((index) => [0, index] as const);
        const found = (await model.predict(inputs, { ablate: { neurons } })).map(
          ({ classes }, i) => label(i) * classes[0].logit,
        );
        assert.ok(Math.abs(mean(found.map((f) => Math.max(0, 1 - f))) - hinge) < 1e-5, `${name} ${share}: hinge`);
        assert.ok(Math.abs(mean(found.map((f) => Number(f <= 0))) - error) < 3e-3, `${name} ${share}: error`);
      }
    }
    const [small, large] = [curves.smallest, curves.largest].map(
      (points) => points.find(({ share }) => share === 0.5)!,
    );
    assert.ok(small.hinge < 0.05 && large.hinge > 0.3);
    assert.ok(curves.smallest.every(({ error }) => error < 0.01) && curves.largest[5].error > 0.9);
  });
});

test("ranks: of the identity 4 and 4, of all ones 1 and 1, of any matrix the squares' sum and the trace's", async () => {
  const flat = (a: Matrix) => a.flat();
  const identity = ranks(await singularValues(flat(eye(4)), 4, 4));
  const ones = ranks(await singularValues(Array(16).fill(1), 4, 4));
  near([identity.stableRank, identity.effectiveRank], [4, 4], "I", 1e-12);
  near([ones.stableRank, ones.effectiveRank], [1, 1], "ones", 1e-6);
  assert.equal(ranks(await singularValues([0, 0, 0, 0], 2, 2)), { norm: 0, stableRank: 0, effectiveRank: 0 });
  for (const [rows, cols] of [
    [1, 1],
    [1, 7],
    [7, 3],
    [12, 12],
    [40, 23],
  ]) {
    const a = normal(rows, cols, rows + cols);
    const values = await singularValues(flat(a), rows, cols);
    assert.is(values.length, Math.min(rows, cols));
    // Σ σ² = ‖A‖², Σ σ⁴ = ‖AᵀA‖², and σ₁ by power iteration
    near([values.reduce((sum, v) => sum + v * v, 0)], [flat(a).reduce((sum, v) => sum + v * v, 0)], "Σ σ²", 1e-12);
    const gram = a.map((x) => a.map((y) => x.reduce((sum, v, c) => sum + v * y[c], 0)));
    near([values.reduce((sum, v) => sum + v ** 4, 0)], [gram.flat().reduce((sum, v) => sum + v * v, 0)], "Σ σ⁴", 1e-12);
    let v = gram.map((_, i) => 1 + (i % 3));
    for (let step = 0; step < 3000; step++) {
      const next = gram.map((row) => row.reduce((sum, g, i) => sum + g * v[i], 0));
      const size = Math.hypot(...next);
      v = next.map((x) => x / size);
    }
    const top = gram
      .map((row) => row.reduce((sum, g, i) => sum + g * v[i], 0))
      .reduce((sum, x, i) => sum + x * v[i], 0);
    near([values[0]], [Math.sqrt(top)], "σ₁", 1e-9);
    assert.equal(
      [...values].sort((x, y) => y - x),
      [...values],
    );
  }
});

test.run();
