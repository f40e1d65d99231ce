// Methods other than propagation: against PyTorch and NumPy in float64 (test/reference/methods.py) on every backend, and each
// by its law: quadrature, games, flows. Bound: 1e-6 of what a method's numbers hold in magnitude, unless one is named.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { flow } from "../src/attribution/attention-flow.ts";
import type { Attribution } from "../src/attribution/attribution.ts";
import { chosen, shapley } from "../src/attribution/kernel-shap.ts";
import type { AttributionName } from "../src/attribution/names.ts";
import { legendre } from "../src/attribution/quadrature.ts";
import { uniform } from "../src/random.ts";
import { ansi } from "../src/render/ansi.ts";
import { html } from "../src/render/html.ts";
import { svg } from "../src/render/svg.ts";
import { load } from "../src/runtime/load.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

type Case = { text: string; ids: number[]; logit: number } & Record<AttributionName, number[]>;
const reference = JSON.parse(readFileSync(new URL("reference/methods.json", import.meta.url), "utf8"));
const cases: Case[] = reference.cases;
const folder = new URL("reference/tiny/gelu-new-3-labels/", import.meta.url);

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const size = (values: readonly number[]) => sum(values.map(Math.abs));
const numbers = ({ tokens }: Attribution) => tokens.map(({ relevance }) => relevance);

for (const place of places) {
  const test = suite(`methods on ${place.backend}`);

  test("PyTorch's and NumPy's", async () => {
    const model = await load(folder, place);
    const worst: Record<string, number> = {};
    const asked = [
      "attention-last",
      "rollout",
      "grad-rollout",
      "gae",
      "saliency",
      { name: "integrated-gradients", steps: reference.steps },
      { name: "occlusion", baseline: "unk" },
    ] as const;
    const all = await model.explain(
      cases.map(({ text }) => text),
      { method: asked },
    );
    for (const [i, expected] of cases.entries()) {
      for (const one of all[i]) {
        assert.equal(
          one.tokens.map(({ id }) => id),
          expected.ids,
        );
        assert.ok(Math.abs(one.logit - expected.logit) < 1e-5);
        const right = expected[one.method];
        const off = Math.max(...numbers(one).map((r, t) => Math.abs(r - right[t]))) / size(right);
        worst[one.method] = Math.max(worst[one.method] ?? 0, off);
        // Differences of two predictions carry both predictions' rounding.
        assert.ok(off < (one.method === "occlusion" ? 1e-5 : 1e-6), `${one.method} of ${expected.text}: ${off}`);
      }
    }
    console.log(
      Object.entries(worst)
        .map(([name, off]) => `${name} ${off.toExponential(1)}`)
        .join(", "),
    );
    await model.dispose();
  });

  test("integrated gradients: the error falls as Gauss and Legendre's does", async () => {
    const model = await load(folder, place);
    const errors: number[] = [];
    for (const steps of [1, 2, 4, 8, 16, 32]) {
      const one = await model.explain(cases[1].text, { method: { name: "integrated-gradients", steps } });
      const { total, error } = one.completeness!;
      assert.ok(Math.abs(sum(numbers(one)) + error - total) < 1e-12);
      errors.push(Math.abs(error) / size(numbers(one)));
    }
    console.log(`errors ${errors.map((error) => error.toExponential(1)).join(", ")}`);
    // The integrand is smooth: twice the nodes leave less than half of the error, until rounding is left.
    for (let i = 1; i < errors.length; i++) assert.ok(errors[i] < Math.max(3e-6, 0.5 * errors[i - 1]), String(errors));
    assert.ok(errors[5] < 3e-6);
    await model.dispose();
  });

  test("every method tells what it did, alone and in lists, and its numbers are the seed's", async () => {
    const model = await load(folder, place);
    const target = model.labels;
    const several = await model.explain(cases[0].text, { method: ["smoothgrad", "random", "kernel-shap"], target });
    assert.equal(
      several.map(({ method, target }) => [method, target.label]),
      ["smoothgrad", "random", "kernel-shap"].flatMap((method) => target.map((label) => [method, label])),
    );
    const again = await model.explain(cases[0].text, { method: "smoothgrad", target: target[0] });
    assert.equal(numbers(several[0]), numbers(again));
    const other = await model.explain(cases[0].text, { method: { name: "smoothgrad", seed: 1 }, target: target[0] });
    assert.not.equal(numbers(again), numbers(other));
    assert.equal(other.options, { samples: 25, noise: 0.1, seed: 1 });
    assert.is(other.forwardPasses, 1 + 1 + 25);

    const still = await model.explain(cases[0].text, { method: { name: "smoothgrad", noise: 0 } });
    const gradient = await model.explain(cases[0].text, { method: "gradient-x-input" });
    gradient.tokens.forEach(({ relevance }, t) => {
      assert.ok(
        Math.abs(relevance - numbers(still)[t]) < 1e-5 * size(numbers(still)),
        "without noise, gradient × input",
      );
    });

    const contrast = await model.explain(cases[0].text, {
      method: "kernel-shap",
      target: target[0],
      contrast: target[1],
    });
    const [a, b] = [several[6], several[7]];
    numbers(contrast).forEach((r, t) => {
      assert.ok(Math.abs(r - numbers(a)[t] + numbers(b)[t]) < 1e-4 * size(numbers(contrast)), "a game less another");
    });
    assert.ok(Math.abs(contrast.completeness!.error) < 1e-9);
    for (const draw of [html, svg, ansi]) assert.ok(draw(contrast).includes("kernel-shap"));
    assert.not.match(html(several[3]), /<h2>Where/);
    await model.dispose();
  });

  test.run();
}

const test = suite("methods by their laws");

test("Gauss and Legendre's nodes are exact for polynomials", () => {
  for (const n of [1, 2, 3, 7, 20, 50]) {
    const { nodes, weights } = legendre(n);
    for (let power = 0; power < 2 * n; power++) {
      const found = sum(nodes.map((x, i) => weights[i] * x ** power));
      assert.ok(Math.abs(found - 1 / (power + 1)) < 1e-13, `${n} nodes, x^${power}`);
    }
  }
});

/** Shapley's own definition: the mean over all orders of what a player adds. */
function byOrders(m: number, value: (players: number) => number): number[] {
  const found = new Array<number>(m).fill(0);
  let orders = 0;
  const go = (order: number[]) => {
    if (order.length === m) {
      orders++;
      let players = 0;
      for (const i of order) {
        found[i] += value(players | (1 << i)) - value(players);
        players |= 1 << i;
      }
    }
    for (let i = 0; i < m; i++) if (!order.includes(i)) go([...order, i]);
  };
  go([]);
  return found.map((v) => v / orders);
}

test("kernel-shap: Shapley's values of small games, and of additive ones of any size", () => {
  const seed = 5;
  console.log(`seed ${seed}`);
  const next = uniform(seed);
  for (const m of [1, 2, 3, 5, 6]) {
    const values = Array.from({ length: 2 ** m }, (_, i) => (i ? next() - 0.5 : 0));
    const { coalitions, weights } = chosen(m, 1000, seed);
    const bits = (one: Uint8Array) => one.reduce((all, plays, i) => all | (plays << i), 0);
    const found = shapley(
      coalitions,
      weights,
      coalitions.map((one) => values[bits(one)]),
      values[2 ** m - 1],
    );
    byOrders(m, (players) => values[players]).forEach((right, i) => {
      assert.ok(Math.abs(found[i] - right) < 1e-12, `${m} players`);
    });
  }
  for (const m of [4, 12, 40]) {
    const worth = Array.from({ length: m }, () => next() - 0.5);
    const { coalitions, weights } = chosen(m, 2 * m + 200, seed);
    assert.ok(coalitions.every((one) => one.includes(1) && one.includes(0)));
    const found = shapley(
      coalitions,
      weights,
      coalitions.map((one) => sum(worth.map((w, i) => w * one[i]))),
      sum(worth),
    );
    found.forEach((value, i) => {
      assert.ok(Math.abs(value - worth[i]) < 1e-10, `an additive game of ${m}`);
    });
  }
});

/** The largest flow by paths as short as can be (Edmonds and Karp) over a matrix of all nodes. */
function slowFlow(blocks: Float64Array[], n: number, top: number, bottom: number): number {
  const nodes = (blocks.length + 1) * n;
  const room = Array.from({ length: nodes }, () => new Float64Array(nodes));
  blocks.forEach((block, l) => {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) room[(l + 1) * n + i][l * n + j] = block[i * n + j];
  });
  const source = blocks.length * n + top;
  for (let total = 0; ; ) {
    const from = new Map([[source, -1]]);
    for (const node of from.keys())
      for (let to = 0; to < nodes; to++) if (room[node][to] > 1e-12 && !from.has(to)) from.set(to, node);
    if (!from.has(bottom)) return total;
    let least = Infinity;
    for (let to = bottom; to !== source; to = from.get(to)!) least = Math.min(least, room[from.get(to)!][to]);
    for (let to = bottom; to !== source; to = from.get(to)!) {
      room[from.get(to)!][to] -= least;
      room[to][from.get(to)!] += least;
    }
    total += least;
  }
}

test("attention-flow: the largest flow that a slow search finds", () => {
  const seed = 9;
  console.log(`seed ${seed}`);
  const next = uniform(seed);
  for (const [n, depth] of [
    [1, 1],
    [2, 3],
    [3, 2],
    [4, 4],
    [6, 3],
  ]) {
    for (let round = 0; round < 4; round++) {
      // Some edges are missing, so that flow has to turn back.
      const blocks = Array.from({ length: depth }, () =>
        Float64Array.from({ length: n * n }, () => (next() < 0.3 ? 0 : next())),
      );
      for (let top = 0; top < n; top++) {
        for (let bottom = 0; bottom < n; bottom++) {
          const [found, right] = [flow(blocks, n, top, bottom), slowFlow(blocks, n, top, bottom)];
          assert.ok(Math.abs(found - right) < 1e-9, `${n} × ${depth}: ${found} for ${right}`);
        }
      }
    }
  }
});

test("what cannot be asked, progress, and an end in the middle", async () => {
  const model = await load(folder, { backend: "wasm" });
  const asks = (options: object) => code(model.explain("so", options));
  assert.is(await asks({ method: "lime" }), "InvalidOption");
  assert.is(await asks({ method: ["occlusion", "cp-lrp"] }), "InvalidOption");
  assert.is(await asks({ method: ["cp-lrp", "occlusion"] }), "InvalidOption");
  assert.is(await asks({ method: { name: "occlusion", baseline: "x" } }), "InvalidOption");
  assert.is(await asks({ method: { name: "occlusion", steps: 3 } }), "InvalidOption");
  assert.is(await asks({ method: { name: "integrated-gradients", steps: 0.5 } }), "InvalidOption");
  assert.is(await asks({ method: "rollout", at: "words" }), "InvalidOption");

  const seen: number[] = [];
  const stop = new AbortController();
  const onProgress = ({ forwardPasses }: { forwardPasses: number }) => {
    seen.push(forwardPasses);
    if (forwardPasses > 200) stop.abort();
  };
  const options = { method: { name: "kernel-shap", samples: 2000 }, onProgress, signal: stop.signal } as const;
  assert.is(await code(model.explain(cases[1].text, options)), "Aborted");
  assert.ok(seen.length > 2 && seen.at(-1)! < 400, String(seen));
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.is((await model.explain("so", { method: "random" })).forwardPasses, 1);
  await model.dispose();
});

test.run();
