// Noci et al. 2022 (arXiv 2206.03126), after Dong et al. 2021: tokens become alike with depth, unless residual scales keep them
// apart, and queries and keys then learn nothing. Exact cases, the mean over random networks, and the law of gradients.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allClose, everywhere, eye, files, type Matrix, near, normal, times, zeros } from "./systems.ts";

const config = (d: number, layers: number, more: object = {}) => ({
  model_type: "residual_scaled_encoder",
  architectures: ["ResidualScaledForTabularClassification"],
  hidden_size: d,
  num_hidden_layers: layers,
  ...more,
});

const test = suite("rank collapse");

test("Noci 2022: cosines 0, .2, .428571, .636364, .789474, and C and N as the closed form has them", async () => {
  const [n, d, layers] = [4, 64, 4];
  const tensors: Record<string, Matrix> = {
    "classifier.weight": zeros(2, d).map((row, r) => row.map((_, c) => (c === r ? 1 : 0))),
  };
  for (let l = 0; l < layers; l++) {
    tensors[`layers.${l}.attention.query.weight`] = zeros(d);
    const by = 4 * 2 ** l; // value c of the output is value c − 4·2ˡ of the input
    tensors[`layers.${l}.attention.value.weight`] = zeros(d).map((row, r) =>
      row.map((_, c) => Number(r === (c + by) % d)),
    );
  }
  const rows = eye(d).slice(0, n);
  for (const [alpha, expected] of [
    [1, [0, 0.2, 0.428571, 0.636364, 0.789474]],
    [0.5, [0, 0.0588235, 0.123288, 0.192429, 0.264896]],
  ] as const) {
    await everywhere(files(config(d, layers, { residual_scale: [alpha, 1] }), tensors), async (model) => {
      const { stream, blocks } = await model.diagnose({ rows });
      const a = 1 + alpha ** 2;
      near(
        stream.map(({ cosine }) => cosine),
        expected,
        `α = ${alpha}: cosine`,
        1e-5,
      );
      near(
        stream.map(({ alignment }) => alignment),
        stream.map((_, l) => (a ** l - 1) / (a ** l - 1 + n)),
        "ρ",
      );
      for (const [l, { norm, residual }] of stream.entries()) {
        const size = n + a ** l - 1; // N = N₀ + C₀ (aˡ − 1) / n, C = aˡ C₀
        near([norm ** 2], [size], "N");
        near([residual ** 2], [1 - (a ** l * n) / n / size], "‖X − 1x̄ᵀ‖² / ‖X‖²");
      }
      for (const { heads } of blocks)
        near(
          heads.map(({ entropy }) => entropy),
          [Math.log(n)],
          "uniform attention",
        );
      await allClose(model, { rows }, "Noci 2022");
    });
  }
});

test("Noci 2022: ρ of random networks is the closed form's, and 1/√L keeps tokens apart", async () => {
  const [n, d, seeds] = [16, 64, 40];
  const depths = [0, 1, 2, 4, 8];
  for (const alpha of [1, 1 / Math.sqrt(8)]) {
    const found = depths.map(() => 0);
    for (let s = 0; s < seeds; s++) {
      const tensors: Record<string, Matrix> = { "classifier.weight": normal(2, d, s) };
      for (let l = 0; l < 8; l++) {
        tensors[`layers.${l}.attention.query.weight`] = zeros(d);
        tensors[`layers.${l}.attention.value.weight`] = normal(d, d, 1000 * s + l + 1, 1 / Math.sqrt(d));
      }
      const from = files(config(d, 8, { residual_scale: [alpha, 1] }), tensors);
      await everywhere(from, async (model) => {
        if (model.backend !== "wasm") return; // the same numbers: forty models are slow on a GPU in software
        const { stream } = await model.diagnose({ rows: eye(d).slice(0, n) });
        depths.forEach((l, i) => {
          found[i] += stream[l].alignment / seeds;
        });
      });
    }
    const a = 1 + alpha ** 2;
    const expected = depths.map((l) => (a ** l - 1) / (a ** l - 1 + n));
    // 0.058, .158, .484, .941 for α = 1; 200 runs were off by 2e-3, so forty by some hundredths
    for (const [i, rho] of found.entries())
      if (found.some(Boolean))
        assert.ok(Math.abs(rho - expected[i]) < 0.02, `α ${alpha}, layer ${depths[i]}: ${rho}, ${expected[i]}`);
    if (alpha < 1 && found.some(Boolean)) assert.ok(found[4] < (Math.E - 1) / (Math.E - 1 + n) + 0.01);
  }
});

/** softmax(β X Xᵀ) X, without a stream around it if `bare`. */
const pure = (beta: number, layers: number, bare: boolean) => {
  const tensors: Record<string, Matrix> = { "classifier.weight": eye(4).slice(0, 2) };
  for (let l = 0; l < layers; l++) tensors[`layers.${l}.attention.query.weight`] = eye(4, beta);
  return files(config(4, layers, { attention_scale: 1, residual: !bare }), tensors);
};

/** ½ ‖x_i − x_j‖², the same for all pairs: Σ_i ‖x_i − x̄‖² / (n − 1). */
const delta = ({ residual, norm }: { residual: number; norm: number }) => (residual * norm) ** 2 / 3;

test("Dong 2021: doubly exponential without skips; with them it settles", async () => {
  await everywhere(pure(1, 3, true), async (model) => {
    const { stream } = await model.diagnose({ rows: eye(4) });
    const found = stream.map(delta);
    near(found.slice(0, 2), [1, 9.029e-2], "δ0, δ1", 2e-4);
    near([found[2]], [4.809e-5], "δ2", 2e-3); // a difference of numbers near ¼: f32 has 1e-3 of it
    const next = (d: number) => d * ((Math.exp(d) - 1) / (Math.exp(d) + 3)) ** 2;
    near(found.slice(1, 2), [next(1)], "the recursion");
  });
  await everywhere(pure(6, 5, true), async (model) => {
    const { stream } = await model.diagnose({ rows: eye(4) });
    near([delta(stream[5])], [0.877], "sharp attention, the control", 1e-3);
  });
  await everywhere(pure(1, 12, false), async (model) => {
    const { residual, cosine } = (await model.diagnose({ rows: eye(4) })).stream[12];
    near([residual, cosine], [0.6374, 0.4583], "with a stream around it", 1e-4);
  });
});

test("Noci 2022: ‖∂/∂W_Q‖ falls with the square of what tells tokens apart, and is 0 where nothing does", async () => {
  const [n, d] = [8, 16];
  const tensors = Object.fromEntries(
    ["query", "key", "value"].map((name, i) => [`layers.0.attention.${name}.weight`, normal(d, d, 70 + i, 0.3)]),
  );
  const [base] = normal(1, d, 80);
  const noise = normal(n, d, 81);
  const mean = base.map((_, c) => noise.reduce((sum, row) => sum + row[c], 0) / n);
  const rows = (by: number) => noise.map((row) => row.map((v, c) => Math.fround(base[c] + by * (v - mean[c]))));
  await everywhere(files(config(d, 1), { ...tensors, "classifier.weight": normal(2, d, 82) }), async (model) => {
    const told = async (by: number) => (await model.diagnose({ rows: rows(by) }, { target: 0 })).blocks[0].gradients;
    const [far, less, none] = [await told(0.1), await told(0.01), await told(0)];
    for (const name of ["query", "key"] as const) {
      const slope = Math.log10(far[name]! / less[name]!);
      assert.ok(Math.abs(slope - 2) < 0.1, `${name}: exponent ${slope}`);
    }
    assert.is(none.query, 0);
    assert.ok(none.value! > 0.1 && Math.abs(far.value! / less.value! - 1) < 0.2, "values go on learning");
  });
});

test("gradients of the projections are those of finite differences", async () => {
  const [n, d] = [5, 6];
  const tensors: Record<string, Matrix> = Object.fromEntries(
    ["query", "key", "value", "output"].map((name, i) => [`layers.0.attention.${name}.weight`, normal(d, d, 90 + i)]),
  );
  tensors["classifier.weight"] = normal(2, d, 95);
  const rows = normal(n, d, 96);
  /** The same network in float64. */
  const logit = (w: Record<string, Matrix>) => {
    const to = (name: string, x: Matrix) =>
      times(
        x,
        w[`layers.0.attention.${name}.weight`][0].map((_, c) =>
          w[`layers.0.attention.${name}.weight`].map((row) => row[c]),
        ),
      );
    const [q, k, v] = ["query", "key", "value"].map((name) => to(name, rows));
    const mixed = q.map((a) => {
      const e = k.map((b) => Math.exp(a.reduce((sum, x, c) => sum + x * b[c], 0) / Math.sqrt(d)));
      const total = e.reduce((sum, x) => sum + x, 0);
      return v[0].map((_, c) => v.reduce((sum, row, j) => sum + (e[j] / total) * row[c], 0));
    });
    const out = to("output", mixed).map((row, i) => row.map((x, c) => x + rows[i][c]));
    return out.reduce((sum, row) => sum + row.reduce((s, x, c) => s + x * w["classifier.weight"][0][c], 0), 0) / n;
  };
  await everywhere(files(config(d, 1), tensors), async (model) => {
    const { blocks } = await model.diagnose({ rows }, { target: 0 });
    for (const name of ["query", "key", "value"] as const) {
      const own = tensors[`layers.0.attention.${name}.weight`];
      let sum = 0;
      for (let r = 0; r < d; r++) {
        for (let c = 0; c < d; c++) {
          const moved = (by: number) => ({
            ...tensors,
            [`layers.0.attention.${name}.weight`]: own.map((row, i) =>
              row.map((v, j) => (i === r && j === c ? v + by : v)),
            ),
          });
          sum += ((logit(moved(1e-4)) - logit(moved(-1e-4))) / 2e-4) ** 2;
        }
      }
      near([blocks[0].gradients[name]!], [Math.sqrt(sum)], `∂/∂${name}`);
    }
  });
});

test.run();
