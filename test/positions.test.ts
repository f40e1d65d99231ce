// The ops of attention that knows places (distances, rotary angles, spans) and of gated layers, against float64 loops that
// restate their definitions, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input } from "../src/graph/tensor.ts";
import { gate } from "../src/ops/gate.ts";
import { relativeShift } from "../src/ops/relative_shift.ts";
import { rotary } from "../src/ops/rotary.ts";
import { softmax } from "../src/ops/softmax.ts";
import { inner, ruled } from "./ruled.ts";
import { backends, close, random } from "./support.ts";

// Measured on WASM and SwiftShader: below 3e-7, and 3e-8 of the scale for what is kept.
const TOLERANCE = 2e-6;
const KEPT = 2e-7;

for (const backend of backends) {
  const test = suite(`places, ${backend.name}`);

  for (const [batch, heads, t] of [
    [1, 1, 1],
    [2, 3, 2],
    [1, 2, 17],
    [3, 1, 9],
  ]) {
    for (const keys of [false, true]) {
      test(`scores by distance, ${batch} × ${heads} × ${t} tokens, of ${keys ? "keys" : "queries"}`, async () => {
        const n = 2 * t - 1;
        const x = random(batch * heads * t * n, t);
        const y = relativeShift(input("x", [batch, heads, t, n]), keys);
        const { y: found, to, g } = await ruled(backend, y, "gradient", { x });
        const wanted = new Float64Array(found.length);
        const gx = new Float64Array(x.length);
        for (let h = 0; h < batch * heads; h++) {
          for (let i = 0; i < t; i++) {
            for (let j = 0; j < t; j++) {
              const from = (h * t + (keys ? j : i)) * n + i - j + t - 1;
              const at = (h * t + i) * t + j;
              wanted[at] = x[from];
              gx[from] += g[at];
            }
          }
        }
        assert.equal([...found], [...wanted]);
        assert.equal([...to[0]!], [...gx]);
      });
    }
  }

  for (const [batch, t, heads, head, d, how] of [
    [1, 1, 1, 2, 2, {}],
    [2, 5, 3, 4, 4, {}],
    [3, 33, 2, 10, 10, {}],
    [2, 7, 3, 7, 4, { apart: true }],
    [3, 5, 2, 6, 6, { neighbours: true }],
    [2, 9, 2, 9, 6, { neighbours: true, apart: true }],
  ] as const) {
    const { apart = false, neighbours = false } = how as { apart?: boolean; neighbours?: boolean };
    const what = `${neighbours ? "neighbours in " : ""}${d} of ${head}${apart ? ", each text by its own angles" : ""}`;
    test(`rotary, ${batch} × ${t} tokens, ${heads} heads, ${what}`, async () => {
      const x = random(batch * t * heads * head, d);
      const rows = apart ? batch * t : t;
      const turns = Float64Array.from({ length: rows * (d / 2) }, (_, i) => 0.3 * i + 0.1);
      const angles = new Float32Array(rows * d);
      turns.forEach((turn, i) => {
        const at = Math.floor(i / (d / 2)) * d + (i % (d / 2));
        angles[at] = Math.cos(turn);
        angles[at + d / 2] = Math.sin(turn);
      });
      const given = input("angles", apart ? [batch, t, d] : [t, d]);
      const y = rotary(input("x", [batch, t, heads * head]), given, { head, neighbours });
      const found = await ruled(backend, y, "gradient", { x, angles }, { carries: [true, false] });
      const turned = (values: ArrayLike<number>, way: number) => {
        const out = Float64Array.from(values);
        for (let row = 0; row < batch * t; row++) {
          for (let h = 0; h < heads; h++) {
            for (let k = 0; k < d / 2; k++) {
              const start = (row * heads + h) * head;
              const [a, b] = neighbours ? [start + 2 * k, start + 2 * k + 1] : [start + k, start + k + d / 2];
              const angle = way * turns[(row % rows) * (d / 2) + k];
              out[a] = Math.cos(angle) * values[a] - Math.sin(angle) * values[b];
              out[b] = Math.sin(angle) * values[a] + Math.cos(angle) * values[b];
            }
          }
        }
        return out;
      };
      close(found.y, turned(x, 1), TOLERANCE, "y");
      close(found.to[0]!, turned(found.g, -1), TOLERANCE, "turned back");
      assert.equal(found.kept, {});
    });
  }

  for (const [batch, heads, rows, cols, before, after, lengths] of [
    [1, 2, 5, 5, Number.POSITIVE_INFINITY, 0, [5]],
    [2, 1, 17, 17, 4, 4, [17, 3]],
    [3, 2, 65, 65, 0, 0, [65, 64, 0]],
    [2, 3, 40, 40, 2, 33, [39, 40]],
  ] as const) {
    test(`softmax within ${before} before and ${after} after, ${batch} × ${heads} × ${rows} rows of ${cols}`, async () => {
      const span = { before: Number.isFinite(before) ? before : 0x7fffffff, after };
      const x = random(batch * heads * rows * cols, cols).map((v) => 6 * v);
      const y = softmax(input("x", [batch, heads, rows, cols]), input("lengths", [batch]), span);
      const found = await ruled(backend, y, "gradient", { x, lengths: Float32Array.from(lengths) });
      const wanted = new Float64Array(x.length);
      for (let r = 0; r < batch * heads * rows; r++) {
        const i = r % rows;
        const n = lengths[Math.floor(r / (heads * rows))];
        const seen = Array.from({ length: cols }, (_, j) => j).filter(
          (j) => j < n && i - j <= before && j - i <= after,
        );
        const sum = seen.reduce((total, j) => total + Math.exp(x[r * cols + j]), 0);
        for (const j of seen) wanted[r * cols + j] = Math.exp(x[r * cols + j]) / sum;
      }
      close(found.y, wanted, TOLERANCE, "p");
      wanted.forEach((p, i) => {
        if (p === 0) assert.ok(Object.is(found.y[i], 0), `element ${i} is not seen, and exactly 0`);
      });
    });
  }

  for (const rule of ["gradient", "uniform", "values"]) {
    for (const carries of [
      [true, true],
      [true, false],
      [false, true],
    ]) {
      test(`gates by ${rule}, relevance passes ${carries}`, async () => {
        const [n, d] = [7, 33];
        const data = { a: random(n * d, 1), b: random(n * d, 2) };
        const y = gate(input("a", [n, d]), input("b", [n, d]));
        const found = await ruled(backend, y, rule, data, { carries });
        close(
          found.y,
          data.a.map((v, i) => v * data.b[i]),
          TOLERANCE,
          "a b",
        );
        const share = rule === "uniform" && carries[0] && carries[1] ? 1 / 2 : 1;
        const [a, b] = [data.b, data.a].map((other) => other.map((v, i) => share * v * found.g[i]));
        const closed = rule === "values" && carries[1];
        if (closed) assert.is(found.to[0], undefined);
        else if (carries[0]) close(found.to[0]!, a, TOLERANCE, "to a");
        if (carries[1]) close(found.to[1]!, b, TOLERANCE, "to b");
        const kept = (1 - (closed ? 1 : share * carries.filter(Boolean).length)) * inner(found.y, found.g);
        close([found.kept.products ?? 0], [kept], KEPT, "products", found.scale);
      });
    }
  }

  test.run();
}
