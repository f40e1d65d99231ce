// The two products of attention and their rules against float64 loops, k targets at once, on every backend: square ones
// against test/twin/attention.ts, ones with other keys than queries against the definition below.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { context, scores } from "../src/ops/attention.ts";
import { softmax } from "../src/ops/softmax.ts";
import { again, inner, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";
import * as twin from "./twin/attention.ts";
import type { Numbers } from "./twin/numbers.ts";

// Measured on WASM and SwiftShader: products 4.9e-7, kept 4.4e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 3e-6;
const KEPT = 3e-7;

// Tokens around the tiles (4 and 8 on WASM, 4 and 32 on WebGPU), heads and their widths, targets at once.
const SHAPES: [batch: number, tokens: number, heads: number, width: number, targets: number][] = [
  [1, 1, 1, 1, 1],
  [3, 2, 2, 3, 2],
  [1, 3, 12, 2, 3],
  [3, 15, 3, 5, 1],
  [3, 16, 2, 8, 2],
  [2, 17, 1, 7, 3],
  [1, 33, 2, 32, 2],
  [3, 63, 1, 4, 1],
  [1, 64, 3, 9, 1],
  [1, 65, 1, 13, 2],
  [1, 129, 2, 11, 1],
];

for (const backend of backends) {
  const test = suite(`attention, ${backend.name}`);

  for (const [batch, tokens, heads, width, targets] of SHAPES) {
    const wide = [batch, tokens, heads * width];
    const square = [batch, heads, tokens, tokens];
    const one = { batch, tokens, heads, size: width };
    const several = { ...one, batch: targets * batch };
    const scale = 1 / Math.sqrt(width);
    const count = batch * tokens * heads * width;
    const data = { a: random(count, 1), b: random(count, 2), p: random(batch * heads * tokens * tokens, 3) };
    const a = input("a", wide);
    const b = input("b", wide);
    const p = input("p", square);
    const what = `${batch} × ${heads} heads of ${tokens} × ${tokens} by ${width}`;

    test(`scores, ${what}, ${targets} targets`, async () => {
      const y = scores(a, b, heads, scale);
      assert.equal(y.shape, square);
      const g = random(targets * batch * heads * tokens * tokens, 5);
      const s = twin.scores(data.a, data.b, scale, one);
      const toA = twin.context(g, again(data.b, targets), several);
      const toB = twin.contextT(g, again(data.a, targets), several);
      for (const [rule, share, carries] of [
        ["gradient", 1, [true, true]],
        ["uniform", 1 / 2, [true, true]],
        ["uniform", 1, [true, false]],
        ["uniform", 1, [false, true]],
        ["gradient", 1, [false, true]],
      ] as const) {
        const found = await ruled(backend, y, rule, data, { targets, carries: [...carries], g });
        close(found.y, s, TOLERANCE, `scores: ${what}`);
        given(found.to[0], carries[0] && scaled(toA, scale * share), `scores' a: ${what}`);
        given(found.to[1], carries[1] && scaled(toB, scale * share), `scores' b: ${what}`);
        const kept = carries[0] && carries[1] && share === 1 ? { products: -inner(s, g) } : {};
        assert.equal(Object.keys(found.kept), Object.keys(kept));
        if (kept.products) close([found.kept.products!], [kept.products], KEPT, `products: ${what}`, found.scale);
      }
    });

    test(`context, ${what}, ${targets} targets`, async () => {
      const y = context(p, b, { scale });
      assert.equal(y.shape, wide);
      const g = random(targets * batch * tokens * heads * width, 5);
      const c = scaled(twin.context(data.p, data.b, one), scale);
      const toP = twin.scores(g, again(data.b, targets), scale, several);
      const toV = twin.contextT(again(data.p, targets), g, several);
      for (const [rule, share, carries] of [
        ["gradient", 1, [true, true]],
        ["uniform", 1 / 2, [true, true]],
        ["uniform", 1, [true, false]],
        ["uniform", 1, [false, true]],
        ["values", 1, [false, true]],
        ["values", 1, [true, true]],
        ["values", 1, [true, false]],
      ] as const) {
        const found = await ruled(backend, y, rule, data, { targets, carries: [...carries], g });
        close(found.y, c, TOLERANCE, `context: ${what}`);
        given(found.to[0], carries[0] && rule !== "values" && scaled(toP, share), `context's p: ${what}`);
        given(found.to[1], carries[1] && scaled(toV, scale * share), `context's v: ${what}`);
        const lost = -inner(c, g);
        const twice = rule === "gradient" && carries[0] && carries[1];
        // Under values a product whose values are constants keeps all there is: nothing reaches p.
        const all = rule === "values" && !carries[1];
        assert.equal(Object.keys(found.kept), twice || all ? ["products"] : []);
        if (twice || all) close([found.kept.products!], [all ? -lost : lost], KEPT, `products: ${what}`, found.scale);
      }
    });
  }

  test("products of other keys than queries, an operand shared by several targets", async () => {
    for (const [batch, targets, heads, t, s, d] of [
      [1, 1, 2, 5, 9, 3],
      [3, 2, 1, 33, 7, 5],
      [2, 3, 3, 1, 17, 4],
      [1, 4, 12, 18, 1, 2],
    ]) {
      const a = random(batch * t * heads * d, 1);
      const b = random(targets * batch * s * heads * d, 2);
      const p = random(batch * heads * t * s, 3);
      const q = input("a", [batch, t, heads * d]);
      const k = input("b", [targets * batch, s, heads * d]);
      const w = input("p", [batch, heads, t, s]);
      const what = `${batch}, ${targets} × ${batch} by ${heads} heads of ${t} × ${s} by ${d}`;
      const found = await runGuarded(
        backend,
        { s: scores(q, k, heads, 0.5), c: context(w, k, { scale: 2 }) },
        { a, b, p },
      );

      const wantedS = new Float64Array(found.s.length);
      const wantedC = new Float64Array(found.c.length);
      let at = 0;
      for (let i = 0; i < targets * batch; i++) {
        for (let h = 0; h < heads; h++) {
          for (let r = 0; r < t; r++) {
            for (let c = 0; c < s; c++, at++) {
              for (let j = 0; j < d; j++) {
                const query = (((i % batch) * t + r) * heads + h) * d + j;
                const key = ((i * s + c) * heads + h) * d + j;
                wantedS[at] += 0.5 * a[query] * b[key];
                wantedC[((i * t + r) * heads + h) * d + j] += 2 * p[at % p.length] * b[key];
              }
            }
          }
        }
      }
      close(found.s, wantedS, TOLERANCE, `scores: ${what}`);
      close(found.c, wantedC, TOLERANCE, `context: ${what}`);
    }
  });

  test("a text's attention, whatever texts and padding there are beside it", async () => {
    const [tokens, heads, width] = [7, 2, 5];
    const one = (seed: number) => random(tokens * heads * width, seed);
    const alone = await attend(backend, { q: one(1), k: one(2), v: one(3), g: one(4) }, [tokens], tokens, heads);
    for (const [batch, at, padding] of [
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [1, 0, n]),
      [3, 0, 0],
      [3, 1, 2],
      [4, 3, 5],
    ]) {
      const padded = tokens + padding;
      // The text at its place, other numbers everywhere else; the gradient of padding is 0, as no seed reaches it.
      const place = (seed: number, rest: number) => {
        const all = random(batch * padded * heads * width, 10 + seed).map((v) => rest * v);
        all.set(one(seed), at * padded * heads * width);
        return all;
      };
      const lengths = Array.from({ length: batch }, (_, i) => (i === at ? tokens : (3 * i) % (padded + 1)));
      const data = { q: place(1, 1), k: place(2, 1), v: place(3, 1), g: place(4, 0) };
      const beside = await attend(backend, data, lengths, padded, heads);
      const what = `text ${at} of ${batch}, ${padding} of padding`;
      for (const [name, values] of Object.entries(alone)) {
        const all = beside[name];
        const text = all.subarray((all.length / batch) * at, (all.length / batch) * (at + 1));
        const own = name === "p" || name === "gs" ? crop(text, heads, padded, tokens) : text.slice(0, values.length);
        if (backend.name === "wasm") assert.equal(own, values, `${name}, ${what}, to the bit`);
        close(own, values, TOLERANCE, `the same text's ${name}: ${what}`);
        if (name === "p" || name === "gs") continue;
        assert.ok(
          name === "c" || text.subarray(values.length).every((v) => v === 0),
          `${name} of padding is 0, ${what}`,
        );
      }
    }
  });

  test.run();
}

/** One attention and the gradients that AttnLRP sends through it. */
async function attend(
  backend: (typeof backends)[number],
  data: Record<"q" | "k" | "v" | "g", Float32Array>,
  lengths: number[],
  tokens: number,
  heads: number,
) {
  const wide = [lengths.length, tokens, data.q.length / lengths.length / tokens];
  const [q, k, v, g] = ["q", "k", "v", "g"].map((name) => input(name, wide));
  const s = scores(q, k, heads, 0.3);
  const p = softmax(s, input("lengths", [lengths.length]));
  const c = context(p, v);
  const at = { options: {}, carries: [true, true] };
  const [gp, gv] = c.op.rules!.uniform(g, c, at).gradients as Tensor[];
  const [gs] = p.op.rules!.gradient(gp, p, at).gradients as Tensor[];
  const [gq, gk] = s.op.rules!.uniform(gs, s, at).gradients as Tensor[];
  return runGuarded(backend, { p, c, gv, gs, gq, gk }, { ...data, lengths: Float32Array.from(lengths) });
}

/** The top left corner of each head's square; the columns beside it must be exactly 0. */
function crop(square: Float32Array, heads: number, from: number, to: number): Float32Array {
  const own: number[] = [];
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < to; i++) {
      const start = (h * from + i) * from;
      own.push(...square.subarray(start, start + to));
      assert.ok(
        square.subarray(start + to, start + from).every((v) => v === 0),
        "padding has weight and gradient 0",
      );
    }
  }
  return Float32Array.from(own);
}

const scaled = (values: Numbers, by: number) => Float64Array.from(values, (v) => by * v);

/** A gradient that must be there, or must not. */
function given(actual: Float32Array | undefined, expected: Float64Array | false, what: string): void {
  if (expected) close(actual!, expected, TOLERANCE, what);
  else assert.is(actual, undefined, what);
}

const shapes = suite("attention's shapes");

shapes("factors that do not fit", () => {
  const a = input("a", [2, 3, 4]);
  assert.throws(() => scores(a, input("b", [2, 3, 6]), 2, 1), /scores does not fit \w*\[2,3,4\] and \w*\[2,3,6\]/);
  assert.throws(() => scores(a, a, 3, 1), /scores does not fit/);
  assert.throws(() => scores(a, input("b", [3, 3, 4]), 2, 1), /does not fit/);
  const p = input("p", [2, 2, 3, 5]);
  assert.throws(() => context(p, a), /context does not fit/);
  assert.throws(() => context(p, input("x", [2, 5, 3])), /context does not fit/);
});

shapes.run();
