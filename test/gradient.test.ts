// Every op's `gradient` rule against central differences of its own forward pass, on every backend. A new op adds a row.
//
// Five points a step of 1/16 apart (error h⁴ f⁽⁵⁾/30) of inputs that are multiples of 1/1024, so that moving one is exact.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, Data } from "../src/backends/backend.ts";
import { history, input, size, type Tensor } from "../src/graph/tensor.ts";
import * as activation from "../src/ops/activation.ts";
import * as again from "../src/ops/attend.ts";
import * as attention from "../src/ops/attention.ts";
import * as elementwise from "../src/ops/elementwise.ts";
import * as experts from "../src/ops/expert_linear.ts";
import * as gated from "../src/ops/gate.ts";
import * as dense from "../src/ops/linear.ts";
import * as norm from "../src/ops/norm.ts";
import * as unit from "../src/ops/normalize.ts";
import * as plain from "../src/ops/plain_weights.ts";
import * as distance from "../src/ops/relative_shift.ts";
import * as shape from "../src/ops/reshape.ts";
import * as rotation from "../src/ops/rotary.ts";
import * as routing from "../src/ops/routing.ts";
import * as scaling from "../src/ops/scale_rows.ts";
import * as groups from "../src/ops/segments.ts";
import * as select from "../src/ops/select.ts";
import * as cap from "../src/ops/soft_cap.ts";
import * as soft from "../src/ops/softmax.ts";
import * as square from "../src/ops/squares.ts";
import { inner, ruled } from "./ruled.ts";
import { backends, close, random, run } from "./support.ts";

// Measured on WASM and SwiftShader: 7e-6, most of it rounding of the forward pass over a step.
const TOLERANCE = 3e-5;
const STEP = 1 / 16;

interface Row {
  /** The op on a batch of n texts. */
  y(n: number): Tensor;
  /** The inputs with a gradient, each by itself; by default the first. */
  of?: number[];
  /** The op's name for its derivative. */
  rule?: string;
}

const x = (n: number) => input("x", [n, 3, 4]);

const table: Record<string, Row> = {
  linear: { y: (n) => dense.linear(x(n), input("w", [5, 4]), input("b", [5])) },
  layerNorm: { y: (n) => norm.layerNorm(x(n), input("w", [4]), input("b", [4]), 0.5) },
  rmsNorm: { y: (n) => norm.rmsNorm(x(n), input("w", [4]), 0.5) },
  softmax: { y: (n) => soft.softmax(x(n), input("lengths", [n])) },
  scores: { y: (n) => attention.scores(x(n), input("k", [n, 5, 4]), 2, 0.7), of: [0, 1] },
  context: { y: (n) => attention.context(input("p", [n, 2, 3, 5]), input("v", [n, 5, 4]), { scale: 0.7 }), of: [0, 1] },
  attend: {
    y: (n) => again.attend(x(n), input("k", [n, 3, 4]), input("v", [n, 3, 4]), input("lengths", [n]), 2, 0.7),
    of: [0, 1, 2],
    rule: "gradient gradient gradient",
  },
  "attend: grouped, in a span": {
    y: (n) =>
      again.attend(
        input("wide", [n, 3, 8]),
        input("k", [n, 3, 4]),
        input("v", [n, 3, 4]),
        input("lengths", [n]),
        4,
        0.7,
        {
          before: 1,
          after: 0,
        },
      ),
    of: [0, 1, 2],
    rule: "gradient gradient gradient",
  },
  gate: { y: (n) => gated.gate(x(n), input("b", [n, 3, 4])), of: [0, 1] },
  rotary: { y: (n) => rotation.rotary(x(n), input("angles", [3, 2])) },
  relativeShift: { y: (n) => distance.relativeShift(input("x", [n, 2, 3, 5]), false) },
  "relativeShift: keys": { y: (n) => distance.relativeShift(input("x", [n, 2, 3, 5]), true) },
  "softmax: span": { y: (n) => soft.softmax(input("x", [n, 2, 3, 3]), input("lengths", [n]), { before: 1, after: 1 }) },
  expertLinear: { y: (n) => experts.expertLinear(x(n), input("w", [4, 5, 4]), input("choice", [n, 3, 2])) },
  "expertLinear: a row for each choice": {
    y: (n) =>
      experts.expertLinear(input("x", [n, 6, 4]), input("w", [4, 5, 4]), input("choice", [n, 3, 2]), {
        begin: 1,
        out: 3,
      }),
  },
  take: { y: (n) => routing.take(x(n), input("choice", [n, 3, 2])) },
  mixture: { y: (n) => routing.mixture(input("x", [n, 6, 4]), input("p", [n, 3, 2])), of: [0, 1] },
  segmentSum: { y: (n) => groups.segmentSum(input("x", [n, 6, 4]), 3) },
  segmentMax: { y: (n) => groups.segmentMax(input("apart", [n, 6, 4]), 3) },
  normalize: { y: (n) => unit.normalize(x(n)) },
  repeat: { y: (n) => groups.repeat(x(n), 2) },
  plainWeights: { y: (n) => plain.plainWeights(input("x", [n, 2, 3, 3]), input("lengths", [n])) },
  squares: { y: (n) => square.squares(x(n), 2) },
  scaleRows: { y: (n) => scaling.scaleRows(x(n), input("s", [n, 3])) },
  reshape: { y: (n) => shape.reshape(x(n), [n, 6, 2]) },
  add: { y: (n) => elementwise.add(x(n), input("b", [n, 3, 4])), of: [0, 1] },
  selectRow: { y: (n) => select.selectRow(x(n), 1) },
  tanh: { y: (n) => activation.tanh(x(n)) },
  softCap: { y: (n) => cap.softCap(x(n), 0.8) },
  ...Object.fromEntries(
    [...activation.activations]
      .filter(([name]) => name !== "linear")
      .map(([name, f]) => [`activations: ${name}`, { y: (n) => f(x(n)) }]),
  ),
};

/** Exports of src/ops that no relevance passes: they start it, read it or belong to a rule. */
const WITHOUT = [
  ...["contextT", "dot", "sum", "seed", "stabilize", "stabilizer", "elements", "repeats"],
  ...["grouped", "headsOf", "parts", "spanned"],
  // No relevance passes these: rules are made of them, weights are read by them, states are written.
  ...["scaledClamp", "signedPart", "share", "wherePositive", "writeRows", "topK", "denseRules"],
];

const TEXTS = 2;
const STEPS = [-2, -1, 1, 2];
const FACTORS = [1, -8, 8, -1]; // over 12 steps

for (const backend of backends) {
  const test = suite(`gradients, ${backend.name}`);

  for (const [name, { y: op, of = [0], rule = "gradient" }] of Object.entries(table)) {
    test(name, async () => {
      const y = op(TEXTS);
      const leaves = history([y]).filter((t) => t.name !== undefined);
      const grid = (values: Float32Array) => values.map((v) => (Math.round(v * 1024) || 1) / 1024);
      const data: Data = Object.fromEntries(leaves.map((t, i) => [t.name!, grid(random(size(t), 11 * i + 3))]));
      data.lengths = Float32Array.of(4, 2);
      if (data.choice) data.choice = Float32Array.of(3, 0, 1, 3, 0, 1, 1, 0, 3, 1, 1, 3); // of experts that 2 is not among
      // The kink of ReLU and its like is no place for differences.
      const step = name.endsWith("laplace") ? STEP / 4 : STEP; // it is steep
      if (/relu.?$/.test(name)) data.x = data.x.map((v) => v + Math.sign(v) * 2 * STEP);
      // Nor is a tie: the middle one of three is the largest.
      if (data.apart) data.apart = data.apart.map((v, i) => v + 3 * Number(Math.floor(i / 4) % 3 === 1));
      for (const i of of) {
        const carries = y.inputs.map((_, other) => other === i);
        const found = await ruled(backend, y, rule, data, { carries });
        const wanted = await differences(backend, op, data, y.inputs[i].name!, found.g, step);
        close(found.to[i]!, wanted, TOLERANCE, `${name}, input ${i}`);
      }
    });
  }

  test.run();
}

/** ∂⟨y, g⟩/∂x for every element of the input `name`: all the steps of all elements as texts of one batch. */
async function differences(backend: Backend, op: Row["y"], data: Data, name: string, g: Float32Array, step: number) {
  const n = data[name].length;
  const copies = n * STEPS.length;
  const y = op(TEXTS * copies);
  const all: Data = {};
  for (const t of history([y])) {
    if (t.name) all[t.name] = Float32Array.from({ length: size(t) }, (_, i) => data[t.name!][i % data[t.name!].length]);
  }
  for (let copy = 0; copy < copies; copy++) {
    const element = Math.floor(copy / STEPS.length);
    all[name][copy * n + element] += STEPS[copy % STEPS.length] * step;
  }
  const { y: moved } = await run(backend, { y }, all);
  return Float64Array.from({ length: n }, (_, element) => {
    let sum = 0;
    for (const [k, factor] of FACTORS.entries()) {
      const start = (element * STEPS.length + k) * g.length;
      sum += factor * inner(moved.subarray(start, start + g.length), g);
    }
    return sum / (12 * step);
  });
}

// The folder is read, so that an op's file without a row fails; a browser has no folder, and Node has been there.
if (globalThis.process?.versions?.node) {
  const coverage = suite("gradients' table");

  coverage("a row for every op that relevance passes", async () => {
    const { readdirSync } = await import("node:fs");
    const folder = new URL("../src/ops/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
    const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
    const functions = modules.flatMap((m) => Object.entries(m).filter(([, f]) => typeof f === "function"));
    const names = functions.map(([name]) => name).filter((name) => !WITHOUT.includes(name));
    const rows = Object.keys(table).filter((name) => !name.includes(":"));
    assert.equal(rows.sort(), names.sort());
  });

  coverage.run();
}
