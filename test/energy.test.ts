// Yang, Huang and Wipf 2022 (arXiv 2205.13891): attention with key biases is a step of mean shift, and so never raises its
// energy; a symmetric dense layer is a step of gradient descent on its own.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { places } from "./support.ts";
import { allClose, everywhere, eye, files, type Matrix, near, normal } from "./systems.ts";

const config = (d: number, loops: number, more: object = {}) => ({
  model_type: "energy_transformer",
  architectures: ["EnergyForTokenClassification"],
  hidden_size: d,
  num_hidden_layers: 1,
  loops,
  readout: "tokens",
  ...more,
});

const attention = (d: number, loops: number, more: object = {}, extra: Record<string, Matrix | number[]> = {}) =>
  files(config(d, loops, more), {
    "layers.0.attention.query.weight": eye(d),
    "classifier.weight": normal(2, d, 5),
    ...extra,
  });

const test = suite("energy");

test("Yang 2022: two tokens at ±a go to ± a tanh(a²), energies −.135335, −.313470, −.728386, −.992204", async () => {
  await everywhere(attention(1, 3), async (model) => {
    const { stream } = await model.diagnose({ rows: [[1], [-1]] });
    const a = [1, 0.761594, 0.398073, 0.0625568];
    near(
      stream.map(({ energy }) => energy!.norm),
      a.map((v) => v * v),
      "½ ‖Z‖² = a²",
    );
    near(
      stream.map(({ energy }) => energy!.interaction),
      [-0.135335, -0.31347, -0.728386, -0.992204],
      "E",
    );
    near(
      stream.slice(1).map(({ norm }) => norm / Math.SQRT2),
      a.slice(0, 3).map((v) => v * Math.tanh(v * v)),
      "a tanh(a²)",
    );
  });
});

test("Yang 2022: the dense layer goes 3, 1.5, 1.125, 1.03125 down to 1 at B / 1.5", async () => {
  const b = [1, 2, -1, 0];
  const extra = { "layers.0.feedforward.symmetric.weight": eye(4, 0.5), "layers.0.feedforward.symmetric.bias": b };
  await everywhere(attention(4, 3, {}, extra), async (model) => {
    const { stream } = await model.diagnose({ rows: [[0, 0, 0, 0]] }); // one token attends to itself
    near(
      stream.map(({ energy }) => energy!.feedforward),
      [3, 1.5, 1.125, 1.03125],
      "E2",
    );
    const far = await model.diagnose({ rows: [[0, 0, 0, 0]] }, { numLoops: 30 });
    near([far.stream[30].energy!.feedforward], [1], "its least");
    near([far.stream[30].norm], [Math.hypot(...b) / 1.5], "B / 1.5");
    await allClose(model, { rows: normal(3, 4, 7) }, "Yang 2022");
  });
});

test("Yang 2022: the energy of attention with key biases never rises, in 50 runs at three scales", async () => {
  const [n, d] = [20, 32];
  let plain = 0;
  for (const [bias, scale] of [
    [true, 1],
    [true, 0.1],
    [true, 0.6],
    [false, 0.6],
  ] as const) {
    await everywhere(attention(d, 12, { key_bias: bias }), async (model) => {
      const seeds = model.backend === "wasm" || (bias && scale === 0.6) ? 50 : 5; // a GPU in software is slow
      const runs = await model.diagnose(
        Array.from({ length: seeds }, (_, s) => ({ rows: normal(n, d, s + 1, scale) })),
      );
      for (const [s, { stream }] of runs.entries()) {
        for (const sum of [
          (e: Record<string, number>) => e.interaction,
          (e: Record<string, number>) => e.interaction + e.norm,
        ]) {
          const energies = stream.map(({ energy }) => sum(energy!));
          const rises = energies.some((e, l) => l > 0 && e - energies[l - 1] > 1e-5 * Math.max(1, Math.abs(e)));
          if (bias) assert.not(rises, `seed ${s}, scale ${scale}: ${energies}`);
          else if (model.backend === "wasm" && sum({ interaction: 0, norm: 1 })) plain += Number(rises);
        }
      }
    });
  }
  if (places.some(({ backend }) => backend === "wasm"))
    assert.ok(plain > 40, `softmax alone, the control, rises in ${plain} of 50`);
});

test("Yang 2022: attention and dense layer in turn end lower than they began", async () => {
  const [n, d] = [20, 16];
  const w = normal(d, d, 3, 0.1);
  const extra = {
    "layers.0.feedforward.symmetric.weight": w,
    "layers.0.feedforward.symmetric.bias": normal(1, d, 4)[0],
  };
  await everywhere(attention(d, 12, { hidden_act: "relu" }, extra), async (model) => {
    const { stream } = await model.diagnose({ rows: normal(n, d, 9) });
    const total = stream.map(({ energy }) => Object.values(energy!).reduce((a, b) => a + b, 0));
    assert.ok(total[12] < total[0], `${total}`);
    await allClose(model, { rows: normal(6, d, 10) }, "Yang 2022", { numLoops: 3 });
  });
});

test("key biases in several heads: relevance is the gradient's and the ledger closes", async () => {
  const d = 6;
  const from = files(
    { ...config(d, 2, { num_attention_heads: 2, readout: "mean" }), architectures: ["EnergyForTabularClassification"] },
    { "layers.0.attention.query.weight": normal(d, d, 21), "classifier.weight": normal(2, d, 22) },
  );
  await everywhere(from, async (model) => {
    const rows = normal(5, d, 23);
    await allClose(model, { rows }, "two heads");
    const { tokens } = await model.explain({ rows }, { method: "gradient-x-input", target: 0 });
    const logit = async (r: Matrix) => (await model.predict({ rows: r })).classes[0].logit;
    for (const [j, { relevance }] of tokens.entries()) {
      const h = 2 ** -6;
      const moved = (by: number) => rows.map((row, i) => (i === j ? row.map((v) => v * (1 + by)) : row));
      const slope = ((await logit(moved(h))) - (await logit(moved(-h)))) / (2 * h);
      assert.ok(
        Math.abs(slope - relevance) < 2e-3 * Math.max(...tokens.map((t) => Math.abs(t.relevance))),
        `${j}: ${slope}, ${relevance}`,
      );
    }
  });
});

test.run();
