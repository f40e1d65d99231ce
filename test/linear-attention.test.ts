// Gatmiry et al. 2024 (arXiv 2410.08292): a looped linear Transformer makes steps of gradient descent. Chen, Zhao and Zou 2024
// (arXiv 2408.04532): one whose first layer rescales coordinates solves sparse regression. What both must give is computed
// here as gradient descent, without any attention.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places } from "./support.ts";
import {
  allClose,
  closes,
  dot,
  everywhere,
  eye,
  files,
  type Matrix,
  near,
  normal,
  relevance,
  times,
  zeros,
} from "./systems.ts";

const loopedConfig = (d: number, loops: number) => ({
  model_type: "looped_linear_transformer",
  architectures: ["LoopedLinearForTabularRegression"],
  hidden_size: d + 1,
  num_hidden_layers: 1,
  looped_from: 0,
  loops,
});

/** Q = −A in its first block, P all zeros but the last number of its diagonal. */
function looped(a: Matrix, loops = 1) {
  const d = a.length;
  const q = zeros(d + 1);
  for (const [i, row] of a.entries()) for (const [j, v] of row.entries()) q[i][j] = -v;
  const p = zeros(d + 1);
  p[d][d] = 1;
  return files(loopedConfig(d, loops), { "layers.0.attention.query.weight": q, "layers.0.attention.output.weight": p });
}

const prompt = (x: Matrix, y: number[], query: number[]) => ({
  rows: [...x.map((row, i) => [...row, y[i]]), [...query, 0]],
  names: [...x.map((_, i) => `example ${i + 1}`), "query"],
});

/** w ← w + Aᵀ · (1/n) Σ x (y − w·x) from 0, and ⟨w, x_q⟩ after each step. */
function descent(x: Matrix, y: number[], query: number[], a: Matrix, steps: number): number {
  let w = query.map(() => 0);
  for (let t = 0; t < steps; t++) {
    const g = w.map((_, j) => x.reduce((sum, row, i) => sum + row[j] * (y[i] - dot(w, row)), 0) / x.length);
    w = w.map((v, j) => v + a.reduce((sum, row, k) => sum + row[j] * g[k], 0));
  }
  return dot(w, query);
}

const test = suite("linear attention");

test("Gatmiry 2024: 6 (1 − 0.75ᵏ), and the relevance of both examples", async () => {
  const input = prompt([[1], [2]], [2, 4], [3]);
  await everywhere(looped([[0.1]]), async (model) => {
    for (const [k, expected] of [0, 1.5, 2.625, 3.46875, 4.1015625].entries()) {
      const { classes } = await model.predict(input, { numLoops: k });
      near([classes[0].logit], [expected], `${k} loops`);
      if (!k) continue;
      const told = await model.explain(input, { numLoops: k });
      near(relevance(told), [expected / 5, (4 * expected) / 5, 0], `R1 : R2 = 1 : 4 after ${k}`);
    }
    assert.equal(
      (await model.tokenize(input)).map(({ text }) => text),
      ["example 1", "example 2", "query"],
    );
  });
});

test("a model that does not loop by default has its weights all the same", async () => {
  const input = prompt([[1], [2]], [2, 4], [3]);
  const logit = async (model: Model, numLoops?: number) => (await model.predict(input, { numLoops })).classes[0].logit;
  await everywhere(looped([[0.1]], 0), async (model) => {
    assert.is(await logit(model), 0);
    near([await logit(model, 2)], [2.625], "two loops");
    const { weights } = await model.diagnose(input, { weights: true });
    assert.equal(
      weights!.map(({ name, norm }) => [name, Math.round(norm * 1e6) / 1e6]),
      [
        ["layers.0.attention.query.weight", 0.1],
        ["layers.0.attention.output.weight", 1],
      ],
    );
  });
  await everywhere(looped([[0.1]], 3), async (model) => assert.is(await logit(model), await logit(model, 3)));
});

test("Gatmiry 2024: loops are steps of gradient descent, whatever A", async () => {
  const [d, n] = [5, 20];
  const x = normal(n, d, 1);
  const w = normal(1, d, 2)[0];
  const y = x.map((row) => Math.fround(dot(row, w)));
  const [query] = normal(1, d, 3);
  const sigma = zeros(d).map((row, i) => row.map((_, j) => x.reduce((sum, r) => sum + r[i] * r[j], 0) / n));
  const mixed = normal(d, d, 4, 0.1).map((row, i) => row.map((v, j) => v + (i === j ? 0.3 : 0)));
  for (const [name, a] of [
    ["0.5 I", eye(d, 0.5)],
    ["Σ⁻¹", inverse(sigma)],
    ["not symmetric", mixed],
  ] as const) {
    await everywhere(looped(a.map((row) => row.map(Math.fround))), async (model) => {
      for (const numLoops of [1, 2, 5, 20]) {
        const { classes } = await model.predict(prompt(x, y, query), { numLoops });
        const expected = descent(x, y, query, a, numLoops);
        // Σ⁻¹ steps at once to the solution: what y_q loses is then rounding of the y it was.
        assert.ok(
          Math.abs(classes[0].logit - expected) <= 1e-5 * Math.max(...y.map(Math.abs)),
          `${name}, ${numLoops} loops`,
        );
        if (name === "Σ⁻¹" && numLoops === 1) near([classes[0].logit], [dot(w, query)], "one step is exact");
      }
    });
  }
});

test("Gatmiry 2024: relevance of each example in closed form; Σ R = ŷ, and 3 ŷ for gradient × input at one loop", async () => {
  const [d, n, eta] = [5, 12, 0.25];
  const x = normal(n, d, 11);
  const y = normal(1, n, 12)[0];
  const [query] = normal(1, d, 13);
  const sigma = zeros(d).map((row, i) => row.map((_, j) => x.reduce((sum, r) => sum + r[i] * r[j], 0) / n));
  const step = eye(d).map((row, i) => row.map((v, j) => v - eta * sigma[i][j]));
  await everywhere(looped(eye(d, eta)), async (model) => {
    const input = prompt(x, y, query);
    for (const numLoops of [1, 2, 5]) {
      let power = eye(d);
      let sum = zeros(d);
      for (let t = 0; t < numLoops; t++) {
        sum = sum.map((row, i) => row.map((v, j) => v + power[i][j]));
        power = times(power, step);
      }
      // R_i = x_qᵀ Σ_{t<L} (I − ηΣ̂)ᵗ (η/n) x_i y_i
      const along = times([query], sum)[0];
      const expected = x.map((row, i) => (eta / n) * dot(along, row) * y[i]);
      const answer = expected.reduce((total, r) => total + r, 0);
      for (const method of ["cp-lrp", "lrp-ah"] as const) {
        const told = await model.explain(input, { numLoops, method });
        near(relevance(told), [...expected, 0], `${method}, ${numLoops} loops`);
        near([told.ledger.tokens, told.ledger.logit], [answer, answer], "Σ R = ŷ");
        closes(told, `${numLoops} loops`);
      }
      const uniform = await model.explain(input, { numLoops, method: "attn-lrp" });
      near([uniform.ledger.tokens], [answer], "halves conserve too");
      const plain = await model.explain(input, { numLoops, method: "gradient-x-input" });
      if (numLoops === 1) near([plain.ledger.tokens], [3 * answer], "trilinear");
      else assert.ok(Math.abs(plain.ledger.tokens - answer) > 0.1 * Math.abs(answer), "no conservation");
      await allClose(model, input, `${numLoops} loops`, { numLoops });
    }
  });
});

test("rows that go together, of several lengths, give what each gives alone", async () => {
  await everywhere(looped(eye(2, 0.5), 3), async (model) => {
    const inputs = [3, 9, 4].map((n, s) => prompt(normal(n, 2, s + 20), normal(1, n, s + 30)[0], [1, -0.5]));
    const together = await model.explain(inputs);
    for (const [i, input] of inputs.entries()) {
      near(relevance(together[i]), relevance(await model.explain(input)), `${i}`, model.backend === "wasm" ? 0 : 1e-6);
    }
  });
});

/** Tokens [x (d) | x̃ (d) | y]: a layer of d heads, and then one looped layer of one head. */
function sparse(d: number, eta: number, loops: number) {
  const width = 2 * d + 1;
  const last = zeros(d, width).map((row) => row.map((_, c) => Number(c === width - 1)));
  const own = zeros(d, width).map((row, j) => row.map((_, c) => Number(c === j)));
  const scaled = zeros(d, width).map((row, j) => row.map((_, c) => Number(c === d + j)));
  const into = zeros(width, d).map((row, r) => row.map((_, j) => Number(r === d + j)));
  const config = {
    model_type: "linear_regression_transformer",
    architectures: ["SparseForTabularRegression"],
    hidden_size: width,
    num_hidden_layers: 2,
    num_attention_heads: [d, 1],
    looped_from: 1,
    loops,
  };
  return files(config, {
    "layers.0.attention.query.weight": own,
    "layers.0.attention.key.weight": last,
    "layers.0.attention.value.weight": own,
    "layers.0.attention.output.weight": into,
    "layers.1.attention.query.weight": scaled,
    "layers.1.attention.key.weight": scaled,
    "layers.1.attention.value.weight": last.slice(0, 1),
    "layers.1.attention.output.weight": zeros(width, 1).map((row, r) => [r === width - 1 ? -eta : row[0]]),
  });
}

const padded = (x: Matrix, y: number[], query: number[]) => {
  const blank = query.map(() => 0);
  return { rows: [...x.map((row, i) => [...row, ...blank, y[i]]), [...query, ...blank, 0]] };
};

/** r̂ = (1/n) Σ x y, x̃ = r̂ x, and steps of gradient descent on x̃. */
function preprocessed(x: Matrix, y: number[], query: number[], eta: number, steps: number, without?: number): number {
  const r = query.map((_, j) => (j === without ? 0 : x.reduce((sum, row, i) => sum + row[j] * y[i], 0) / x.length));
  const scaled = (row: number[]) => row.map((v, j) => v * r[j]);
  return descent(x.map(scaled), y, scaled(query), eye(query.length, eta), steps);
}

test("Chen 2024: 3.94074074 and 0.38013717", async () => {
  const input = padded(
    [
      [1, 0],
      [2, 1],
      [0, 1],
    ],
    [2, 4, 0],
    [1, 1],
  ); // r̂ = (10/3, 4/3)
  await everywhere(sparse(2, 0.1, 1), async (model) => {
    for (const [k, expected] of [3.94074074, 0.38013717].entries()) {
      const { classes } = await model.predict(input, { numLoops: k + 1 });
      near([classes[0].logit], [expected], `${k + 1} steps`);
    }
  });
});

test("Chen 2024: the network is the algorithm, and a head that is cut out removes its coordinate", async () => {
  const [d, n] = [16, 64];
  const x = normal(n, d, 41);
  const w = [1, -2, 1.5, 0.5, ...Array<number>(d - 4).fill(0)];
  const y = x.map((row, i) => Math.fround(dot(row, w) + 0.5 * normal(1, 1, 500 + i)[0][0]));
  const [query] = normal(1, d, 42);
  const eta = 0.1;
  await everywhere(sparse(d, eta, 1), async (model) => {
    const input = padded(x, y, query);
    const scale = Math.max(...y.map(Math.abs));
    for (const numLoops of [1, 3, 8]) {
      const { classes } = await model.predict(input, { numLoops });
      const expected = preprocessed(x, y, query, eta, numLoops);
      assert.ok(Math.abs(classes[0].logit - expected) <= 1e-5 * scale, `${numLoops}: ${classes[0].logit}, ${expected}`);
    }
    for (const j of [0, 3, 9]) {
      const { classes } = await model.predict(input, { numLoops: 3, ablate: { heads: [[0, j]] } });
      const expected = preprocessed(x, y, query, eta, 3, j);
      assert.ok(Math.abs(classes[0].logit - expected) <= 1e-5 * scale, `without ${j}`);
    }
    await allClose(model, input, "Chen 2024", { numLoops: 3 });
    await allClose(model, input, "Chen 2024, without a head", { numLoops: 2, ablate: { heads: [[0, 1]] } });
  });
});

test("Chen 2024: over 60 sparse problems preprocessing beats ridge regression, and that gradient descent", async () => {
  const [n, d, s, sigma, problems] = [16, 16, 2, 0.5, 60];
  const steps = [1, 2, 4, 8, 16, 40];
  const [where] = places; // the same numbers on the other
  const penalties = [0.1, 0.3, 1, 3, 10, 30];
  const risks = { plain: steps.map(() => 0), rescaled: steps.map(() => 0), ridge: penalties.map(() => 0) };
  for (let p = 0; p < problems; p++) {
    const x = normal(n, d, 1000 + 10 * p);
    const [signs] = normal(1, s, 1001 + 10 * p);
    const w = Array.from({ length: d }, (_, j) => (j < s ? Math.sign(signs[j]) * 1.5 : 0));
    const noise = normal(1, n, 1002 + 10 * p, sigma)[0];
    const y = x.map((row, i) => Math.fround(dot(row, w) + noise[i]));
    const r = w.map((_, j) => x.reduce((sum, row, i) => sum + row[j] * y[i], 0) / n);
    const gram = (rows: Matrix) =>
      w.map((_, i) => w.map((_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0) / n));
    const scaled = x.map((row) => row.map((v, j) => v * r[j]));
    // ‖ŵ − w*‖² is the excess risk: ŵ is what the network says of each axis.
    const axes = eye(d);
    for (const [name, from, ask] of [
      ["plain", looped(eye(d, 1 / largest(gram(x)))), prompt],
      ["rescaled", sparse(d, 1 / largest(gram(scaled)), 1), padded],
    ] as const) {
      const model = await load(from, { ...where, deterministic: true });
      for (const [k, numLoops] of steps.entries()) {
        const told = await model.predict(
          axes.map((axis) => ask(x, y, axis)),
          { numLoops },
        );
        const off = told.reduce((sum, { classes }, j) => sum + (classes[0].logit - w[j]) ** 2, 0);
        risks[name][k] += off / problems;
      }
      await model.dispose();
    }
    for (const [k, penalty] of penalties.entries()) {
      const inner = inverse(gram(x).map((row, i) => row.map((v, j) => v + (i === j ? penalty / n : 0))));
      const ridge = inner.map((row) => dot(row, r));
      risks.ridge[k] += ridge.reduce((sum, v, j) => sum + (v - w[j]) ** 2, 0) / problems;
    }
  }
  const [plain, rescaled, ridge] = [risks.plain, risks.rescaled, risks.ridge].map((all) => Math.min(...all));
  console.log(`  mean risk: descent ${plain.toFixed(3)}, ridge ${ridge.toFixed(3)}, rescaled ${rescaled.toFixed(3)}`);
  assert.ok(rescaled < ridge && ridge < plain, `${rescaled} ${ridge} ${plain}`);
});

/** The largest eigenvalue, by power iteration. */
function largest(a: Matrix): number {
  let v = a.map((_, i) => 1 + (i % 2));
  let size = 0;
  for (let step = 0; step < 200; step++) {
    const next = a.map((row) => dot(row, v));
    size = Math.hypot(...next);
    v = next.map((x) => x / size);
  }
  return size;
}

/** Gauss and Jordan. */
function inverse(a: Matrix): Matrix {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...eye(n)[i]]);
  for (let c = 0; c < n; c++) {
    const p = rows.slice(c).reduce((best, row, k) => (Math.abs(row[c]) > Math.abs(rows[best][c]) ? c + k : best), c);
    [rows[c], rows[p]] = [rows[p], rows[c]];
    rows[c] = rows[c].map((v) => v / rows[c][c]).map((v) => v);
    const pivot = rows[c];
    rows.forEach((row, r) => {
      if (r !== c) rows[r] = row.map((v, k) => v - row[c] * pivot[k]);
    });
  }
  return rows.map((row) => row.slice(n));
}

test.run();
