// linear and its rules against float64 loops (test/twin/linear.ts), k targets at once, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input } from "../src/graph/tensor.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import type { Composite } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { again, ruled, runGuarded } from "./ruled.ts";
import { backends, close, places, random } from "./support.ts";
import * as twin from "./twin/linear.ts";
import { total } from "./twin/numbers.ts";

// Measured on WASM and SwiftShader: products 3.3e-7, the ε rule 1.1e-6, kept 3.6e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 2e-6;
const EPSILON = 8e-6;
const SIGNS = 1e-6; // rules by sign, measured: 2.1e-7
const KEPT = 3e-7;

// rows × depth · depth × cols, around the tiles: 4 × 2 and 4 × 8 on WASM, 4 × 4 a thread and 32 × 32 a group on WebGPU.
const SHAPES = [
  [1, 1, 1],
  [2, 1, 3],
  [3, 7, 5],
  [4, 4, 8],
  [15, 17, 9],
  [16, 3, 31],
  [17, 9, 33],
  [31, 8, 7],
  [32, 32, 32],
  [33, 5, 63],
  [63, 64, 13],
  [64, 31, 65],
  [65, 97, 2],
  [129, 131, 11],
];
const BATCHED: number[][] = [
  [1, 17, 12],
  [3, 5, 12],
];

/** The share of an output's relevance that each of its inputs gets, from their parts z_ij of it and its bias. */
function shares(rule: string, options: Record<string, number>, parts: number[], bias: number, z: number): number[] {
  const all = [...parts, bias];
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const above = (v: number) => Math.max(v, 0);
  const below = (v: number) => Math.min(v, 0);
  if (rule === "gamma") {
    const scaledClamp = (v: number) => v + options.gamma * (z > 0 ? above(v) : below(v));
    return parts.map((v) => scaledClamp(v) / sum(all.map(scaledClamp)));
  }
  const { alpha = 1, beta = 0 } = options;
  const [p, n] = [sum(all.map(above)), sum(all.map(below))];
  return parts.map((v) => (p ? (alpha * above(v)) / p : 0) - (n ? (beta * below(v)) / n : 0));
}

for (const backend of backends) {
  const test = suite(`linear, ${backend.name}`);

  for (const [rows, depth, cols] of SHAPES) {
    const data = {
      x: random(rows * depth, 1),
      w: random(cols * depth, 2),
      b: random(cols, 3),
    };
    const x = input("x", [rows, depth]);
    const w = input("w", [cols, depth]);
    const b = input("b", [cols]);
    const y = twin.linear(data.x, data.w, data.b, rows, depth, cols);
    const what = `${rows}×${depth} · ${depth}×${cols}`;

    test(`product, ${what}`, async () => {
      const found = await runGuarded(backend, { bare: linear(x, w), biased: linear(x, w, b) }, data);
      close(found.bare, twin.linear(data.x, data.w, null, rows, depth, cols), TOLERANCE, `x wᵀ: ${what}`);
      close(found.biased, y, TOLERANCE, `x wᵀ + b: ${what}`);
    });

    for (const targets of [1, 3]) {
      test(`gradient rule, ${what}, ${targets} targets`, async () => {
        const found = await ruled(backend, linear(x, w, b), "gradient", data, { targets });
        const n = targets * rows;
        close(found.to[0]!, twin.linearGrad(found.g, data.w, n, depth, cols), TOLERANCE, `g w: ${what}`);
        const kept = total(twin.linearKept(found.g, data.b, n, cols));
        close([found.kept.biases!], [kept], KEPT, `biases: ${what}`, found.scale);
        assert.equal(Object.keys(found.kept), ["biases"]);
      });

      test(`epsilon rule, ${what}, ${targets} targets`, async () => {
        const eps = 0.25;
        const found = await ruled(backend, linear(x, w, b), "epsilon", data, { targets, options: { eps } });
        const n = targets * rows;
        const stable = twin.linearEpsilon(found.g, again(y, targets), eps);
        close(found.to[0]!, twin.linearGrad(stable, data.w, n, depth, cols), EPSILON, `g z/(z ± ε) w: ${what}`);
        const biases = total(twin.linearKept(stable, data.b, n, cols));
        close([found.kept.biases!], [biases], KEPT, `biases under epsilon: ${what}`, found.scale);
        const absorbed = total(twin.epsilonKept(stable, again(y, targets), eps, n, cols));
        close([found.kept.epsilon!], [absorbed], KEPT, `epsilon: ${what}`, found.scale);
      });
    }
  }

  for (const [rule, options] of [
    ["gamma", { gamma: 0.25 }],
    ["gamma", { gamma: 10 }],
    ["alpha-beta", { alpha: 2, beta: 1 }],
    ["alpha-beta", { alpha: 1.5, beta: 0.5 }],
    ["z-plus", {}],
  ] as const) {
    for (const [rows, depth, cols] of [
      [1, 3, 2],
      [3, 7, 5],
      [6, 33, 9],
    ]) {
      test(`${rule} rule ${JSON.stringify(options)}, ${rows}×${depth} · ${depth}×${cols}`, async () => {
        const data = { x: random(rows * depth, 1), w: random(cols * depth, 2), b: random(cols, 3) };
        const [x, w, b] = [input("x", [rows, depth]), input("w", [cols, depth]), input("b", [cols])];
        const found = await ruled(backend, linear(x, w, b), rule, data, { targets: 2, options });
        const y = twin.linear(data.x, data.w, data.b, rows, depth, cols);
        // The relevance that each output has, shared out by the equation; x · g must be what each input gets.
        const expected = new Float64Array(2 * rows * depth);
        for (let r = 0; r < 2 * rows; r++) {
          for (let j = 0; j < cols; j++) {
            const z = y[(r % rows) * cols + j];
            const parts = Array.from(
              { length: depth },
              (_, i) => data.x[(r % rows) * depth + i] * data.w[j * depth + i],
            );
            shares(rule, options, parts, data.b[j], z).forEach((share, i) => {
              expected[r * depth + i] += share * z * found.g[r * cols + j];
            });
          }
        }
        const relevance = found.to[0]!.map((g, i) => g * data.x[i % data.x.length]);
        close(relevance, expected, SIGNS, `${rule}: x · g`);
      });
    }
  }

  test("rules by sign where nothing has the sign, and what they refuse", async () => {
    // Both products are negative: z⁺ finds no input for the relevance of −1.
    const data = { x: Float32Array.of(1, 1), w: Float32Array.of(-0.5, -0.5) };
    const y = linear(input("x", [1, 2]), input("w", [1, 2]));
    const found = await ruled(backend, y, "z-plus", data, { g: Float32Array.of(2) });
    assert.equal([...found.to[0]!], [0, 0]);
    assert.equal(found.kept, { epsilon: -2 });
    for (const [rule, options] of [
      ["gamma", { gamma: 0 }],
      ["alpha-beta", { alpha: 2, beta: 2 }],
      ["alpha-beta", { alpha: 0.5, beta: -0.5 }],
    ] as const) {
      const refused = await ruled(backend, y, rule, data, { options }).catch((error) => error.code);
      assert.is(refused, "InvalidOption", `${rule} ${JSON.stringify(options)}`);
    }
  });

  test("a residual: one kernel, and what each summand gets and keeps", async () => {
    const [rows, depth, cols] = [5, 7, 6];
    const data = { x: random(35, 1), w: random(42, 2), b: random(6, 3), r: random(30, 4) };
    const y = add(
      input("r", [rows, cols]),
      linear(input("x", [rows, depth]), input("w", [cols, depth]), input("b", [cols])),
    );
    assert.is(y.op.call(y).kernel, "linear_bias_add");
    const z = twin.linear(data.x, data.w, data.b, rows, depth, cols);
    const sum = z.map((v, i) => v + data.r[i]);
    for (const [onX, onR] of [
      [true, true],
      [true, false],
      [false, true],
    ]) {
      const how = { carries: [onX, false, false, onR], targets: 2 };
      const found = await ruled(backend, y, "gradient", data, how);
      close(found.y, sum, TOLERANCE, "x wᵀ + b + r: a residual");
      if (onX)
        close(found.to[0]!, twin.linearGrad(found.g, data.w, 2 * rows, depth, cols), TOLERANCE, "g w: a residual");
      if (onR) assert.equal(found.to[3], found.g, "r's gradient is the output's");
      const entries = [...(onX ? ["biases"] : []), ...(onX && onR ? [] : ["constants"])];
      assert.equal(Object.keys(found.kept), entries);

      const stable = await ruled(backend, y, "epsilon", data, { ...how, options: { eps: 0.25 } });
      if (!onX) continue;
      const damped = twin.linearEpsilon(stable.g, again(z, 2), 0.25);
      close(stable.to[0]!, twin.linearGrad(damped, data.w, 2 * rows, depth, cols), EPSILON, "ε: z is without r");
    }
  });

  test("batches of texts as rows", async () => {
    for (const shape of BATCHED) {
      const [batch, t, depth] = shape;
      const data = { x: random(batch * t * depth, 4), w: random(7 * depth, 5) };
      const y = linear(input("x", shape), input("w", [7, depth]));
      assert.equal(y.shape, [batch, t, 7]);
      const found = await ruled(backend, y, "gradient", data, { targets: 2 });
      close(found.y, twin.linear(data.x, data.w, null, batch * t, depth, 7), TOLERANCE, `x wᵀ: ${shape}`);
      assert.equal(found.kept, {}, "nothing is kept without a bias");
    }
  });

  test("epsilon rule where y is 0 and negative", async () => {
    const data = { x: Float32Array.of(0, 1, -1, -2), w: Float32Array.of(1) };
    const y = linear(input("x", [4, 1]), input("w", [1, 1]));
    const found = await ruled(backend, y, "epsilon", data, { options: { eps: 1 }, g: Float32Array.of(8, 8, 8, 6) });
    assert.equal([...found.to[0]!], [0, 4, 4, 4], "g · y / (y ± ε), 0 at 0");
    assert.equal(found.kept, { epsilon: 0 + 4 - 4 - 4 });
  });

  test("epsilon rule's ε, tiny beside y and by default 1e-6", async () => {
    const data = { x: random(20, 6), w: random(15, 7) };
    const y = linear(input("x", [4, 5]), input("w", [3, 5]));
    const plain = await ruled(backend, y, "gradient", data);
    const tiny = await ruled(backend, y, "epsilon", data, { options: { eps: 1e-12 } });
    close(tiny.to[0]!, plain.to[0]!, TOLERANCE, "ε of 1e-12");
    const usual = await ruled(backend, y, "epsilon", data);
    const same = await ruled(backend, y, "epsilon", data, { options: { eps: 1e-6 } });
    assert.equal(usual.to[0], same.to[0]);
  });

  test("options that are left out: γ ¼, α 2 and β 1, β α − 1", async () => {
    const data = { x: random(20, 6), w: random(15, 7), b: random(3, 8) };
    const y = linear(input("x", [4, 5]), input("w", [3, 5]), input("b", [3]));
    for (const [rule, given, whole] of [
      ["gamma", {}, { gamma: 0.25 }],
      ["alpha-beta", {}, { alpha: 2, beta: 1 }],
      ["alpha-beta", { alpha: 3 }, { alpha: 3, beta: 2 }],
    ] as const) {
      const usual = await ruled(backend, y, rule, data, { options: given });
      const same = await ruled(backend, y, rule, data, { options: whole });
      assert.equal([usual.to[0], usual.kept], [same.to[0], same.kept], rule);
    }
  });

  test("a row's result, whatever rows there are beside it and wherever it lies", async () => {
    const [depth, cols] = [37, 19];
    const w = random(cols * depth, 8);
    const row = random(depth, 9);
    const upper = random(cols, 10);
    const through = async (rows: number, at: number) => {
      const x = random(rows * depth, rows);
      const g = random(rows * cols, rows + 1);
      x.set(row, at * depth);
      g.set(upper, at * cols);
      const y = linear(input("x", [rows, depth]), input("w", [cols, depth]));
      const found = await ruled(backend, y, "gradient", { x, w }, { g });
      return [found.y.slice(at * cols, (at + 1) * cols), found.to[0]!.slice(at * depth, (at + 1) * depth)];
    };
    const [y, gx] = await through(1, 0);
    for (const [rows, at] of [2, 3, 4, 5, 7, 8, 9, 33].flatMap((n) => [0, n >> 1, n - 1].map((i) => [n, i]))) {
      const [otherY, otherGx] = await through(rows, at);
      if (backend.name === "wasm") assert.equal([otherY, otherGx], [y, gx], `row ${at} of ${rows}, to the bit`);
      close(otherY, y, TOLERANCE, `one row's product: row ${at} of ${rows}`);
      close(otherGx, gx, TOLERANCE, `one row's gradient: row ${at} of ${rows}`);
    }
  });

  test.run();
}

const shapes = suite("linear's shapes");

shapes("factors that do not fit", () => {
  const x = input("x", [2, 3]);
  assert.throws(() => linear(x, input("w", [4, 2])), /linear does not fit \w*\[2,3\] and \w*\[4,2\]/);
  assert.throws(() => linear(x, input("w", [4, 3]), input("b", [3])), /linear does not fit/);
});

shapes("ε of 0, negative or NaN", () => {
  const y = linear(input("x", [2, 3]), input("w", [4, 3]));
  for (const eps of [0, -1, Number.NaN]) {
    const at = { options: { eps }, carries: [true, false] };
    assert.throws(
      () => y.op.rules!.epsilon(input("g", [2, 4]), y, at),
      (error: { code?: string }) => error.code === "InvalidOption",
    );
  }
});

shapes.run();

for (const place of places) {
  const test = suite(`dense layers' rules in a whole model, ${place.backend}`);

  test("ledgers close, of texts side by side and of all classes", async () => {
    const model = await load(new URL("reference/tiny/gelu-new-3-labels/", import.meta.url), place);
    const others = { context: "values", norm: "identity", activation: "identity" } as const;
    let worst = 0;
    for (const linear of [
      ["gamma", { gamma: 0.25 }],
      ["alpha-beta", { alpha: 2, beta: 1 }],
      "z-plus",
    ] as Composite["linear"][]) {
      const texts = ["The sea!", "so sing, the seas rising."];
      for (const all of await model.explain(texts, { method: { ...others, linear }, target: model.labels })) {
        for (const { tokens, ledger } of all) {
          const { logit: _, tokens: __, residual, ...entries } = ledger;
          const parts = [...tokens.map(({ relevance }) => relevance), ...Object.values(entries)];
          const off = Math.abs(residual) / parts.reduce((n, v) => n + Math.abs(v), 0);
          worst = Math.max(worst, off);
          assert.ok(off < 2e-6, `${JSON.stringify(linear)}: ${off}`);
        }
      }
    }
    console.log(`residuals at most ${worst.toExponential(1)}`);
    await model.dispose();
  });
  test.run();
}
