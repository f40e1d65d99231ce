// Long work looks at its signal: between the kernels of a run, while a network is planned, points are grouped and singular values
// are found. Slices are counted, by a clock that is late at every look, not timed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wasm } from "../src/backends/wasm/wasm.ts";
import type { Source } from "../src/checkpoint/sources.ts";
import { singularValues } from "../src/diagnose/spectrum.ts";
import { plan } from "../src/graph/plan.ts";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { encodeCloud } from "../src/inputs/points/cloud.ts";
import { linear } from "../src/ops/linear.ts";
import { turn } from "../src/pauses.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { code } from "./shipped.ts";
import { places, random } from "./support.ts";
import { eye, files, normal } from "./systems.ts";

const test = suite("aborts of long work");

/** While `work` runs every look at the clock is a slice later than the one before. Resolves with how often it was looked at. */
async function late<T>(work: () => Promise<T>): Promise<{ looks: number; value: T }> {
  const { now } = performance;
  let looks = 0;
  performance.now = () => 60 * ++looks;
  try {
    return { value: await work(), looks };
  } finally {
    performance.now = now;
  }
}

/** The same, aborted after some turns of the event loop, which only come if the work lets it run. */
const stopped = (work: (signal: AbortSignal) => Promise<unknown>) =>
  late(() => {
    const stop = new AbortController();
    turn()
      .then(turn)
      .then(turn)
      .then(() => stop.abort());
    return code(work(stop.signal));
  });

const d = 8;
const source = files(
  { model_type: "energy_transformer", hidden_size: d, num_hidden_layers: 1, loops: 300, num_labels: 2 },
  {
    "layers.0.attention.query.weight": eye(d).map((row) => row.map((v) => v / 64)),
    "classifier.weight": normal(2, d, 5),
  },
);
const rows = { rows: normal(5, d, 3) };

const words = new URL("reference/families/bert-sequence/", import.meta.url);
const text = "a small text of some more words";

type Call = (model: Model, signal?: AbortSignal) => Promise<unknown>;
const shap = { name: "kernel-shap", samples: 500 } as const;
const gradients = { name: "integrated-gradients", steps: 100 } as const;
const calls: [name: string, source: Source, call: Call][] = [
  ["a prediction through many loops", source, (model, signal) => model.predict(rows, { signal })],
  ["an explanation through many loops", source, (model, signal) => model.explain(rows, { signal })],
  ["a batch", source, (model, signal) => model.predict(Array(400).fill(rows), { signal, numLoops: 3 })],
  ["a diagnosis", source, (model, signal) => model.diagnose(rows, { signal, weights: true })],
  ["integrated gradients", words, (model, signal) => model.explain(text, { signal, method: gradients })],
  ["kernel-shap", words, (model, signal) => model.explain(text, { signal, method: shap })],
];

if (places.some(({ backend }) => backend === "wasm")) {
  for (const [name, source, call] of calls) {
    test(`${name}: ended in the middle, the same to the bit with and without pauses`, async () => {
      const model = await load(source, { backend: "wasm" });
      const expected = await call(model);
      const whole = await late(() => call(model));
      assert.equal(whole.value, expected);
      assert.ok(whole.looks > 100, `${whole.looks} looks at the clock`);
      const cut = await stopped((signal) => call(model, signal));
      assert.is(cut.value, "Aborted");
      // What was under way when the abort came has ended soon after: the next call has but its own slices to wait for.
      const next = await late(() => (source === words ? model.predict(text) : model.predict(rows, { numLoops: 1 })));
      assert.ok(cut.looks + next.looks < whole.looks, `${cut.looks} and ${next.looks} looks, ${whole.looks} in all`);
      assert.equal(await call(model), expected);
      await model.dispose();
    });
  }

  test("threads end between two kernels", async () => {
    const backend = await wasm(undefined, { threads: 2 });
    if (backend.threads !== 2) return console.log(`no threads here: ${backend.reason}`);
    let t: Tensor = input("x", [64, 64]);
    for (let i = 0; i < 50; i++) t = linear(t, input("w", [64, 64]));
    const program = await backend.prepare(plan({ y: t }));
    const data = { x: random(64 * 64), w: random(64 * 64, 2).map((v) => v / 8) };
    const { y } = await program.run(data);
    for (let moment = 0; moment < 5; moment++) {
      const stop = new AbortController();
      const running = code(program.run(data, stop.signal));
      for (let i = 0; i < moment; i++) await Promise.resolve();
      stop.abort();
      assert.is(await running, "Aborted");
      assert.equal((await program.run(data)).y, y);
    }
    backend.dispose();
  });
}

for (const place of places) {
  test(`a call that waits or runs is told of its abort at once, ${place.backend}`, async () => {
    const model = await load(source, place);
    const how = { numLoops: 2 };
    const expected = await model.explain(rows, how);
    const stop = new AbortController();
    const order: string[] = [];
    const first = model.explain(rows, how).then(() => order.push("first"));
    const waits = code(model.explain(rows, { ...how, signal: stop.signal })).then((what) => order.push(what));
    stop.abort();
    await Promise.all([first, waits]);
    assert.equal(order, ["Aborted", "first"]);
    const again = new AbortController();
    const running = code(model.explain(rows, { ...how, signal: again.signal }));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    again.abort();
    assert.match(await running, /^(Aborted|none)$/); // it may be done by then
    assert.equal(await model.explain(rows, how), expected);
    await model.dispose();
  });
}

test("points that are grouped, singular values that are found", async () => {
  const points = normal(200, 3, 7);
  const how = { groups: 100, size: 4, normalize: true, cls: false, hidden: 0 };
  const x = random(60 * 60);
  const works: ((signal?: AbortSignal) => Promise<unknown>)[] = [
    (signal) => encodeCloud({ points }, how, signal),
    (signal) => singularValues(x, 60, 60, signal),
  ];
  for (const work of works) {
    const expected = await work();
    const whole = await late(() => work());
    assert.equal(whole.value, expected);
    const cut = await stopped(work);
    assert.is(cut.value, "Aborted");
    assert.ok(cut.looks < whole.looks / 2, `${cut.looks} of ${whole.looks} looks at the clock`);
  }
});

test.run();
