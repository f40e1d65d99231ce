// A mixture of experts' ops against their definitions in float64: the choice, the layers of which each row has its expert's,
// the sum by the router's weights; their rules, for more targets than texts, and that they compute what was chosen alone.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { plan } from "../src/graph/plan.ts";
import { input } from "../src/graph/tensor.ts";
import { expertLinear } from "../src/ops/expert_linear.ts";
import { mixture, take, topK } from "../src/ops/routing.ts";
import { again, inner, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";

// Measured on WASM and SwiftShader: 4e-7 of the largest element.
const TOLERANCE = 2e-6;

interface Case {
  texts: number;
  t: number;
  k: number;
  experts: number;
  depth: number;
  stack: number;
  begin: number;
  out: number;
  targets: number;
  /** Whether there is a row for each choice, not for each token. */
  apart?: boolean;
  /** Experts that all tokens choose, in place of random ones. */
  alike?: boolean;
}

const CASES: Case[] = [
  { texts: 1, t: 1, k: 1, experts: 1, depth: 1, stack: 1, begin: 0, out: 1, targets: 1 },
  { texts: 1, t: 1, k: 2, experts: 8, depth: 5, stack: 6, begin: 3, out: 3, targets: 1 },
  { texts: 2, t: 7, k: 2, experts: 5, depth: 9, stack: 10, begin: 0, out: 5, targets: 3 },
  { texts: 2, t: 7, k: 2, experts: 5, depth: 9, stack: 10, begin: 5, out: 5, targets: 2, apart: true },
  { texts: 3, t: 33, k: 4, experts: 6, depth: 37, stack: 35, begin: 0, out: 35, targets: 1 }, // more than a tile of each
  { texts: 1, t: 100, k: 2, experts: 70, depth: 8, stack: 33, begin: 0, out: 33, targets: 1, apart: true },
  { texts: 1, t: 190, k: 1, experts: 3, depth: 700, stack: 9, begin: 0, out: 9, targets: 1, alike: true }, // more than a block of rows
  { texts: 1, t: 3, k: 3, experts: 3, depth: 700, stack: 4, begin: 0, out: 4, targets: 2 },
];

/** `k` different experts for each token, so that some are chosen by none and some often. */
function chosen({ texts, t, k, experts, alike }: Case): Float32Array {
  const skewed = random(texts * t * experts, 31).map((v, i) => (alike ? 0 : v) - (i % experts) / 2);
  return Float32Array.from({ length: texts * t * k }, (_, i) => {
    const row = [...skewed.subarray(Math.floor(i / k) * experts, (Math.floor(i / k) + 1) * experts)];
    const order = [...row.keys()].sort((a, b) => row[b] - row[a]);
    return order[i % k];
  });
}

for (const backend of backends) {
  const test = suite(`experts, ${backend.name}`);

  test("top k: the largest first, of equal ones the first; always columns that there are", async () => {
    const rows = [
      [1, 3, 2, 0],
      [0, 0, 0, 0],
      [-1, -1, -3, -1],
      [2, 5, 5, 2],
      [Number.NaN, 1, Number.NaN, 2],
    ];
    const x = Float32Array.from(rows.flat());
    const y = topK(input("x", [1, rows.length, 4]), 3);
    const { y: found } = await runGuarded(backend, { y }, { x });
    assert.equal([...found.subarray(0, 12)], [1, 2, 0, 0, 1, 2, 0, 1, 3, 1, 2, 0]);
    for (const column of found) assert.ok([0, 1, 2, 3].includes(column), `${found}`);
    const { y: every } = await runGuarded(backend, { y: topK(input("x", [1, 4, 4]), 4) }, { x: x.subarray(0, 16) });
    for (let r = 0; r < 4; r++) assert.equal([...every.subarray(4 * r, 4 * r + 4)].sort(), [0, 1, 2, 3]);
  });

  for (const one of CASES) {
    const { texts, t, k, experts, depth, stack, begin, out, targets, apart } = one;
    const choice = chosen(one);
    const n = texts * t * k;

    test(`linear: ${JSON.stringify(one)}`, async () => {
      const x = random((apart ? n : texts * t) * depth, 3);
      const w = random(experts * stack * depth, 5);
      const y = expertLinear(
        input("x", [texts, apart ? t * k : t, depth]),
        input("w", [experts, stack, depth]),
        input("choice", [texts, t, k]),
        { begin, out },
      );
      const data = { x, w, choice };
      const row = (r: number) => (apart ? r : Math.floor(r / k));
      const weight = (r: number, c: number, d: number) => w[(choice[r % n] * stack + begin + c) * depth + d];
      const wanted = Float64Array.from({ length: n * out }, (_, i) => {
        const r = Math.floor(i / out);
        let sum = 0;
        for (let d = 0; d < depth; d++) sum += x[row(r) * depth + d] * weight(r, i % out, d);
        return sum;
      });
      const back = (g: ArrayLike<number>) => {
        const gx = new Float64Array(targets * x.length);
        for (let r = 0; r < targets * n; r++) {
          for (let c = 0; c < out; c++) {
            for (let d = 0; d < depth; d++) gx[row(r) * depth + d] += g[r * out + c] * weight(r, c, d);
          }
        }
        return gx;
      };
      const plain = await ruled(backend, y, "gradient", data, { targets });
      close(plain.y, wanted, TOLERANCE, "experts' linear");
      close(plain.to[0]!, back(plain.g), TOLERANCE, "experts' linear, gradient");
      const eps = 0.3;
      const stable = await ruled(backend, y, "epsilon", data, { targets, options: { eps } });
      const z = again(wanted, targets);
      const scaled = stable.g.map((g, i) => (g * z[i]) / (z[i] + (z[i] < 0 ? -eps : eps)));
      close(stable.to[0]!, back(scaled), 1e-5, "experts' linear, epsilon");
    });

    test(`take and mixture: ${JSON.stringify(one)}`, async () => {
      const p = random(texts * t * experts, 7);
      const chosenOnes = input("choice", [texts, t, k]);
      const taken = await ruled(
        backend,
        take(input("p", [texts, t, experts]), chosenOnes),
        "gradient",
        { p, choice },
        { targets },
      );
      const column = (i: number) => Math.floor(i / k) * experts + choice[i % n];
      close(
        taken.y,
        Float64Array.from({ length: n }, (_, i) => p[column(i)]),
        0,
        "take",
      );
      const spread = new Float64Array(targets * p.length);
      for (const [i, g] of taken.g.entries()) spread[column(i)] += g;
      close(taken.to[0]!, spread, TOLERANCE, "take, gradient");

      const [weights, x] = [random(n, 9), random(n * depth, 11)];
      const y = mixture(input("x", [texts, t * k, depth]), input("weights", [texts, t, k]));
      const wanted = new Float64Array(texts * t * depth);
      for (const [i, v] of x.entries()) {
        const r = Math.floor(i / depth);
        wanted[Math.floor(r / k) * depth + (i % depth)] += weights[r] * v;
      }
      for (const [rule, share, carries] of [
        ["gradient", 1, [true, true]],
        ["uniform", 1 / 2, [true, true]],
        ["uniform", 1, [true, false]],
        ["values", 1, [true, true]],
        ["values", 1, [false, true]],
      ] as const) {
        const found = await ruled(backend, y, rule, { weights, x }, { targets, carries: [...carries] });
        const { g } = found;
        const [toWeights, toX] = [new Float64Array(targets * n), new Float64Array(targets * n * depth)];
        for (let i = 0; i < targets * n * depth; i++) {
          const r = Math.floor(i / depth);
          const own = share * g[Math.floor(r / k) * depth + (i % depth)];
          toWeights[r] += own * x[i % x.length];
          toX[i] = own * weights[r % n];
        }
        close(found.y, wanted, TOLERANCE, "mixture");
        if (carries[0]) close(found.to[0]!, toX, TOLERANCE, `mixture, ${rule}: to experts`);
        if (carries[1] && rule !== "values") close(found.to[1]!, toWeights, TOLERANCE, `mixture, ${rule}: to weights`);
        const products =
          rule === "values" && !carries[0]
            ? inner(again(wanted, targets), g)
            : rule === "gradient"
              ? -inner(again(wanted, targets), g)
              : 0;
        close([found.kept.products ?? 0], [products], TOLERANCE, `mixture, ${rule}: products`, found.scale);
      }
    });
  }

  test.run();
}

const cost = suite("experts' cost");

cost("k of E experts' work, forward and back; rows of a tile that no expert fills are few", () => {
  const [t, k, experts, depth, out] = [64, 2, 16, 32, 48];
  const y = expertLinear(input("x", [1, t, depth]), input("w", [experts, out, depth]), input("choice", [1, t, k]));
  const gx = y.op.rules!.gradient(input("g", [1, t * k, out]), y, {
    options: {},
    carries: [true, false, false, false],
  });
  const steps = plan({ y, gx: gx.gradients[0]! }).steps.filter(({ kernel }) => kernel.startsWith("linear_experts"));
  assert.equal(
    steps.map(({ flops }) => flops),
    [2 * t * k * depth * out, 2 * t * k * depth * out],
  );
  for (const { grid } of steps) assert.ok(grid[1] <= (t * k) / 32 + experts, `${grid}`);
});

cost.run();
