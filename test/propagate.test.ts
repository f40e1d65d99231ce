// Laws of the walk, none of which needs a reference: nested sources and siblings, linearity in the seed, the ledger, and
// models small enough that their relevance is known (Ali et al. 2022; Achtibat et al. 2024).

import { test as check, suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, Data } from "../src/backends/backend.ts";
import { RelpropError } from "../src/errors.ts";
import type { Entry } from "../src/graph/ledger.ts";
import { history, input, size, type Tensor } from "../src/graph/tensor.ts";
import { activations, tanh } from "../src/ops/activation.ts";
import { attend } from "../src/ops/attend.ts";
import { context, scores } from "../src/ops/attention.ts";
import { dot } from "../src/ops/dot.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import { layerNorm } from "../src/ops/norm.ts";
import { selectRow } from "../src/ops/select.ts";
import { softmax } from "../src/ops/softmax.ts";
import { type Composite, methods } from "../src/propagation/composites.ts";
import { keptAbove, propagate } from "../src/propagation/propagate.ts";
import { inner } from "./ruled.ts";
import { backends, close, random, run } from "./support.ts";

// Measured on WASM and SwiftShader: linearity 1.5e-6 of the largest element, the ledger 7.3e-7 of Σ|R| + Σ|entries|, models
// by hand 1.2e-7.
const LINEARITY = 8e-6;
const LEDGER = 2e-6;
const HALF = 1e-6;

const attnLRP: Composite = { scores: "uniform", context: "uniform" };
const cpLRP: Composite = { context: "values" };
const epsilon: Composite = { ...methods.get("attn-lrp"), linear: ["epsilon", { eps: 0.01 }] };
const composites = new Map([...methods, ["attn-lrp with ε", epsilon]]);

const relu = activations.get("relu")!;
const gelu = activations.get("gelu")!;

const BATCH = 2;
const TOKENS = 5;
const WIDTH = 6;
const CLASSES = 3;

/** A BERT of two layers, one that keeps its attention weights and one that makes them again, with every place that
 * relevance can be read at, outermost first. */
function bert(): { logits: Tensor; sources: Tensor[] } {
  const dense = (name: string, x: Tensor, n: number) => {
    return linear(x, input(`${name}.w`, [n, x.shape[x.shape.length - 1]]), input(`${name}.b`, [n]));
  };
  const norm = (name: string, x: Tensor) => {
    return layerNorm(x, input(`${name}.gamma`, [WIDTH]), input(`${name}.beta`, [WIDTH]), 1e-5);
  };
  const words = input("words", [BATCH, TOKENS, WIDTH]);
  const sum = add(words, input("positions", [TOKENS, WIDTH]));
  let x = norm("embeddings", sum);
  const sources = [words, sum, x];
  for (const layer of [0, 1]) {
    const [q, k, v] = ["q", "k", "v"].map((name) => dense(`${layer}.${name}`, x, WIDTH));
    const lengths = input("lengths", [BATCH]);
    const scale = 1 / Math.sqrt(3);
    const c = layer ? attend(q, k, v, lengths, 2, scale) : context(softmax(scores(q, k, 2, scale), lengths), v);
    const middle = norm(`${layer}.middle`, add(x, dense(`${layer}.o`, c, WIDTH)));
    const up = gelu(dense(`${layer}.up`, middle, 9));
    x = norm(`${layer}.out`, add(middle, dense(`${layer}.down`, up, WIDTH)));
    sources.push(x);
  }
  const logits = dense("classes", tanh(dense("pooler", selectRow(x, 0), WIDTH)), CLASSES);
  return { logits, sources: sources.reverse() };
}

/**
 * A text that reads another in each of two blocks, as decoders read what was encoded: what enters, and siblings in the middle,
 * namely the reader's stream and what the second block still asks the other for.
 */
function two(): { output: Tensor; texts: Tensor[]; blocks: Tensor[] } {
  const dense = (name: string, x: Tensor, n = WIDTH) => {
    return linear(x, input(`${name}.w`, [n, x.shape[x.shape.length - 1]]), input(`${name}.b`, [n]));
  };
  const norm = (name: string, x: Tensor) => {
    return layerNorm(x, input(`${name}.gamma`, [WIDTH]), input(`${name}.beta`, [WIDTH]), 1e-5);
  };
  const [mine, other] = [input("mine", [BATCH, 4, WIDTH]), input("other", [BATCH, TOKENS, WIDTH])];
  const encoded = norm("encoded", add(other, gelu(dense("encode", other))));
  const asks = [0, 1].map((i) => ["k", "v"].map((name) => dense(`${i}.${name}`, encoded)));
  let x = mine;
  let middle = x;
  for (const [i, [k, v]] of asks.entries()) {
    if (i) middle = x;
    const lengths = input("lengths", [BATCH]);
    const c = context(softmax(scores(dense(`${i}.q`, norm(`${i}.asks`, x)), k, 2, 1), lengths), v);
    x = add(x, dense(`${i}.o`, c));
    x = add(x, dense(`${i}.down`, gelu(dense(`${i}.up`, norm(`${i}.feeds`, x), 9))));
  }
  return { output: dense("head", selectRow(x, 3), 2), texts: [mine, other], blocks: [middle, ...asks[1]] };
}

const LENGTHS = Float32Array.of(TOKENS, 3);

function numbers(roots: Tensor[]): Data {
  const leaves = history(roots).filter((t) => t.name !== undefined);
  return { ...Object.fromEntries(leaves.map((t, i) => [t.name!, random(size(t), 7 * i + 1)])), lengths: LENGTHS };
}

interface Walked {
  /** ⟨output, seed⟩ */
  total: number;
  gradients: Float32Array[];
  /** What ops between each source, or all siblings of one, and the output kept. */
  kept: Partial<Record<Entry, number>>[];
  /** Relevance of each tensor that any reaches, a number a row. */
  rows: Float32Array[];
}

/** Walks from `output` back to `sources`; those of a list are siblings. */
async function walk(
  backend: Backend,
  output: Tensor,
  seed: Float32Array,
  sources: (Tensor | Tensor[])[],
  composite: Composite,
  data: Data,
): Promise<Walked> {
  const targets = seed.length / size(output);
  const start = input("seed", [targets * output.shape[0], ...output.shape.slice(1)]);
  const lists = sources.map((source) => [source].flat());
  const { gradients, kept } = propagate(output, start, lists, composite);
  const all = lists.flat().filter((x) => gradients.has(x));
  const outputs: Record<string, Tensor> = { output };
  for (const [i, x] of all.entries()) outputs[`g ${i}`] = gradients.get(x)!;
  for (const [i, x] of all.entries()) outputs[`rows ${i}`] = dot(gradients.get(x)!, x);
  for (const [i, { rows }] of kept.entries()) outputs[`kept ${i}`] = rows;
  const found = await run(backend, outputs, { ...data, seed });

  const entries = lists.map((siblings) => {
    const sums: Partial<Record<Entry, number>> = {};
    for (const one of keptAbove(kept, output, siblings)) {
      const { entry, times = 1 } = one;
      sums[entry] = (sums[entry] ?? 0) + times * inner(found[`kept ${kept.indexOf(one)}`], [1]);
    }
    return sums;
  });
  return {
    total: inner(found.output, seed),
    gradients: all.map((_, i) => found[`g ${i}`]),
    kept: entries,
    rows: all.map((_, i) => found[`rows ${i}`]),
  };
}

const sumOf = (values: ArrayLike<number>) => inner(values, [1]);
const absolute = (values: ArrayLike<number>) => inner(Float64Array.from(values, Math.abs), [1]);

/**
 * Relevance of a text that asks another and of the one that is asked, written out: `share` of what reaches a product goes to
 * either factor, or all of it to the values.
 */
function asked(
  { a, b, q, k, v, w }: Data,
  { heads, tokens, asking, width }: Record<"heads" | "tokens" | "asking" | "width", number>,
  share: number,
): [Float64Array, Float64Array] {
  const d = width / heads;
  /** Row `t` of x · mᵀ. */
  const projected = (x: Float32Array, m: Float32Array, t: number) =>
    Array.from({ length: width }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += x[t * width + j] * m[i * width + j];
      return sum;
    });
  const query = projected(a, q, 0);
  const keys = Array.from({ length: tokens }, (_, t) => projected(b, k, t));
  const values = Array.from({ length: tokens }, (_, t) => projected(b, v, t));
  const ofA = new Float64Array(asking);
  const ofB = new Float64Array(tokens);
  for (let i = 0; i < width; i++) ofA[0] += w[i] * a[i];
  for (let h = 0; h < heads; h++) {
    const inHead = (x: ArrayLike<number>, y: ArrayLike<number>) => {
      let sum = 0;
      for (let i = h * d; i < (h + 1) * d; i++) sum += x[i] * y[i];
      return sum;
    };
    const s = keys.map((key) => inHead(query, key));
    const top = Math.max(...s);
    const e = s.map((score) => Math.exp(score - top));
    const p = e.map((one) => one / e.reduce((sum, other) => sum + other, 0));
    const along = values.map((value) => inHead(w, value));
    const mean = p.reduce((sum, one, t) => sum + one * share * along[t], 0);
    for (let t = 0; t < tokens; t++) {
      ofB[t] += (share || 1) * p[t] * along[t];
      const ofScore = s[t] * p[t] * (share * along[t] - mean);
      ofA[0] += share * ofScore;
      ofB[t] += share * ofScore;
    }
  }
  return [ofA, ofB];
}

for (const backend of backends) {
  const test = suite(`propagation, ${backend.name}`);
  const { logits, sources } = bert();
  const data = numbers([logits]);
  const seed = Float32Array.of(0, 1, 0, 1, 0, -1);

  // Barriers are slow on SwiftShader; these three have every kernel among them.
  const few = ["lrp-ah", "gradient-x-input", "attn-lrp with ε"];
  for (const [name, composite] of composites) {
    if (backend.name === "webgpu" && !few.includes(name)) continue;
    test(`${name}: nested sources in one walk, as in walks of their own`, async () => {
      const nested = await walk(backend, logits, seed, sources, composite, data);
      for (const [i, source] of sources.entries()) {
        const alone = await walk(backend, logits, seed, [source], composite, data);
        assert.equal(nested.gradients[i], alone.gradients[0], `source ${i}, to the bit`);
        assert.equal(nested.kept[i], alone.kept[0], `what lies above source ${i}`);
      }
    });

    test(`${name}: the ledger closes at every source`, async () => {
      const { total, rows, kept } = await walk(backend, logits, seed, sources, composite, data);
      for (const [i, relevance] of rows.entries()) {
        const entries = Object.values(kept[i]);
        const there = sumOf(relevance) + sumOf(entries);
        close([there], [total], LEDGER, `${name}, ledger: source ${i}`, absolute(relevance) + absolute(entries));
      }
      const positions = Object.keys(kept[sources.length - 1]).includes("constants");
      assert.ok(
        positions && !Object.keys(kept[sources.length - 2]).includes("constants"),
        "constants, at the words only",
      );
    });

    test(`${name}: linear in the seed, and several targets at once as one by one`, async () => {
      const [a, b] = [random(6, 3), random(6, 4)];
      const both = a.map((v, i) => 2 * v - 0.5 * b[i]);
      const of = async (s: Float32Array) => (await walk(backend, logits, s, sources, composite, data)).gradients;
      const [ga, gb, sum] = [await of(a), await of(b), await of(both)];
      const together = await of(Float32Array.of(...a, ...b, ...both));
      for (const [i, g] of sum.entries()) {
        const parts = ga[i].map((v, j) => 2 * v - 0.5 * gb[i][j]);
        close(g, parts, LINEARITY, `${name}, 2a − b/2: source ${i}`, Math.max(...ga[i].map(Math.abs)));
        const joined = Float32Array.of(...ga[i], ...gb[i], ...g);
        if (backend.name === "wasm") assert.equal(together[i], joined, "targets at once, to the bit");
        close(together[i], joined, LINEARITY, `${name}, targets at once: source ${i}`);
      }
    });

    test(`${name}: padding gets exactly nothing`, async () => {
      const { gradients } = await walk(backend, logits, seed, sources, composite, data);
      for (const g of gradients) {
        const padding = g.subarray((TOKENS + 3) * WIDTH);
        assert.ok(padding.every((v) => v === 0) && g.subarray(0, (TOKENS + 3) * WIDTH).some((v) => v !== 0));
      }
    });
  }

  for (const [name, composite] of composites) {
    if (backend.name === "webgpu" && !few.includes(name)) continue;
    test(`${name}: embeddings that are added up are siblings, whose relevance is their sum's`, async () => {
      const [sum, words] = sources.slice(-2);
      const positions = sum.inputs[1];
      const both = await walk(backend, logits, seed, [sum, [words, positions]], composite, data);
      const [whole, ...parts] = both.rows;
      const added = parts[0].map((r, i) => r + parts[1][i]);
      // Of either sign, so that they may cancel.
      const scale = absolute(whole) + absolute(parts[0]) + absolute(parts[1]);
      close(added, whole, LEDGER, `${name}, siblings: by token`, scale);
      assert.equal(both.kept[1], both.kept[0], "nothing is kept between the sum and what it is of");
      const alone = await walk(backend, logits, seed, [words], composite, data);
      assert.equal(alone.gradients[0], both.gradients[1], "words, to the bit");
      close([sumOf(parts[1])], [alone.kept[0].constants!], LEDGER, `${name}, siblings: positions`, absolute(parts[1]));
    });

    test(`${name}: two texts of which one reads the other, and both their blocks`, async () => {
      const { output, texts, blocks } = two();
      const own = numbers([output]);
      const start = Float32Array.of(1, -0.5, 0, 2);
      const reached = await walk(backend, output, start, [texts, blocks], composite, own);
      const { total, rows, kept } = reached;
      const lists = [rows.slice(0, 2), rows.slice(2)];
      // Under rules that hold attention weights constant nothing reaches the keys.
      assert.is(rows.length, composite.context === "values" ? 4 : 5);
      for (const [i, list] of lists.entries()) {
        const relevance = list.flatMap((r) => [...r]);
        const entries = Object.values(kept[i]);
        const there = sumOf(relevance) + sumOf(entries);
        close([there], [total], LEDGER, `${name}, two texts: ${i}`, absolute(relevance) + absolute(entries));
      }
      assert.ok(lists[0].every((text) => absolute(text) > 0));
    });
  }

  for (const [heads, tokens, asking, width] of [
    [1, 3, 2, 4],
    [2, 5, 1, 6],
    [3, 4, 4, 6],
  ]) {
    test(`a text that asks another, by definition: ${heads} heads, ${asking} tokens of ${tokens}`, async () => {
      const [a, b] = [input("a", [1, asking, width]), input("b", [1, tokens, width])];
      const [q, k, v] = ["q", "k", "v"].map((name) => linear(name === "q" ? a : b, input(name, [width, width])));
      const p = softmax(scores(q, k, heads, 1), input("lengths", [1]));
      const y = linear(selectRow(add(a, context(p, v)), 0), input("w", [1, width]));
      const own = { ...numbers([y]), lengths: Float32Array.of(tokens) };
      for (const [composite, share] of [
        [cpLRP, 0],
        [attnLRP, 1 / 2],
      ] as const) {
        const { rows, kept, total } = await walk(backend, y, Float32Array.of(1), [[a, b]], composite, own);
        const [ofA, ofB] = asked(own, { heads, tokens, asking, width }, share);
        const scale = absolute(ofA) + absolute(ofB);
        close(rows[0], ofA, HALF, "siblings by definition: who asks", scale);
        close(rows[1], ofB, HALF, "siblings by definition: who is asked", scale);
        const there = sumOf(rows[0]) + sumOf(rows[1]) + (kept[0].softmax ?? 0);
        close([there], [total], LEDGER, "siblings by definition: the ledger", scale + Math.abs(kept[0].softmax ?? 0));
      }
    });
  }

  test("networks of linear and ReLU without biases: all relevance arrives, under every rule", async () => {
    for (const [depth, widths] of [
      [1, [5, 4]],
      [3, [7, 16, 13, 3]],
      [5, [33, 20, 20, 20, 9, 2]],
    ] as const) {
      const x = input("x", [3, widths[0]]);
      let y: Tensor = x;
      for (let i = 0; i < depth; i++) {
        y = linear(y, input(`w${i}`, [widths[i + 1], widths[i]]));
        if (i < depth - 1) y = relu(y);
      }
      const own = Object.fromEntries(
        history([y]).flatMap((t, i) => (t.name ? [[t.name, random(size(t), i + 5)]] : [])),
      );
      const start = random(size(y), 6);
      for (const rule of ["identity", "gradient"] as const) {
        for (const dense of ["gradient", ["epsilon", { eps: 0.01 }]] as const) {
          const composite: Composite = depth > 1 ? { linear: dense, activation: rule } : { linear: dense };
          const { total, rows, kept } = await walk(backend, y, start, [x], composite, own);
          const lost = kept[0].epsilon ?? 0;
          const entries = Object.values(kept[0]);
          close([sumOf(rows[0])], [total - lost], LEDGER, `ReLU nets: ${depth}`, absolute(rows[0]) + absolute(entries));
          assert.ok(
            entries.every((v) => v === lost || v === 0),
            "nothing is kept but by ε",
          );
          if (dense === "gradient") assert.is(lost, 0);
        }
      }
    }
  });

  test("uniform attention: AttnLRP's tokens are half the output, CP-LRP's all of it", async () => {
    const [tokens, width] = [7, 4];
    const x = input("x", [1, tokens, width]);
    const [q, k, v] = ["q", "k", "v"].map((name) => linear(x, input(name, [width, width])));
    const p = softmax(scores(q, k, 2, 1), input("lengths", [1]));
    const y = linear(selectRow(context(p, v), 3), input("w", [1, width]));
    const zero = new Float32Array(width * width);
    const own = {
      x: random(tokens * width, 1),
      v: random(width * width, 2),
      w: random(width, 3),
      q: zero,
      k: zero,
      lengths: Float32Array.of(tokens),
    };
    const half = await walk(backend, y, Float32Array.of(1), [x], attnLRP, own);
    close([sumOf(half.rows[0])], [half.total / 2], HALF, "AttnLRP's half", absolute(half.rows[0]));
    close([half.kept[0].softmax!], [half.total / 2], HALF, "the softmax's half", absolute(half.rows[0]));
    const all = await walk(backend, y, Float32Array.of(1), [x], cpLRP, own);
    close([sumOf(all.rows[0])], [all.total], HALF, "all of CP-LRP", absolute(all.rows[0]));
    assert.equal(all.kept[0], {});
    // R = w · V x / T, by hand.
    const wanted = Float64Array.from({ length: tokens }, (_, t) => {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        for (let j = 0; j < width; j++) sum += own.w[i] * own.v[i * width + j] * own.x[t * width + j];
      }
      return sum / tokens;
    });
    close(all.rows[0], wanted, HALF, "CP-LRP's tokens");
    close(
      half.rows[0],
      wanted.map((r) => r / 2),
      HALF,
      "AttnLRP's tokens",
    );
  });

  test("hard attention: all relevance on the token that is copied", async () => {
    const tokens = 4;
    const x = input("x", [1, tokens, tokens]);
    const [q, v] = ["q", "v"].map((name) => linear(x, input(name, [tokens, tokens])));
    const p = softmax(scores(q, x, 1, 1), input("lengths", [1]));
    const y = linear(selectRow(context(p, v), 0), input("w", [1, tokens]));
    // Token t is 100 eₜ, and asks for the token two on: a score of 1e4 against ones of −1e4.
    const at = (f: (row: number, col: number) => number) =>
      Float32Array.from({ length: tokens * tokens }, (_, i) => f(Math.floor(i / tokens), i % tokens));
    const own = {
      x: at((row, col) => (row === col ? 100 : 0)),
      q: at((row, col) => (row === (col + 2) % tokens ? 1 : -1)),
      v: random(16, 5),
      w: random(4, 6),
      lengths: Float32Array.of(tokens),
    };
    for (const [composite, share] of [
      [cpLRP, 1],
      [attnLRP, 1 / 2],
    ] as const) {
      const { total, rows } = await walk(backend, y, Float32Array.of(1), [x], composite, own);
      close(rows[0], [0, 0, share * total, 0], HALF, "hard attention");
      assert.ok(
        [0, 1, 3].every((t) => rows[0][t] === 0),
        "no other token has any",
      );
    }
  });

  test("residual branches of 0: relevance unchanged through every layer", async () => {
    const x = input("x", [2, 3, 4]);
    let y: Tensor = x;
    for (let i = 0; i < 6; i++) y = add(y, relu(linear(y, input("w", [4, 4]))));
    const own = { x: random(24, 1), w: new Float32Array(16) };
    const start = random(24, 2);
    for (const composite of [{}, { activation: "identity" }, { linear: ["epsilon", { eps: 1e-3 }] }] as Composite[]) {
      const { gradients, kept } = await walk(backend, y, start, [x], composite, own);
      assert.equal(gradients[0], start);
      assert.ok(Object.values(kept[0]).every((v) => v === 0));
    }
  });

  test("residual branches of −x: sums of 0, relevance finite", async () => {
    const x = input("x", [2, 4]);
    let y = add(x, linear(x, input("minus", [4, 4])));
    y = layerNorm(y, input("gamma", [4]), input("beta", [4]), 1e-5);
    y = linear(y, input("w", [2, 4]));
    const minus = Float32Array.from({ length: 16 }, (_, i) => (i % 5 ? 0 : -1));
    const own = { x: random(8, 1), minus, gamma: random(4, 2), beta: random(4, 3), w: random(8, 4) };
    for (const linearRule of ["gradient", ["epsilon", { eps: 1e-6 }]] as const) {
      for (const rule of ["identity", "gradient"] as const) {
        const composite = { linear: linearRule, norm: rule };
        const { gradients, kept } = await walk(backend, y, Float32Array.of(1, 0, 0, 1), [x], composite, own);
        assert.ok(gradients[0].every(Number.isFinite) && Object.values(kept[0]).every(Number.isFinite));
      }
    }
  });

  test("a constant factor gets nothing and the other all, under every rule", async () => {
    const x = input("x", [1, 3, 4]);
    const p = softmax(scores(x, input("k", [1, 3, 4]), 2, 1), input("lengths", [1]));
    const y = context(p, input("v", [1, 3, 4]));
    const own = { x: random(12, 1), k: random(12, 2), v: random(12, 3), lengths: Float32Array.of(3) };
    const start = random(12, 4);
    const whole = await walk(backend, y, start, [x], {}, own);
    const shared = await walk(backend, y, start, [x], attnLRP, own);
    assert.equal(shared.gradients, whole.gradients);
    assert.equal(Object.keys(shared.kept[0]), ["softmax"]);
  });

  test("a rule's options reach it: ε of 3 leaves a quarter of what an output of 1 sends", async () => {
    const x = input("x", [1, 1]);
    const y = linear(x, input("w", [1, 1]));
    const one = Float32Array.of(1);
    const { gradients } = await walk(backend, y, one, [x], { linear: ["epsilon", { eps: 3 }] }, { x: one, w: one });
    assert.equal([...gradients[0]], [0.25]);
  });

  test("gradients at tensors on the way are those of walks that end there", async () => {
    const start = input("seed", [...logits.shape]);
    const words = sources[sources.length - 1];
    const inner = sources.slice(0, -1);
    const { gradients } = propagate(logits, start, [[words]], cpLRP);
    for (const [i, source] of inner.entries()) {
      const alone = propagate(logits, start, [[source]], cpLRP).gradients.get(source)!;
      const { one, other } = await run(backend, { one: gradients.get(source)!, other: alone }, { ...data, seed });
      assert.equal(one, other, `tensor ${i}, to the bit`);
    }
  });

  test("the output itself as a source: the seed", async () => {
    const { gradients, kept } = await walk(backend, logits, seed, [logits], {}, data);
    assert.equal(gradients[0], seed);
    assert.equal(kept[0], {});
  });

  test.run();
}

/** What propagating through a BERT by `composite` throws. */
function refusal(composite: Composite): RelpropError {
  const { logits, sources } = bert();
  try {
    propagate(logits, input("seed", logits.shape), [sources.slice(-1)], composite);
  } catch (error) {
    assert.instance(error, RelpropError);
    return error as RelpropError;
  }
  throw new Error(`accepted ${JSON.stringify(composite)}`);
}

check("a rule an op has not: what it has is listed", () => {
  for (const rule of ["zplus", "constructor", "__proto__", "toString", "", "Gradient"]) {
    for (const choice of [rule, [rule, {}] as const]) {
      const { code, message } = refusal({ linear: choice as "gradient" });
      assert.is(code, "InvalidOption");
      assert.is(message, `linear has no rule "${rule}", only gradient, epsilon, gamma, alpha-beta, z-plus`);
    }
  }
  assert.match(refusal({ softmax: "identity" } as Composite).message, /softmax has no rule "identity", only gradient/);
  assert.match(
    refusal({ select_row: "uniform" } as Composite).message,
    /select_row has no rule "uniform", only gradient/,
  );
});

check("an op the model has not: what it has is listed", () => {
  const unknown = ["conv", "constructor", "layernorm", "softmax_grad", "linear_grad", "input"];
  for (const name of unknown) {
    const { code, message } = refusal({ [name]: "gradient" } as Composite);
    assert.is(code, "InvalidOption");
    const known = "activation, add, context, linear, norm, scores, select_row, softmax";
    assert.is(message, `the composite names an op "${name}"; this model has ${known}`);
  }
  assert.is(refusal(JSON.parse('{"__proto__": "gradient"}')).code, "InvalidOption");
});

check("an op that does the work of several: a rule for each way to combine theirs, by their names", () => {
  const x = input("x", [1, 3, 4]);
  const { op } = attend(x, x, x, input("lengths", [1]), 2, 1);
  const every = op.parts!.reduce(
    (lists, part) => lists.flatMap((list) => Object.keys(part.rules!).map((rule) => [...list, rule])),
    [[]] as string[][],
  );
  assert.is(every.length, 6);
  const y = attend(x, x, x, input("lengths", [1]), 2, 1);
  const start = input("seed", y.shape);
  const composed = every.map((names) => op.compose!(names)(start, y, { options: {}, carries: [true, true, true] }));
  for (const [i, { gradients, kept = [] }] of composed.entries()) {
    const used = [...gradients, ...kept.map(({ rows }) => rows)].filter((t) => t !== undefined);
    assert.ok(gradients[2] && used.every((t) => Object.values(t.attrs).every(Number.isFinite)), every[i].join(" "));
    assert.ok(kept.every(({ times = 1 }) => Number.isFinite(times)));
  }
  assert.ok(propagate(y, start, [[x]], cpLRP).gradients.has(x));
  assert.throws(() => propagate(y, start, [[x]], { scores: "values" as "uniform" }), /scores has no rule "values"/);
  assert.throws(
    () => propagate(y, start, [[x]], { attend: "values" } as Composite),
    /this model has context, scores, softmax$/,
  );
});

check("a wrong rule for an op that no relevance reaches", () => {
  assert.match(refusal({ context: "values", scores: "zplus" as "uniform" }).message, /scores has no rule "zplus"/);
});

check("siblings of which one depends on the other: relevance would count twice", () => {
  const { logits, sources } = bert();
  const [, sum, words] = [...sources].reverse().slice(0, 3).reverse();
  const { kept } = propagate(logits, input("seed", logits.shape), [[words]], cpLRP);
  assert.throws(() => keptAbove(kept, logits, [words, sum]), /a sibling depends on another/);
  assert.throws(() => keptAbove(kept, logits, [logits, words]), /a sibling depends on another/);
});

check("rules under which no relevance reaches the input", () => {
  const x = input("x", [1, 3, 4]);
  const p = softmax(scores(x, x, 2, 1), input("lengths", [1]));
  const y = context(p, input("v", [1, 3, 4]));
  assert.throws(
    () => propagate(y, input("seed", y.shape), [[x]], cpLRP),
    (error: RelpropError) => error.code === "InvalidOption" && /no relevance reaches/.test(error.message),
  );
});

check.run();
