// layerNorm and its rules against float64 loops (test/twin/norm.ts), k targets at once, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input } from "../src/graph/tensor.ts";
import { layerNorm, rmsNorm } from "../src/ops/norm.ts";
import { normalize } from "../src/ops/normalize.ts";
import { again, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";
import * as twin from "./twin/norm.ts";
import { total } from "./twin/numbers.ts";

// Measured on WASM and SwiftShader: rows 2.3e-7, kept 1.0e-7 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 2e-6;
const KEPT = 6e-7;

// Columns around WebGPU's 64 lanes.
const SHAPES: [shape: number[], targets: number, eps: number][] = [
  [[1, 2], 1, 1e-5],
  [[3, 3], 2, 1e-12],
  [[2, 17, 15], 1, 1e-12],
  [[3, 5, 16], 3, 1e-5],
  [[1, 3, 17], 2, 1e-12],
  [[16, 63], 1, 1e-12],
  [[3, 5, 64], 2, 1e-12],
  [[1, 65, 65], 1, 1e-5],
  [[3, 1, 127], 3, 1e-12],
  [[129, 129], 1, 1e-12],
];

/** RMSNorm by its definition, and what its rules make of g, of which row r belongs to row r % rows. */
function rms(rule: string, x: Float32Array, w: Float32Array, eps: number, g: Float32Array, rows: number, cols: number) {
  const y = new Float64Array(x.length);
  const gx = new Float64Array(g.length);
  let [kept, most] = [0, 0];
  for (let r = 0; r < g.length / cols; r++) {
    const row = x.subarray((r % rows) * cols, ((r % rows) + 1) * cols);
    const square = row.reduce((sum, v) => sum + (v as number) ** 2, 0) / cols;
    const by = 1 / Math.sqrt(square + eps);
    let along = 0;
    for (let c = 0; c < cols; c++) along += g[r * cols + c] * w[c] * row[c] * by;
    for (let c = 0; c < cols; c++) {
      if (r < rows) y[r * cols + c] = row[c] * by * w[c];
      const own = g[r * cols + c] * w[c] * by;
      most = Math.max(most, Math.abs(own));
      gx[r * cols + c] = rule === "identity" ? own : own - (row[c] * by * by * along) / cols;
    }
    if (rule === "gradient") kept += (square / (square + eps)) * along;
  }
  return { y, gx, kept, most };
}

for (const backend of backends) {
  const test = suite(`layer norm, ${backend.name}`);

  for (const [shape, targets, eps] of SHAPES) {
    const cols = shape[shape.length - 1];
    const rows = shape.reduce((n, d) => n * d, 1) / cols;
    // Off centre, as hidden states are.
    const data = {
      x: random(rows * cols, 1).map((v) => 2 * v + 0.5),
      w: random(cols, 2).map((v) => 1 + v / 2),
      b: random(cols, 3),
    };
    const layers = () => layerNorm(input("x", shape), input("w", [cols]), input("b", [cols]), eps);

    for (const rule of ["identity", "gradient"] as const) {
      test(`${rule} rule, [${shape}], ε ${eps}, ${targets} targets`, async () => {
        const found = await ruled(backend, layers(), rule, data, { targets });
        close(found.y, twin.layerNorm(data.x, data.w, data.b, eps, rows, cols), TOLERANCE, "x̂ w + b");
        const x = again(data.x, targets);
        const n = targets * rows;
        const gx = twin.layerNormGrad(rule, x, data.w, eps, found.g, n, cols);
        // The gradient rule subtracts what is along x̂, of two columns all there is: errors are shares of what was there.
        const terms = twin.layerNormGrad("identity", x, data.w, eps, found.g, n, cols);
        close(found.to[0]!, gx, TOLERANCE, `${rule} rule: [${shape}]`, Math.max(...terms.map(Math.abs)));
        const kept = total(twin.layerNormKept(rule, x, data.w, data.b, eps, found.g, n, cols));
        assert.equal(Object.keys(found.kept), ["norms"]);
        close([found.kept.norms!], [kept], KEPT, `norms, ${rule}: [${shape}]`, found.scale);
      });
    }
  }

  for (const [shape, targets, eps] of SHAPES) {
    const cols = shape[shape.length - 1];
    const rows = shape.reduce((n, d) => n * d, 1) / cols;
    const x = random(rows * cols, 1).map((v) => 2 * v + 0.5);
    const w = random(cols, 2).map((v) => 1 + v / 2);
    for (const rule of ["identity", "gradient"] as const) {
      test(`RMSNorm, ${rule} rule, [${shape}], ε ${eps}, ${targets} targets`, async () => {
        const y = rmsNorm(input("x", shape), input("w", [cols]), eps);
        const found = await ruled(backend, y, rule, { x, w }, { targets });
        const wanted = rms(rule, x, w, eps, found.g, rows, cols);
        close(found.y, wanted.y, TOLERANCE, "x / √(mean x² + ε) w");
        close(found.to[0]!, wanted.gx, TOLERANCE, `RMSNorm, ${rule} rule: [${shape}]`, wanted.most);
        close([found.kept.norms ?? 0], [wanted.kept], KEPT, `norms of RMSNorm, ${rule}: [${shape}]`, found.scale);
        assert.is("norms" in found.kept, rule === "gradient");
      });
    }
  }

  for (const [heads, d] of [
    [3, 5],
    [4, 64],
  ]) {
    test(`each of ${heads} heads by itself, ${d} wide: as if it were a row`, async () => {
      const [rows, cols, eps, targets] = [5, heads * d, 1e-5, 2];
      const x = random(rows * cols, 1).map((v) => 2 * v + 0.5);
      const [w, b] = [random(d, 2).map((v) => 1 + v / 2), random(d, 3)];
      for (const rule of ["identity", "gradient"] as const) {
        const y = rmsNorm(input("x", [1, rows, cols]), input("w", [d]), eps);
        const found = await ruled(backend, y, rule, { x, w }, { targets });
        const wanted = rms(rule, x, w, eps, found.g, rows * heads, d);
        close(found.y, wanted.y, TOLERANCE, "heads: RMSNorm");
        close(found.to[0]!, wanted.gx, TOLERANCE, `heads: RMSNorm, ${rule} rule`, wanted.most);
        close([found.kept.norms ?? 0], [wanted.kept], KEPT, `heads: norms of RMSNorm, ${rule}`, found.scale);

        const layers = layerNorm(input("x", [1, rows, cols]), input("w", [d]), input("b", [d]), eps);
        const whole = await ruled(backend, layers, rule, { x, w, b }, { targets });
        close(whole.y, twin.layerNorm(x, w, b, eps, rows * heads, d), TOLERANCE, "heads: x̂ w + b");
        const n = targets * rows * heads;
        const gx = twin.layerNormGrad(rule, again(x, targets), w, eps, whole.g, n, d);
        const terms = twin.layerNormGrad("identity", again(x, targets), w, eps, whole.g, n, d);
        close(whole.to[0]!, gx, TOLERANCE, `heads: ${rule} rule`, Math.max(...terms.map(Math.abs)));
        const kept = total(twin.layerNormKept(rule, again(x, targets), w, b, eps, whole.g, n, d));
        close([whole.kept.norms!], [kept], KEPT, `heads: norms, ${rule}`, whole.scale);
      }
    });
  }

  test("RMSNorm of a row far off centre, of one of zeros, of a large one", async () => {
    const w = random(30, 2);
    for (const x of [random(30, 3).map((v) => 3000 + v), new Float32Array(30), random(30, 4).map((v) => 3e30 * v)]) {
      const found = await ruled(backend, rmsNorm(input("x", [1, 30]), input("w", [30]), 1e-6), "identity", { x, w });
      const wanted = rms("identity", x, w, 1e-6, found.g, 1, 30);
      close(found.y, wanted.y, TOLERANCE, `a row around ${x[0]}`);
      close(found.to[0]!, wanted.gx, TOLERANCE, `a row around ${x[0]}`);
    }
  });

  test("a row that does not vary has no variance, one far off centre its own, one of 1e19 a finite one", async () => {
    const cols = 30;
    const steps = random(cols, 8);
    for (const [x, eps] of [
      [new Float32Array(cols).fill(0.7), 1e-12],
      [steps.map((v) => 3000 + Math.round(64 * v) / 64), 1e-12],
      [steps.map((v) => 3e18 * v), 1e-5],
      [steps.map((v) => 3e30 * v), 1e-5],
    ] as const) {
      const data = { x, w: random(cols, 2).map((v) => 1 + v / 2), b: random(cols, 3) };
      const y = layerNorm(input("x", [1, cols]), input("w", [cols]), input("b", [cols]), eps);
      const what = `a row around ${x[0]}`;
      for (const rule of ["identity", "gradient"] as const) {
        const found = await ruled(backend, y, rule, data);
        close(found.y, twin.layerNorm(x, data.w, data.b, eps, 1, cols), TOLERANCE, what);
        const gx = twin.layerNormGrad(rule, x, data.w, eps, found.g, 1, cols);
        const terms = twin.layerNormGrad("identity", x, data.w, eps, found.g, 1, cols);
        close(found.to[0]!, gx, TOLERANCE, what, Math.max(...terms.map(Math.abs)));
      }
    }
  });

  test("ε as large as the variance: what the gradient keeps is var/(var + ε) of it", async () => {
    const data = { x: random(40, 4), w: random(8, 5), b: new Float32Array(8) };
    const y = layerNorm(input("x", [5, 8]), input("w", [8]), input("b", [8]), 0.3);
    const found = await ruled(backend, y, "gradient", data);
    const kept = total(twin.layerNormKept("gradient", data.x, data.w, null, 0.3, found.g, 5, 8));
    close([found.kept.norms!], [kept], KEPT, "norms, gradient: ε 0.3", found.scale);
  });

  for (const [shape, targets] of SHAPES) {
    test(`unit length, [${shape}], ${targets} targets`, async () => {
      const cols = shape[shape.length - 1];
      const rows = shape.reduce((n, d) => n * d, 1) / cols;
      const x = random(rows * cols, 21).map((v) => 3 * v);
      const lengths = Array.from({ length: rows }, (_, r) => Math.hypot(...x.subarray(r * cols, (r + 1) * cols)));
      const row = (i: number) => Math.floor(i / cols) % rows;
      for (const rule of ["identity", "gradient"]) {
        const found = await ruled(backend, normalize(input("x", shape)), rule, { x }, { targets });
        close(
          found.y,
          x.map((v, i) => v / lengths[row(i)]),
          TOLERANCE,
          `x / ‖x‖: [${shape}]`,
        );
        const along = Array.from({ length: targets * rows }, (_, r) => {
          const own = found.g.subarray(r * cols, (r + 1) * cols);
          return own.reduce((sum, g, c) => sum + (g * x[(r % rows) * cols + c]) / lengths[r % rows], 0);
        });
        const unit = (i: number) => x[i % x.length] / lengths[row(i)];
        const wanted = Array.from(found.g, (g, i) => {
          const radial = rule === "gradient" ? along[Math.floor(i / cols)] * unit(i) : 0;
          return (g - radial) / lengths[row(i)];
        });
        const most = Math.max(...Array.from(found.g, (g, i) => Math.abs(g) / lengths[row(i)]));
        close(found.to[0]!, wanted, TOLERANCE, `${rule} rule: [${shape}]`, most);
        const kept = rule === "gradient" ? total(along) : 0;
        close([found.kept.norms ?? 0], [kept], KEPT, `norms, ${rule}: [${shape}]`, found.scale);
      }
    });
  }

  test("a row of zeros has no direction: zeros", async () => {
    const found = await runGuarded(
      backend,
      { y: normalize(input("x", [2, 5])) },
      { x: Float32Array.of(0, 0, 0, 0, 0, 0, 3, 0, -4, 0) },
    );
    close(found.y, [0, 0, 0, 0, 0, 0, 0.6, 0, -0.8, 0], TOLERANCE, "zeros stay");
  });

  test("rows of any length are x / max(‖x‖, 1e-12)", async () => {
    const cols = 5;
    const sizes = [1e-25, 1e-18, 1e-13, 1e-12, 3e-12, 1e-6, 1, 1e6, 1e12];
    const x = Float32Array.from(random(sizes.length * cols, 31), (v, i) => v * sizes[Math.floor(i / cols)]);
    const found = await runGuarded(backend, { y: normalize(input("x", [sizes.length, cols])) }, { x });
    for (const [r, size] of sizes.entries()) {
      const own = Array.from(x.subarray(r * cols, (r + 1) * cols));
      const length = Math.max(Math.sqrt(own.reduce((sum, v) => sum + v * v, 0)), 1e-12);
      const wanted = own.map((v) => v / length);
      close(found.y.subarray(r * cols, (r + 1) * cols), wanted, TOLERANCE, `x / max(‖x‖, 1e-12): ${size}`);
    }
  });

  test("constant rows", async () => {
    const cols = 48;
    const levels = [0, 0.5, -3, 1000, 0.1, 1e-30];
    const x = Float32Array.from({ length: levels.length * cols }, (_, i) => levels[Math.floor(i / cols)]);
    const data = { x, w: random(cols, 6), b: random(cols, 7) };
    for (const eps of [1e-5, 1e-12]) {
      const y = layerNorm(input("x", [levels.length, cols]), input("w", [cols]), input("b", [cols]), eps);
      for (const rule of ["identity", "gradient"]) {
        const g = y.op.rules![rule](input("g", y.shape), y, { options: {}, carries: [true, false, false] });
        const kept = Object.fromEntries(g.kept!.map(({ rows }, i) => [`kept ${i}`, rows]));
        const found = await runGuarded(
          backend,
          { y, gx: g.gradients[0]!, ...kept },
          { ...data, g: random(x.length, 8) },
        );
        for (const values of Object.values(found)) assert.ok(values.every(Number.isFinite), `finite at ε ${eps}`);
        // Of levels whose sum is exact nothing is left but b; rounding of the mean of 0.1 is seen against √ε.
        for (let row = 0; row < 4; row++) {
          close(found.y.subarray(row * cols, (row + 1) * cols), data.b, TOLERANCE, `b alone: ${levels[row]}`);
        }
        const wanted = twin.layerNormGrad(
          "identity",
          new Float32Array(cols),
          data.w,
          eps,
          random(x.length, 8),
          1,
          cols,
        );
        close(found.gx.subarray(0, cols), wanted, TOLERANCE, `gradient at a constant row: ε ${eps}`);
      }
    }
  });

  test("one column: b, and no gradient", async () => {
    const data = { x: Float32Array.of(3, -7, 0), w: Float32Array.of(2), b: Float32Array.of(0.25) };
    const y = layerNorm(input("x", [3, 1]), input("w", [1]), input("b", [1]), 1e-5);
    for (const rule of ["identity", "gradient"]) {
      const found = await ruled(backend, y, rule, data, { targets: 2 });
      assert.equal([...found.y], [0.25, 0.25, 0.25]);
      assert.equal([...found.to[0]!].map(Math.abs), [0, 0, 0, 0, 0, 0]);
    }
  });

  test("a row's result, whatever rows there are beside it and wherever it lies", async () => {
    const cols = 70;
    const [row, upper] = [random(cols, 9), random(cols, 10)];
    const [w, b] = [random(cols, 11), random(cols, 12)];
    const through = async (rows: number, at: number) => {
      const [x, g] = [random(rows * cols, rows), random(rows * cols, rows + 1)];
      x.set(row, at * cols);
      g.set(upper, at * cols);
      const y = layerNorm(input("x", [rows, cols]), input("w", [cols]), input("b", [cols]), 1e-12);
      const found = await ruled(backend, y, "gradient", { x, w, b }, { g });
      return [found.y, found.to[0]!].map((all) => all.slice(at * cols, (at + 1) * cols));
    };
    const [y, gx] = await through(1, 0);
    for (const [rows, at] of [
      [2, 1],
      [5, 2],
      [9, 8],
    ]) {
      const [otherY, otherGx] = await through(rows, at);
      if (backend.name === "wasm") assert.equal([otherY, otherGx], [y, gx], `row ${at} of ${rows}, to the bit`);
      close(otherY, y, TOLERANCE, `one row's norm: row ${at} of ${rows}`);
      close(otherGx, gx, TOLERANCE, `one row's gradient: row ${at} of ${rows}`);
    }
  });

  test.run();
}

const shapes = suite("layer norm's shapes");

shapes("weights of another width", () => {
  const [x, w, b] = [input("x", [2, 3]), input("w", [3]), input("b", [3])];
  assert.throws(() => layerNorm(x, input("w", [4]), b, 1e-5), /norm does not fit \w*\[2,3\] and \w*\[4\] and \w*\[3\]/);
  assert.throws(() => layerNorm(x, w, input("b", [1]), 1e-5), /norm does not fit/);
});

shapes.run();
