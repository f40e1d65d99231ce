// The ops that models by switches are made of, against their definitions in float64: weights without softmax, squares of keys,
// rows scaled, another shape. Rules hold the ledger: what they send on and what they keep is what they were given.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input } from "../src/graph/tensor.ts";
import { plainWeights } from "../src/ops/plain_weights.ts";
import { reshape } from "../src/ops/reshape.ts";
import { scaleRows } from "../src/ops/scale_rows.ts";
import { squares } from "../src/ops/squares.ts";
import { again, inner, ruled } from "./ruled.ts";
import { backends, close, random } from "./support.ts";

// Measured on WASM and SwiftShader: 6.0e-8 of the largest, 1.3e-8 of the ledger.
const TOLERANCE = 3e-7;
const KEPT = 4e-8;

for (const backend of backends) {
  const test = suite(`blocks, ${backend.name}`);

  test("scores over the number of keys that a row sees, of lengths from none to all, near and all", async () => {
    for (const [b, h, t, s] of [
      [1, 1, 1, 1],
      [3, 2, 5, 5],
      [2, 3, 9, 9],
    ]) {
      for (const span of [undefined, { before: 2, after: 0 }, { before: 2 ** 30, after: 0 }, { before: 1, after: 3 }]) {
        const lengths = Float32Array.from({ length: b }, (_, i) => Math.max(0, s - 3 * i));
        const data = { x: random(b * h * t * s, 3), lengths };
        const y = plainWeights(input("x", [b, h, t, s]), input("lengths", [b]), span);
        const found = await ruled(backend, y, "gradient", data, { targets: 2 });
        const weight = (e: number) => {
          const [i, j] = [Math.floor(e / s) % t, e % s];
          const n = lengths[Math.floor(e / (h * t * s)) % b];
          const { before, after } = span ?? { before: s, after: s };
          const seen = (k: number) => k < n && k >= i - before && k <= i + after;
          const many = [...Array(s).keys()].filter(seen).length;
          return seen(j) ? 1 / many : 0;
        };
        close(
          found.y,
          data.x.map((v, e) => v * weight(e)),
          TOLERANCE,
          "plain weights: y",
        );
        close(
          found.to[0]!,
          found.g.map((v, e) => v * weight(e)),
          TOLERANCE,
          "plain weights: gradient",
        );
        assert.equal(found.kept, {});
      }
    }
  });

  test("squares by head; a square is a product of equals", async () => {
    for (const [b, t, heads, d] of [
      [1, 1, 1, 1],
      [2, 5, 3, 4],
      [3, 7, 1, 9],
    ]) {
      const data = { x: random(b * t * heads * d, 5) };
      for (const [rule, share] of [
        ["gradient", 1],
        ["uniform", 1 / 2],
      ] as const) {
        const y = squares(input("x", [b, t, heads * d]), heads);
        const found = await ruled(backend, y, rule, data, { carries: [true, true], targets: 2 });
        const sums = Float64Array.from({ length: b * t * heads }, (_, i) => {
          const own = data.x.subarray(i * d, (i + 1) * d);
          return inner(own, own);
        });
        close(found.y, sums, TOLERANCE, "squares: y");
        const to = again(data.x, 2).map((v, e) => 2 * share * v * found.g[Math.floor(e / d)]);
        close(found.to[0]!, to, TOLERANCE, "squares: gradient");
        const kept = inner(found.g, sums) - inner(to, data.x);
        close([found.kept.products ?? 0], [kept], KEPT, "squares: kept", found.scale);
      }
    }
  });

  test("rows scaled, whichever is the shorter", async () => {
    for (const [b, c, t, d] of [
      [2, 2, 3, 5],
      [1, 3, 4, 2],
      [1, 1, 70, 3],
    ]) {
      const data = { x: random(b * t * d, 7), s: random(c * t, 8) };
      const y = scaleRows(input("x", [b, t, d]), input("s", [c, t]));
      assert.equal(y.shape, [c, t, d]);
      const found = await ruled(backend, y, "gradient", data, { targets: 2 });
      const by = (e: number) => data.s[Math.floor(e / d) % (c * t)];
      close(
        found.y,
        Float64Array.from({ length: c * t * d }, (_, e) => data.x[e % (b * t * d)] * by(e)),
        TOLERANCE,
        "scaled rows: y",
      );
      close(
        found.to[0]!,
        found.g.map((v, e) => v * by(e)),
        TOLERANCE,
        "scaled rows: gradient",
      );
    }
    const data = { x: random(6, 9), s: random(6, 10) };
    const found = await ruled(backend, scaleRows(input("x", [2, 3]), input("s", [3, 2]), 1, -3), "gradient", data);
    const by = data.s.map((v) => -3 * v);
    close(
      found.y,
      data.x.map((v, e) => v * by[e]),
      TOLERANCE,
      "scaled by −3: y",
    );
    close(
      found.to[0]!,
      found.g.map((v, e) => v * by[e]),
      TOLERANCE,
      "scaled by −3: gradient",
    );
  });

  test("another shape, and back", async () => {
    const data = { x: random(36, 9) };
    const found = await ruled(backend, reshape(input("x", [2, 3, 6]), [2, 9, 2]), "gradient", data, { targets: 3 });
    assert.equal(found.y, data.x);
    assert.equal(found.to[0], found.g);
    assert.throws(() => reshape(input("x", [2, 3, 6]), [1, 5, 2]), /does not fit/);
  });

  test.run();
}
