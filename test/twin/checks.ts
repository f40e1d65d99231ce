// The twin's functions and ops, each by itself: against mpmath, differences, the papers' relevance forms and numbers by hand.
// Registers its tests with uvu; test/twin.test.ts imports it and runs them.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { activations } from "./activations.ts";
import { context, contextT, type Heads, scores, softmax, softmaxGrad, softmaxKept } from "./attention.ts";
import { epsilonKept, linear, linearEpsilon, linearGrad, linearKept } from "./linear.ts";
import { derivative, randoms, SEEDS, within } from "./measure.ts";
import { layerNorm, layerNormGrad, layerNormKept } from "./norm.ts";
import { erf, Phi } from "./normal.ts";
import { distance, dot, type Numbers, scaled, total } from "./numbers.ts";
import { attentionHead, bach, contextUniform, layerNormAli, scoresUniform, softmaxTaylor } from "./papers.ts";

test("Φ and erf agree with mpmath's values, rounded", () => {
  const known: [x: number, Phi: number, erf: number][] = [
    [-30, 4.906713927148187e-198, -1],
    [-8, 6.220960574271784e-16, -1],
    [-3, 0.0013498980316300946, -0.9999779095030014],
    [-1.6, 0.05479929169955798, -0.976348383344644],
    [-1.4, 0.08075665923377107, -0.9522851197626488],
    [-0.5, 0.3085375387259869, -0.5204998778130465],
    [-1e-9, 0.49999999960105773, -1.1283791670955127e-9],
    [0, 0.5, 0],
    [0.3, 0.6179114221889527, 0.3286267594591274],
    [1, 0.8413447460685429, 0.8427007929497149],
    [1.49, 0.9318878820332746, 0.9648978648432042],
    [1.51, 0.9344782879110834, 0.9672767481287117],
    [2.5, 0.9937903346742238, 0.999593047982555],
    [6, 0.9999999990134123, 1.0],
  ];
  for (const [x, wantedPhi, wantedErf] of known) {
    within("Φ, relative", Math.abs(Phi(x) / wantedPhi - 1), 4e-15);
    within("erf, relative", wantedErf === 0 ? Math.abs(erf(x)) : Math.abs(erf(x) / wantedErf - 1), 4e-15);
  }
});

test("an activation's derivative, gate and kept follow from f", () => {
  for (const [name, { f, derivative: slope, gate, kept }] of Object.entries(activations)) {
    for (const x of [-30, -6, -1.3, -0.1, -1e-5, 1e-5, 0.2, 1, 2.9, 6.5, 30]) {
      const numeric = derivative(([v]) => f(v), [x], Math.min(1e-3, Math.abs(x) / 4))[0];
      within("activations, f′ by differences", Math.abs(slope(x) - numeric), 1e-9);
      const size = Math.max(Math.abs(x), Math.abs(f(x)));
      within("activations, f(0) + x · gate = f", Math.abs(f(0) + x * gate(x) - f(x)), 1e-15 * size);
      within("activations, kept = f − x f′", Math.abs(kept(x) - (f(x) - x * slope(x))), 1e-14);
    }
    if (!["laplace", "sigmoid", "sqrtsoftplus"].includes(name)) assert.is(f(0), 0, name);
    assert.is(gate(0), slope(0), `${name}: the gate at 0 is the limit f′(0)`);
    for (const x of [-1e4, 1e4]) for (const g of [f, slope, gate, kept]) assert.ok(Number.isFinite(g(x)), name);
  }
});

test("linear: gradient and ε are Bach's Eq. 58", () => {
  for (const seed of SEEDS) {
    const [rows, inputs, outputs] = [3, 5, 4];
    const [x, weight] = [randoms(seed, rows * inputs), randoms(seed + 10, outputs * inputs)];
    const [bias, g] = [randoms(seed + 20, outputs), randoms(seed + 30, rows * outputs)];
    const y = linear(x, weight, bias, rows, inputs, outputs);
    const R = y.map((value, j) => value * g[j]);
    for (const epsilon of [0, 0.1]) {
      const sent = epsilon ? linearEpsilon(g, y, epsilon) : g;
      const mine = linearGrad(sent, weight, rows, inputs, outputs).map((value, i) => value * x[i]);
      within("linear, relevance form", distance(mine, bach(x, weight, y, R, epsilon, inputs, outputs)), 1e-13);
      const kept = total(linearKept(sent, bias, rows, outputs)) + total(epsilonKept(sent, y, epsilon, rows, outputs));
      within("linear, R = Σ R_in + kept", Math.abs(total(R) - total(mine) - kept), 1e-13);
    }
  }
  assert.equal([...linearEpsilon([1, 1, 1], [0, 2, -2], 0.5)], [0, 0.8, 0.8], "sgn 0 = 1, and ε pushes away from 0");
});

test("LayerNorm: identity is Ali's LN rule, gradient the derivative; a constant row by hand", () => {
  for (const seed of SEEDS) {
    const [rows, n] = [3, 6];
    const [x, g] = [randoms(seed, rows * n), randoms(seed + 10, rows * n)];
    const [gamma, beta] = [randoms(seed + 20, n), randoms(seed + 30, n)];
    for (const eps of [1e-12, 1e-5, 0.5]) {
      const y = layerNorm(x, gamma, beta, eps, rows, n);
      const R = y.map((value, j) => value * g[j]);
      const identity = layerNormGrad("identity", x, gamma, eps, g, rows, n).map((value, i) => value * x[i]);
      within("LayerNorm, relevance form", distance(identity, layerNormAli(x, beta, y, R, rows, n)), 1e-13);
      const numeric = derivative((moved) => dot(layerNorm(moved, gamma, beta, eps, rows, n), g), x);
      within("LayerNorm, gradient", distance(layerNormGrad("gradient", x, gamma, eps, g, rows, n), numeric), 1e-10);
    }
  }
  const constant = [7, 7, 7, 7];
  assert.equal([...layerNorm(constant, null, [1, 2, 3, 4], 0.25, 1, 4)], [1, 2, 3, 4]);
  for (const rule of ["identity", "gradient"] as const) {
    assert.equal([...layerNormGrad(rule, constant, null, 0.25, [4, 0, 0, 0], 1, 4)], [6, -2, -2, -2]);
    assert.equal([...layerNormKept(rule, constant, null, [1, 2, 3, 4], 0.25, [4, 0, 0, 0], 1, 4)], [4]);
  }
});

test("attention: AH, Prop. 3.1 and Prop. 3.3 in relevance form, a ragged batch of two", () => {
  const n: Heads = { batch: 2, tokens: 4, heads: 3, size: 2 };
  const [count, rows] = [n.batch * n.tokens * n.heads * n.size, n.batch * n.heads * n.tokens];
  for (const seed of SEEDS) {
    const [q, k, v, g] = [0, 10, 20, 30].map((offset) => randoms(seed + offset, count));
    const scale = 1 / Math.sqrt(n.size);
    const s = scores(q, k, scale, n);
    const p = softmax(s, [4, 2], rows, n.tokens);
    const c = context(p, v, n);
    const R = c.map((value, i) => value * g[i]);
    const times = (a: Float64Array, b: Numbers, factor = 1) => a.map((value, i) => factor * value * b[i]);

    const gv = contextT(p, g, n);
    within("attention, AH", distance(times(gv, v), attentionHead(p, v, c, R, n)), 1e-13);
    const { toP, toV } = contextUniform(p, v, c, R, n);
    const gp = scaled(scores(g, v, 1, n), 0.5);
    within("attention, Prop. 3.3", distance(times(gv, v, 0.5), toV), 1e-13);
    within("attention, Prop. 3.3", distance(times(gp, p), toP), 1e-13);
    const gs = softmaxGrad(p, gp, rows, n.tokens);
    const toS = softmaxTaylor(s, p, toP, rows, n.tokens);
    within("attention, Prop. 3.1", distance(times(gs, s), toS), 1e-13);
    const lost = total(softmaxKept(s, p, gp, rows, n.tokens));
    within("attention, softmax kept", Math.abs(total(toP) - total(toS) - lost), 1e-13);
    const { toQ, toK } = scoresUniform(q, k, s, toS, n);
    within("attention, Prop. 3.3", distance(times(context(gs, k, n), q, scale / 2), toQ), 1e-13);
    within("attention, Prop. 3.3", distance(times(contextT(gs, q, n), k, scale / 2), toK), 1e-13);

    // The batch is two separate texts.
    const one = { ...n, batch: 1 };
    const half = (a: Float64Array, b: number) => a.slice((b * a.length) / 2, ((b + 1) * a.length) / 2);
    for (const [b, length] of [4, 2].entries()) {
      const alone = softmax(scores(half(q, b), half(k, b), scale, one), [length], rows / 2, n.tokens);
      assert.equal(alone, half(p, b));
      assert.equal(context(alone, half(v, b), one), half(c, b));
      assert.equal(contextT(alone, half(g, b), one), half(gv, b));
    }
  }
  assert.equal([...softmax([1, 2, 3, 4], [0], 2, 2)], [0, 0, 0, 0], "a text of no tokens");
  assert.equal([...softmax([1e4, -1e4, 0, 0, 1e4, -1e4], [2, 2], 2, 3)], [1, 0, 0, 0, 1, 0], "±1e4 and a masked key");
});

test("one attention layer by hand: two tokens, p = ¼ and ¾", () => {
  const n: Heads = { batch: 1, tokens: 2, heads: 1, size: 1 };
  const L = Math.log(3);
  const [q, k, v, g] = [
    [1, 0],
    [0, L],
    [2, 4],
    [1, 0],
  ];
  const s = scores(q, k, 1, n);
  const p = softmax(s, [2], 2, 2);
  const near = (mine: Numbers, wanted: number[]) => within("hand attention", distance(mine, wanted), 1e-14);
  near(p, [1 / 4, 3 / 4, 1 / 2, 1 / 2]);
  near(context(p, v, n), [7 / 2, 3]);
  near(contextT(p, g, n), [1 / 4, 3 / 4]);
  const gp = scaled(scores(g, v, 1, n), 0.5);
  near(gp, [1, 2, 0, 0]);
  const gs = softmaxGrad(p, gp, 2, 2);
  near(gs, [-3 / 16, 3 / 16, 0, 0]);
  near(softmaxKept(s, p, gp, 2, 2), [7 / 4 - (3 / 16) * L, 0]);
  near(scaled(context(gs, k, n), 0.5), [(3 / 32) * L, 0]);
  near(scaled(contextT(gs, q, n), 0.5), [-3 / 32, 3 / 32]);
});

test("uniform attention, no residual, norm or bias: CP gives w·V xᵢ / T, AttnLRP exactly half the logit", () => {
  const n: Heads = { batch: 1, tokens: 5, heads: 1, size: 4 };
  for (const seed of SEEDS) {
    const [x, V, w] = [randoms(seed, 20), randoms(seed + 10, 16), randoms(seed + 20, 4)];
    const v = linear(x, V, null, 5, 4, 4);
    const s = new Float64Array(25);
    const p = softmax(s, [5], 5, 5);
    const logit = dot(context(p, v, n).slice(0, 4), w);
    const g = new Float64Array(20);
    g.set(w);
    const relevance = (share: number) => {
      const gx = scaled(linearGrad(contextT(p, g, n), V, 5, 4, 4), share);
      return [0, 4, 8, 12, 16].map((at) => dot(x.slice(at, at + 4), gx.slice(at, at + 4)));
    };
    const byHand = [0, 4, 8, 12, 16].map((at) => dot(v.slice(at, at + 4), w) / 5);
    within("uniform attention, CP", distance(relevance(1), byHand), 1e-14);
    within("uniform attention, AttnLRP", Math.abs(total(relevance(0.5)) / logit - 0.5), 1e-13);
    const lost = total(softmaxKept(s, p, scaled(scores(g, v, 1, n), 0.5), 5, 5));
    within("uniform attention, AttnLRP", Math.abs(lost / logit - 0.5), 1e-13);
  }
});
