// The ops that only move, add or choose numbers, against their definitions, and every kernel on more rows and elements than
// one row of workgroups holds. All of it is exact but dot and stabilize.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { groups, input, type Tensor, threads } from "../src/graph/tensor.ts";
import { activations } from "../src/ops/activation.ts";
import { dot } from "../src/ops/dot.ts";
import { add } from "../src/ops/elementwise.ts";
import { layerNorm } from "../src/ops/norm.ts";
import { seed } from "../src/ops/seed.ts";
import { selectRow } from "../src/ops/select.ts";
import { softmax } from "../src/ops/softmax.ts";
import { stabilize, stabilizer } from "../src/ops/stabilize.ts";
import { ruled, runGuarded } from "./ruled.ts";
import { backends, close, random, run } from "./support.ts";

// Measured on WASM and SwiftShader: 1.3e-7, kept 4.5e-9 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 1e-6;
const KEPT = 4e-8;
const FULL = globalThis.process?.env?.RELPROP_FULL;

for (const backend of backends) {
  const test = suite(`ops, ${backend.name}`);

  test("sum of equal shapes", async () => {
    for (const n of [1, 63, 64, 65, 129]) {
      const data = { a: random(n, 1), b: random(n, 2) };
      const { y } = await runGuarded(backend, { y: add(input("a", [1, n]), input("b", [1, n])) }, data);
      assert.equal(
        y,
        data.a.map((v, i) => v + data.b[i]),
      );
    }
  });

  test("sum of texts and one text's position vectors", async () => {
    const data = { a: random(3 * 5 * 7, 1), b: random(5 * 7, 2) };
    const y = add(input("a", [3, 5, 7]), input("b", [5, 7]));
    const found = await ruled(backend, y, "gradient", data, { targets: 2 });
    assert.equal(
      found.y,
      data.a.map((v, i) => v + data.b[i % 35]),
    );
    assert.equal(found.to[0], found.g, "a summand gets the whole gradient");
    const positions = found.g.reduce((sum, g, i) => sum + g * data.b[i % 35], 0);
    close([found.kept.constants!], [positions], KEPT, "positions", found.scale);
  });

  test("sum of two that carry relevance, and of a tensor and itself", async () => {
    const data = { a: random(35, 1), b: random(35, 2) };
    const both = add(input("a", [5, 7]), input("b", [5, 7]));
    const found = await ruled(backend, both, "gradient", data, { carries: [true, true] });
    assert.equal(found.to, [found.g, found.g]);
    assert.equal(found.kept, {});
    const double = add(input("a", [5, 7]), input("a", [5, 7]));
    assert.equal(
      (await runGuarded(backend, { double }, data)).double,
      data.a.map((v) => 2 * v),
    );
  });

  test("dot along rows, of as many rows and of fewer", async () => {
    for (const [rows, cols, few] of [
      [1, 1, 1],
      [6, 5, 3],
      [65, 17, 1],
      [129, 3, 129],
      [64, 97, 2],
    ]) {
      const data = { a: random(rows * cols, 1), b: random(few * cols, 2) };
      const found = await runGuarded(backend, { y: dot(input("a", [rows, cols]), input("b", [few, cols])) }, data);
      const wanted = Float64Array.from({ length: rows }, (_, r) => {
        let sum = 0;
        for (let i = 0; i < cols; i++) sum += data.a[r * cols + i] * data.b[(r % few) * cols + i];
        return sum;
      });
      close(found.y, wanted, TOLERANCE, `dot: ${rows} × ${cols} and ${few}`);
    }
    assert.equal(dot(input("a", [2, 3, 4]), input("b", [4])).shape, [2, 3]);
  });

  test("picked rows, and gradients put in their place", async () => {
    for (const [batch, t, d, index, targets] of [
      [1, 1, 1, 0, 1],
      [3, 5, 7, 0, 2],
      [2, 17, 65, 16, 1],
      [1, 3, 2, 1, 3],
    ]) {
      const x = random(batch * t * d, 1);
      const found = await ruled(backend, selectRow(input("x", [batch, t, d]), index), "gradient", { x }, { targets });
      assert.equal(
        found.y,
        Float32Array.from({ length: batch * d }, (_, i) => x[(Math.floor(i / d) * t + index) * d + (i % d)]),
      );
      const wanted = new Float32Array(targets * batch * t * d);
      found.g.forEach((g, i) => {
        wanted[(Math.floor(i / d) * t + index) * d + (i % d)] = g;
      });
      assert.equal(found.to[0], wanted);
    }
  });

  test("stabilised gradients, y of 0 and of either sign, y shorter than g", async () => {
    const data = { y: Float32Array.of(0, -0, 1, -1, 1e-20, -1e-20, 1e30, -3), g: random(16, 3) };
    const [y, g] = [input("y", [1, 8]), input("g", [2, 8])];
    for (const eps of [0.5, 1e-6]) {
      const found = await runGuarded(backend, { sent: stabilize(y, g, eps), by: stabilizer(y, eps) }, data);
      const e = Math.fround(eps);
      assert.equal([...found.by], [e, e, e, -e, e, -e, e, -e], "the sign of 0, and of −0, is +");
      const wanted = data.g.map((v, i) => v * (data.y[i % 8] / (data.y[i % 8] + found.by[i % 8])));
      close(found.sent, wanted, TOLERANCE, `g y/(y ± ε): ${eps}`);
      assert.ok(
        [0, 1, 8, 9].every((i) => found.sent[i] === 0),
        "0 sends nothing",
      );
    }
  });

  test("seed: a class, the top class, a contrast, ties, the runner-up", async () => {
    const logits = Float32Array.of(1, 3, 2, 2, 2, 1, -5, -9, -5);
    const requests: [request: number[], ...seeds: number[][]][] = [
      [
        [0, 0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 1],
      ], // a class
      [
        [0, 0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
        [1, 0, 0],
      ], // the top class; the first of equals
      [
        [1, 0, -1, 0],
        [1, 0, -1],
        [1, 0, -1],
        [1, 0, -1],
      ], // two classes
      [
        [0, -1, 0, 1],
        [0, -1, 1],
        [1, -1, 0],
        [1, -1, 0],
      ], // the top class but one's own
      [
        [1, 0, 0, -1],
        [1, -1, 0],
        [1, -1, 0],
        [1, 0, -1],
      ], // a class against the best of the others
      [
        [0.5, 0.25, 2, 7],
        [0.5, 0.25, 2],
        [0.5, 0.25, 2],
        [0.5, 0.25, 2],
      ], // no class left
    ];
    const request = Float32Array.from(requests.flatMap(([row]) => [row, row, row].flat()));
    const y = seed(input("logits", [3, 3]), input("request", [18, 4]));
    const found = await runGuarded(backend, { y }, { logits, request });
    assert.equal(
      [...found.y],
      requests.flatMap(([, ...seeds]) => seeds.flat()),
    );
  });

  test("seed: one class, and 131", async () => {
    const one = seed(input("logits", [2, 1]), input("request", [2, 2]));
    const data = { logits: Float32Array.of(-1, 1), request: Float32Array.of(0, 1, 1, 0) };
    assert.equal([...(await runGuarded(backend, { one }, data)).one], [1, 1]);
    const logits = random(131, 4);
    const many = seed(input("logits", [1, 131]), input("request", [1, 132]));
    const request = new Float32Array(132).fill(1, 131);
    const found = await runGuarded(backend, { many }, { logits, request });
    assert.is(found.many.indexOf(1), logits.indexOf(Math.max(...logits)));
    assert.is(found.many.filter((v) => v !== 0).length, 1);
  });

  // Kernels that fold their grid are all checked in kernels.test.ts; here is what a plan really makes of so many rows.
  // Barriers cost SwiftShader a third of a millisecond a row.
  const patient = backend.name === "wasm" || FULL;

  if (patient) {
    test("more rows than a row of workgroups: softmax, layer norm and their gradients", async () => {
      const [rows, cols, few] = [65_535 + 70, 3, 80];
      const at = { options: {}, carries: [true, false, false] };
      const graph = (n: number): Record<string, Tensor> => {
        const [x, g] = [input("x", [1, n, cols]), input("g", [1, n, cols])];
        const p = softmax(x, input("lengths", [1]));
        const norm = layerNorm(x, input("w", [cols]), input("b", [cols]), 1e-5);
        const soft = p.op.rules!.gradient(g, p, at);
        const plain = norm.op.rules!.gradient(g, norm, at);
        const frozen = norm.op.rules!.identity(g, norm, at);
        const kept = { softKept: soft.kept![0].rows, plainKept: plain.kept![1].rows };
        return {
          p,
          norm,
          toSoft: soft.gradients[0]!,
          toPlain: plain.gradients[0]!,
          toFrozen: frozen.gradients[0]!,
          ...kept,
        };
      };
      const data = {
        x: random(rows * cols, 5),
        g: random(rows * cols, 6),
        w: Float32Array.of(1, 0.5, 2),
        b: random(cols, 7),
        lengths: Float32Array.of(2),
      };
      const tail = (values: Float32Array, width = cols) => values.slice(-few * width);
      const found = await run(backend, graph(rows), data);
      const alone = await run(backend, graph(few), { ...data, x: tail(data.x), g: tail(data.g) });
      for (const [name, values] of Object.entries(alone)) {
        assert.equal(tail(found[name], values.length / few), values, `the last rows' ${name}, to the bit`);
      }
    });
  }

  test("more elements than a row of workgroups", async () => {
    const n = 65_535 * 64 + 200;
    const x = Float32Array.from({ length: n }, (_, i) => (i % 251) - 100);
    const request = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) request[2 * i] = x[i];
    const whole = input("x", [n, 1]);
    const cases: Record<string, [y: Tensor, f: (v: number) => number]> = {
      sum: [add(whole, whole), (v) => 2 * v],
      relu: [activations.get("relu")!(whole), (v) => Math.max(v, 0)],
      sign: [stabilizer(whole, 1), (v) => (v < 0 ? -1 : 1)],
      dot: [dot(whole, input("three", [1, 1])), (v) => 3 * v],
      seed: [seed(whole, input("request", [n, 2])), (v) => v],
      pick: [selectRow(input("x", [n, 1, 1]), 0), (v) => v],
    };
    for (const [name, [y, f]] of Object.entries(cases).slice(0, patient ? 6 : 1)) {
      const found = await run(backend, { y }, { x, three: Float32Array.of(3), request });
      const wrong = found.y.findIndex((v, i) => v !== f(x[i]));
      assert.is(wrong, -1, `${name}: element ${wrong} is ${found.y[wrong]}`);
    }
  });

  test.run();
}

const shapes = suite("shapes of ops");

shapes("grids: enough workgroups, no dimension over 65,535, less than a row to spare", () => {
  for (const n of [1, 2, 65_534, 65_535, 65_536, 65_605, 131_070, 131_071, 4_194_440, 2 ** 31]) {
    const [x, y, z] = groups(n);
    assert.ok(x * y >= n && (y - 1) * x < n && x <= 65_535 && y <= 65_535 && z === 1, `${n}: ${x} × ${y} × ${z}`);
    assert.ok(x * y - n < y, `${n}: ${x} × ${y}`);
  }
  assert.equal(threads(64), [1, 1, 1]);
  assert.equal(threads(65), [2, 1, 1]);
});

shapes("inputs that do not fit", () => {
  const x = input("x", [2, 3]);
  assert.throws(() => add(x, input("b", [4])), /an elementwise op does not fit \w*\[4\] and \w*\[2,3\]/);
  assert.throws(() => dot(x, input("b", [2, 2])), /dot does not fit/);
  assert.throws(() => dot(x, input("b", [4, 3])), /dot does not fit/);
  assert.throws(() => seed(x, input("request", [2, 3])), /seed does not fit/);
  assert.throws(() => seed(x, input("request", [3, 4])), /seed does not fit/);
});

shapes("the gradient of what is added to every text: each text's own", () => {
  const y = add(input("a", [2, 3]), input("b", [3]));
  const g = input("g", [4, 3]);
  const { gradients, kept } = y.op.rules!.gradient(g, y, { options: {}, carries: [true, true] });
  assert.equal([...gradients], [g, g]);
  assert.equal(kept, []);
});

shapes.run();
