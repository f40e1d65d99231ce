// Every op's `gradient` rule against central differences of its own forward pass, on every backend. A new op adds a row.
//
// Five points a step of 1/16 apart (error h⁴ f⁽⁵⁾/30) of inputs that are multiples of 1/1024, so that moving one is exact.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, Data } from "../src/backends/backend.ts";
import * as activation from "../src/ops/activation.ts";
import * as attention from "../src/ops/attention.ts";
import * as reduce from "../src/ops/dot.ts";
import * as elementwise from "../src/ops/elementwise.ts";
import * as dense from "../src/ops/linear.ts";
import * as norm from "../src/ops/norm.ts";
import * as start from "../src/ops/seed.ts";
import * as select from "../src/ops/select.ts";
import * as soft from "../src/ops/softmax.ts";
import * as stable from "../src/ops/stabilize.ts";
import { plan } from "../src/plan.ts";
import { history, input, size, type Tensor } from "../src/tensor.ts";
import { inner, ruled } from "./ruled.ts";
import { backends, close, random } from "./support.ts";

// Measured on WASM and SwiftShader: 7e-6, most of it rounding of the forward pass over a step.
const TOLERANCE = 3e-5;
const STEP = 1 / 16;

interface Row {
  y: Tensor;
  /** The inputs with a gradient, each by itself; by default the first. */
  of?: number[];
  /** Inputs that are not random. */
  data?: Data;
}

const x = input("x", [2, 3, 4]);
const { activations } = activation;

const table: Record<string, Row> = {
  linear: { y: dense.linear(x, input("w", [5, 4]), input("b", [5])) },
  layerNorm: { y: norm.layerNorm(x, input("w", [4]), input("b", [4]), 0.5) },
  softmax: { y: soft.softmax(x, input("lengths", [2])), data: { lengths: Float32Array.of(4, 2) } },
  scores: { y: attention.scores(x, input("k", [2, 5, 4]), 2, 0.7), of: [0, 1] },
  context: { y: attention.context(input("p", [2, 2, 3, 5]), input("v", [2, 5, 4]), 0.7), of: [0, 1] },
  add: { y: elementwise.add(x, input("b", [2, 3, 4])), of: [0, 1] },
  pick: { y: select.pick(x, 1) },
  tanh: { y: activation.tanh(x) },
  ...Object.fromEntries([...activations].map(([name, f]) => [`activations: ${name}`, { y: f(x) }])),
};

/** Exports of src/ops that no relevance passes: they start it, read it or belong to a rule. */
const WITHOUT = ["dot", "seed", "stabilize", "stabilizer", "elements", "repeats"];

for (const backend of backends) {
  const test = suite(`gradients, ${backend.name}`);

  for (const [name, { y, of = [0], data: fixed = {} }] of Object.entries(table)) {
    test(name, async () => {
      const leaves = history([y]).filter((t) => t.name !== undefined);
      const grid = (values: Float32Array) => values.map((v) => (Math.round(v * 1024) || 1) / 1024);
      const data: Data = { ...Object.fromEntries(leaves.map((t, i) => [t.name!, grid(random(size(t), 11 * i + 3))])) };
      // The kink of ReLU is no place for differences.
      if (name.endsWith("relu")) data.x = data.x.map((v) => v + Math.sign(v) * 2 * STEP);
      Object.assign(data, fixed);
      for (const i of of) {
        const carries = y.inputs.map((_, other) => other === i);
        const found = await ruled(backend, y, "gradient", data, { carries });
        const wanted = await differences(backend, y, data, y.inputs[i].name!, found.g);
        close(found.to[i]!, wanted, TOLERANCE, `${name}, input ${i}`);
      }
    });
  }

  test.run();
}

/** ∂⟨y, g⟩/∂x for every element of the input `name`. */
async function differences(backend: Backend, y: Tensor, data: Data, name: string, g: Float32Array): Promise<number[]> {
  const program = await backend.prepare(plan({ y }));
  const at = async (i: number, step: number) => {
    const moved = data[name].slice();
    moved[i] += step;
    return inner((await program.run({ ...data, [name]: moved })).y, g);
  };
  const found: number[] = [];
  for (const i of data[name].keys()) {
    const near = (await at(i, STEP)) - (await at(i, -STEP));
    const far = (await at(i, 2 * STEP)) - (await at(i, -2 * STEP));
    found.push((8 * near - far) / (12 * STEP));
  }
  program.dispose();
  return found;
}

const coverage = suite("gradients' table");

coverage("a row for every op that relevance passes", () => {
  const modules = [activation, attention, reduce, elementwise, dense, norm, start, select, soft, stable];
  const functions = modules.flatMap((m) => Object.entries(m).filter(([, f]) => typeof f === "function"));
  const names = functions.map(([name]) => name).filter((name) => !WITHOUT.includes(name));
  const rows = Object.keys(table).filter((name) => !name.includes(":"));
  assert.equal(rows.sort(), names.sort());
});

coverage.run();
