// Attention that makes its weights again, with its rules, against float64 loops (test/twin/attention.ts) on every backend;
// on WASM also against the three ops that keep the weights, to the bit.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { attend } from "../src/ops/attend.ts";
import { context, scores } from "../src/ops/attention.ts";
import { add } from "../src/ops/elementwise.ts";
import { softmax } from "../src/ops/softmax.ts";
import type { Composite } from "../src/propagation/composites.ts";
import { propagate } from "../src/propagation/propagate.ts";
import { again, inner, ruled, ruleOf, runGuarded } from "./ruled.ts";
import { backends, close, random, run } from "./support.ts";
import * as twin from "./twin/attention.ts";
import type { Numbers } from "./twin/numbers.ts";

// Measured on WASM and SwiftShader: 8.5e-7 of the largest element, kept 3.7e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 4e-6;
const KEPT = 3e-7;

// Tokens around the tiles (32 on WebGPU, 4 and 64 on WASM), heads wider than a workgroup's columns, targets at once.
const SHAPES: [lengths: number[], tokens: number, heads: number, width: number, targets: number][] = [
  [[1], 1, 1, 1, 1],
  [[2, 0, 1], 2, 2, 3, 2],
  [[3], 3, 12, 2, 3],
  [[15, 1, 9], 15, 3, 5, 1],
  [[7, 16], 16, 2, 8, 2],
  [[17, 16], 17, 1, 7, 3],
  [[33], 33, 2, 32, 2],
  [[40, 65], 65, 1, 70, 2],
  [[129, 0], 129, 2, 11, 1],
  [[64], 64, 1, 64, 1],
];

const shares = { gradient: 1, uniform: 1 / 2 } as const;
const rules = [
  ["gradient", "gradient"],
  ["gradient", "uniform"],
  ["uniform", "gradient"],
  ["uniform", "uniform"],
] as const;

/** Which of q, k and v carry relevance. */
const some = [
  [true, true, true],
  [true, true, false],
  [true, false, true],
  [false, true, false],
];

for (const backend of backends) {
  const test = suite(`attention made again, ${backend.name}`);

  for (const [lengths, tokens, heads, width, targets] of SHAPES) {
    const batch = lengths.length;
    const one = { batch, tokens, heads, size: width };
    const several = { ...one, batch: targets * batch };
    const scale = 1 / Math.sqrt(width);
    const count = batch * tokens * heads * width;
    const wide = [batch, tokens, heads * width];
    const [q, k, v] = ["q", "k", "v"].map((name) => input(name, wide));
    const data = {
      ...{ q: random(count, 1), k: random(count, 2), v: random(count, 3) },
      lengths: Float32Array.from(lengths),
    };
    const g = random(targets * count, 5);
    const y = attend(q, k, v, input("lengths", [batch]), heads, scale);
    const what = `${lengths} of ${tokens} tokens, ${heads} heads of ${width}, ${targets} targets`;

    const rows = batch * heads * tokens;
    const s = twin.scores(data.q, data.k, scale, one);
    const p = twin.softmax(s, lengths, rows, tokens);
    const c = twin.context(p, data.v, one);
    const weights = again(p, targets);
    const toV = twin.contextT(weights, g, several);
    const toP = twin.scores(g, again(data.v, targets), 1, several);

    test(`gradients: ${what}`, async () => {
      for (const [ofContext, ofScores] of rules) {
        for (const carries of ofContext === "uniform" && ofScores === "uniform" ? some : some.slice(0, 1)) {
          const share = carries[2] ? shares[ofContext] : 1;
          const half = carries[0] && carries[1] ? shares[ofScores] : 1;
          const gp = scaled(toP, share);
          const gs = twin.softmaxGrad(weights, gp, targets * rows, tokens);
          const wanted = [
            carries[0] && scaled(twin.context(gs, again(data.k, targets), several), scale * half),
            carries[1] && scaled(twin.contextT(gs, again(data.q, targets), several), scale * half),
            carries[2] && scaled(toV, share),
          ];
          const how = { targets, carries: [...carries, false], g };
          const found = await ruled(backend, y, `${ofContext} gradient ${ofScores}`, data, how);
          close(found.y, c, TOLERANCE, `context: ${what}`);
          // Of a row with one key nothing but rounding of g_p reaches the scores.
          const most = largest(gp) * largest(data.k) * scale;
          for (const [i, name] of ["q", "k", "v"].entries()) {
            const expected = wanted[i];
            if (!expected) assert.is(found.to[i], undefined, name);
            else close(found.to[i]!, expected, TOLERANCE, `${name}: ${what}`, Math.max(largest(expected), 0.01 * most));
          }
          const both = carries[2] ? (1 - 2 * share) * inner(c, g) : 0;
          const twice = carries[0] && carries[1] ? (1 - 2 * half) * inner(again(s, targets), gs) : 0;
          const kept = twin.softmaxKept(again(s, targets), weights, gp, targets * rows, tokens);
          close([found.kept.softmax!], [inner(kept, [1])], KEPT, `softmax: ${what}`, found.scale || 1);
          close([found.kept.products ?? 0], [both + twice], KEPT, `products: ${what}`, found.scale || 1);
          const counted = carries[2] && share === 1;
          assert.is("products" in found.kept, counted || (carries[0] && carries[1] && half === 1));
        }
      }
    });

    test(`values: ${what}`, async () => {
      for (const rule of ["values gradient gradient", "values gradient uniform"]) {
        const found = await ruled(backend, y, rule, data, { targets, carries: [true, true, true, false], g });
        assert.equal(found.to.slice(0, 2), [undefined, undefined]);
        close(found.to[2]!, toV, TOLERANCE, `v: ${what}`);
        assert.equal(found.kept, {});
        const none = await ruled(backend, y, rule, data, { targets, carries: [true, true, false, false], g });
        close([none.kept.products!], [inner(c, g)], KEPT, `products: ${what}`, none.scale || 1);
        assert.ok(none.to.every((t) => t === undefined));
      }
      const alone = await ruled(backend, y, "uniform gradient uniform", data, {
        targets,
        carries: [false, false, true, false],
        g,
      });
      close(alone.to[2]!, toV, TOLERANCE, `v: ${what}`);
      assert.equal(alone.kept, {});
    });

    test(`as the ops that keep the weights: ${what}`, async () => {
      const outputs: Record<string, Tensor> = {};
      const x = input("x", wide);
      const start = input("g", [targets * batch, ...wide.slice(1)]);
      const l = input("lengths", [batch]);
      const [qx, kx, vx] = ["q", "k", "v"].map((name) => add(x, input(name, wide)));
      const forms = {
        kept: context(softmax(scores(qx, kx, heads, scale), l), vx),
        again: attend(qx, kx, vx, l, heads, scale),
      };
      const composites: Composite[] = [
        { context: "values" },
        ...rules.map(([ofContext, ofScores]) => ({ context: ofContext, scores: ofScores })),
      ];
      for (const [form, y] of Object.entries(forms)) {
        outputs[`${form} y`] = y;
        for (const [i, composite] of composites.entries()) {
          outputs[`${form} x ${i}`] = propagate(y, start, [[x]], composite).gradients.get(x)!;
        }
      }
      const found = await runGuarded(backend, outputs, { ...data, x: random(count, 4), g });
      for (const key of Object.keys(outputs).filter((key) => key.startsWith("kept"))) {
        const other = found[key.replace("kept", "again")];
        if (backend.name === "wasm") assert.equal(other, found[key], `${key}, to the bit: ${what}`);
        close(other, found[key], TOLERANCE, `the other form: ${key}, ${what}`);
      }
    });
  }

  test("padding: a gradient of zero there gives exactly zero, to queries, keys and values", async () => {
    const [tokens, heads, width] = [37, 2, 5];
    const lengths = [20, 0, 37, 1];
    const wide = [lengths.length, tokens, heads * width];
    const count = tokens * heads * width;
    const [q, k, v] = ["q", "k", "v"].map((name) => input(name, wide));
    const y = attend(q, k, v, input("lengths", [lengths.length]), heads, 0.4);
    const real = (i: number) => Math.floor((i % count) / (heads * width)) < lengths[Math.floor(i / count)];
    const g = random(lengths.length * count, 4).map((value, i) => (real(i) ? value : 0));
    const data = {
      q: random(g.length, 1),
      k: random(g.length, 2),
      v: random(g.length, 3),
      lengths: Float32Array.from(lengths),
    };
    for (const rule of ["gradient gradient gradient", "uniform gradient uniform", "values gradient gradient"]) {
      const { to, y: c } = await ruled(backend, y, rule, data, { carries: [true, true, true, false], g });
      for (const t of to) assert.ok(!t || t.every((value, i) => real(i) || value === 0), rule);
      assert.ok(
        c.subarray(count, 2 * count).every((value) => value === 0),
        "a text of no tokens",
      );
    }
  });

  test("other keys than queries", async () => {
    const [batch, t, s, heads, d] = [2, 5, 41, 2, 3];
    const q = random(batch * t * heads * d, 1);
    const k = random(batch * s * heads * d, 2);
    const v = random(batch * s * heads * d, 3);
    const g = random(batch * t * heads * d, 4);
    const lengths = Float32Array.of(41, 7);
    const wide = (tokens: number) => [batch, tokens, heads * d];
    const [Q, K, V, l] = [input("q", wide(t)), input("k", wide(s)), input("v", wide(s)), input("lengths", [batch])];
    const at = { options: {}, carries: [true, true, true, false] };
    const outputs: Record<string, Tensor> = {};
    const start = input("g", wide(t));
    const y = attend(Q, K, V, l, heads, 0.6);
    ruleOf(y.op, "uniform gradient uniform")(start, y, at).gradients.forEach((to, i) => {
      outputs[`again ${i}`] = to!;
    });
    const S = scores(Q, K, heads, 0.6);
    const P = softmax(S, l);
    const C = context(P, V);
    const [gp, gv] = C.op.rules!.uniform(start, C, at).gradients as Tensor[];
    const [gs] = P.op.rules!.gradient(gp, P, at).gradients as Tensor[];
    const [gq, gk] = S.op.rules!.uniform(gs, S, at).gradients as Tensor[];
    const found = await runGuarded(backend, { ...outputs, y, C, gq, gk, gv }, { q, k, v, g, lengths });
    for (const [a, b] of [
      ["y", "C"],
      ["again 0", "gq"],
      ["again 1", "gk"],
      ["again 2", "gv"],
    ]) {
      close(found[a], found[b], TOLERANCE, `the other form: ${b}`);
    }
  });

  test("more than 65,535 rows", async () => {
    const [batch, tokens, heads, width] = [2, 32, 1040, 1]; // 66,560
    const lengths = Float32Array.of(32, 21);
    const n = { batch, tokens, heads, size: width };
    const wide = [batch, tokens, heads * width];
    const [q, k, v] = [1, 2, 3].map((seed) => random(batch * tokens * heads * width, seed));
    const y = attend(input("q", wide), input("k", wide), input("v", wide), input("lengths", [batch]), heads, 1);
    const found = await run(backend, { y }, { q, k, v, lengths });
    const p = twin.softmax(twin.scores(q, k, 1, n), [...lengths], batch * heads * tokens, tokens);
    close(found.y, twin.context(p, v, n), TOLERANCE, "context: 66,560 rows");
  });

  test("large scores", async () => {
    const wide = [1, 40, 2];
    const [q, k, v] = [1, 2, 3].map((seed) => random(80, seed));
    for (const by of [1e3, 1e8]) {
      const y = attend(input("q", wide), input("k", wide), input("v", wide), input("lengths", [1]), 1, by);
      const p = twin.softmax(twin.scores(q, k, by, { batch: 1, tokens: 40, heads: 1, size: 2 }), [40], 40, 40);
      const { y: c } = await run(backend, { y }, { q, k, v, lengths: Float32Array.of(40) });
      close(c, twin.context(p, v, { batch: 1, tokens: 40, heads: 1, size: 2 }), 3e-4, `large scores: ${by}`);
    }
  });

  test.run();
}

const scaled = (values: Numbers, by: number) => Float64Array.from(values, (v) => by * v);
const largest = (values: Numbers) => Array.from(values).reduce((n, v) => Math.max(n, Math.abs(v)), 0);

const shapes = suite("shapes of attention made again");

shapes("what does not fit", () => {
  const q = input("q", [2, 3, 4]);
  const l = input("lengths", [2]);
  assert.throws(() => attend(q, input("k", [2, 3, 6]), q, l, 2, 1), /attend does not fit/);
  assert.throws(() => attend(q, q, input("v", [2, 4, 4]), l, 2, 1), /attend does not fit/);
  assert.throws(() => attend(q, q, q, l, 3, 1), /attend does not fit/);
  assert.throws(() => attend(q, q, q, input("lengths", [3]), 2, 1), /attend does not fit/);
  const long = input("q", [1, 131073, 1]);
  assert.throws(() => attend(long, long, long, input("lengths", [1]), 1, 1), /at most 131,072 tokens/);
});

shapes.run();
