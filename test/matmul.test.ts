// Every product against float64 sums, whatever is left over beside whole tiles (8 × 5 or 6) and chunks of the depth (128) on
// WASM, in both builds where the runtime has relaxed SIMD; and every row's bits the same wherever it lies.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { context, scores } from "../src/ops/attention.ts";
import { linear } from "../src/ops/linear.ts";
import { runGuarded } from "./ruled.ts";
import { close, random } from "./support.ts";

// Of Σ|a b|, which rounding is proportional to. Measured: 2.2e-7.
const TOLERANCE = 4e-7;
const BOUND = 1.1e-7; // relative, of sums of 2,048 positive products. Measured: 7.6e-8; 1.7e-7 by chains of 512

const depths = [...Array.from({ length: 19 }, (_, i) => i + 1), 23, 61, 127, 509, 521, 1031];
const at = { options: {}, carries: [true, true] };

/** Σ a[i, k] b[k, j] and Σ |a b| in float64; `index` tells where the factors' elements lie. */
function product(
  rows: number,
  cols: number,
  depth: number,
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
) {
  const [sums, sizes] = [new Float64Array(rows * cols), new Float64Array(rows * cols)];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      for (let k = 0; k < depth; k++) {
        const term = a(i, k) * b(k, j);
        sums[i * cols + j] += term;
        sizes[i * cols + j] += Math.abs(term);
      }
    }
  }
  return { sums, sizes };
}

function compare(found: Float32Array, { sums, sizes }: ReturnType<typeof product>, what: string) {
  const errors = found.map((v, i) => (v - sums[i]) / (sizes[i] || 1));
  close(errors, new Float64Array(found.length), TOLERANCE, what, 1);
}

const builds = { simd: await wasm(undefined, { deterministic: true }), "the fastest build": await wasm() };

for (const [name, backend] of Object.entries(builds)) {
  const test = suite(`products, ${name}`);

  test("x · wᵀ, x · wᵀ + b and g · w: every remainder of rows and columns, every depth", async () => {
    let d = 0;
    const small = Array.from({ length: 9 * 17 }, (_, i) => [1 + (i % 9), 1 + Math.floor(i / 9)]);
    // Blocks of rows are packed at most 184 at a time.
    for (const [rows, cols] of [...small, [183, 9], [185, 66], [368, 5], [369, 3]]) {
      const depth = rows > 9 ? 521 : depths[d++ % depths.length];
      const data = {
        x: random(rows * depth, 1),
        w: random(cols * depth, 2),
        b: random(cols, 3),
        g: random(rows * cols, 4),
      };
      const [x, w] = [input("x", [rows, depth]), input("w", [cols, depth])];
      const [y, biased] = [linear(x, w), linear(x, w, input("b", [cols]))];
      const back = y.op.rules!.gradient(input("g", [rows, cols]), y, at).gradients[0]!;
      const found = await runGuarded(backend, { y, biased, back }, data);
      const what = `${rows} × ${depth} × ${cols}`;
      const forward = product(
        rows,
        cols,
        depth,
        (i, k) => data.x[i * depth + k],
        (k, j) => data.w[j * depth + k],
      );
      compare(found.y, forward, `x wᵀ: ${what}`);
      const sums = forward.sums.map((v, i) => v + data.b[i % cols]);
      const sizes = forward.sizes.map((v, i) => v + Math.abs(data.b[i % cols]));
      compare(found.biased, { sums, sizes }, `x wᵀ + b: ${what}`);
      const backward = product(
        rows,
        depth,
        cols,
        (i, k) => data.g[i * cols + k],
        (k, j) => data.w[k * depth + j],
      );
      compare(found.back, backward, `g w: ${what}`);
    }
    assert.ok(d > 4 * depths.length, "every depth with several shapes");
  });

  test("long sums round by chunks of 128: chains of 512 round twice as much", async () => {
    const [rows, cols, depth] = [8, 16, 2048];
    const positive = (n: number, seed: number) => random(n, seed).map((v) => 1.5 + v / 2);
    const data = { x: positive(rows * depth, 1), w: positive(cols * depth, 2) };
    const { y } = await runGuarded(backend, { y: linear(input("x", [rows, depth]), input("w", [cols, depth])) }, data);
    const { sums } = product(
      rows,
      cols,
      depth,
      (i, k) => data.x[i * depth + k],
      (k, j) => data.w[j * depth + k],
    );
    const errors = y.map((v, i) => (v / sums[i] - 1) ** 2);
    const deviation = Math.sqrt(errors.reduce((a, b) => a + b, 0) / errors.length);
    assert.ok(deviation < BOUND, `relative errors of ${deviation}`);
  });

  test("products of attention: every remainder, every depth", async () => {
    let n = 0;
    for (let t = 1; t <= 9; t++) {
      for (const s of [...Array.from({ length: 9 }, (_, i) => i + 1), 509, 521]) {
        const [heads, d, scale] = [2, depths[n++ % 22], 0.5];
        const width = heads * d;
        const data = {
          q: random(t * width, 1),
          k: random(s * width, 2),
          v: random(s * width, 3),
          p: random(heads * t * s, 4),
          g: random(t * width, 5),
        };
        const [q, k, v] = [input("q", [1, t, width]), input("k", [1, s, width]), input("v", [1, s, width])];
        const p = input("p", [1, heads, t, s]);
        const y = context(p, v);
        const back: Tensor = y.op.rules!.values(input("g", [1, t, width]), y, at).gradients[1]!;
        const found = await runGuarded(backend, { scores: scores(q, k, heads, scale), y, back }, data);
        for (let h = 0; h < heads; h++) {
          const what = `head ${h}, ${t} × ${s} × ${d}`;
          const part = (all: Float32Array, rows: number) =>
            Float32Array.from({ length: rows * d }, (_, i) => all[Math.floor(i / d) * width + h * d + (i % d)]);
          const weight = (i: number, j: number) => data.p[(h * t + i) * s + j];
          const value = (all: Float32Array) => (i: number, j: number) => all[i * width + h * d + j];
          const to = product(
            t,
            s,
            d,
            (i, j) => scale * value(data.q)(i, j),
            (j, i) => value(data.k)(i, j),
          );
          compare(found.scores.subarray(h * t * s, (h + 1) * t * s), to, `scores: ${what}`);
          compare(part(found.y, t), product(t, d, s, weight, value(data.v)), `context: ${what}`);
          compare(
            part(found.back, s),
            product(s, d, t, (i, j) => weight(j, i), value(data.g)),
            `context_t: ${what}`,
          );
        }
      }
    }
  });

  // Rows are packed in blocks of at most 184; a depth of whole vectors and columns by eight have a kernel of one row.
  for (const [rows, cols, depth] of [
    [17, 24, 516],
    [18, 136, 260],
    [184, 133, 515],
    [185, 136, 516],
    [401, 133, 516],
  ]) {
    test(`${rows} rows of ${depth}, ${cols} columns: to the bit of a row by itself`, async () => {
      const data = { x: random(rows * depth, 1), w: random(cols * depth, 2), g: random(rows * cols, 3) };
      const run = async (n: number, from: number) => {
        const [x, w] = [input("x", [n, depth]), input("w", [cols, depth])];
        const y = linear(x, w);
        const back = y.op.rules!.gradient(input("g", [n, cols]), y, at).gradients[0]!;
        const part = {
          x: data.x.slice(from * depth, (from + n) * depth),
          g: data.g.slice(from * cols, (from + n) * cols),
        };
        return runGuarded(backend, { y, back }, { ...data, ...part });
      };
      const all = await run(rows, 0);
      for (const r of [0, 3, 15, 16, 17, 92, 136, 176, 183, 184, 270, 400].filter((r) => r < rows)) {
        const { y, back } = await run(1, r);
        assert.equal(all.y.slice(r * cols, (r + 1) * cols), y, `row ${r}`);
        assert.equal(all.back.slice(r * depth, (r + 1) * depth), back, `row ${r} of g · w`);
      }
    });
  }

  test.run();
}
