// States: what runs write and later runs read, on the device. A model of them is an array for each owner and name; whatever
// owners do in whatever order, the device has what the arrays have.

import fc from "fast-check";
import { test as check, suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, States } from "../src/backends/backend.ts";
import { wasm } from "../src/backends/wasm/wasm.ts";
import { isWork, plan, workBytes } from "../src/graph/plan.ts";
import { input, state, type Tensor } from "../src/graph/tensor.ts";
import { add } from "../src/ops/elementwise.ts";
import { writeRows } from "../src/ops/write_rows.ts";
import { backends, findDevice, random, upload } from "./support.ts";

const seed = 16;
console.log(`states: fast-check with seed ${seed}`);

const WIDTH = 5; // no multiple of a vector
const position = input("position", [1]);

/** Writes `n` rows into a state of `rows`, and reads twice of it as they are then. */
function writing(name: string, rows: number, n: number): Record<string, Tensor> {
  const kept = writeRows(state(name, [1, rows, WIDTH]), input(`new ${name}`, [1, n, WIDTH]), position);
  return { [name]: add(kept, kept) };
}

check(
  "a plan: a state has a buffer of its own, which is no input and no work, and a result in place passes it on",
  () => {
    const x = input("x", [1, 2, WIDTH]);
    const kept = writeRows(state("a", [1, 8, WIDTH]), add(x, x), position);
    const later = add(add(kept, kept), kept);
    const todo = plan({ later: add(later, later), kept });
    const own = todo.buffers.findIndex(({ state }) => state === "a");
    assert.equal(todo.buffers[own], { bytes: 4 * 8 * WIDTH, state: "a" });
    assert.equal(Object.keys(todo.inputs).sort(), ["position", "x"]);
    assert.is(todo.outputs.kept.buffer, own);
    const writes = todo.steps.filter(({ buffers: [out] }) => out === own).map(({ kernel }) => kernel);
    assert.equal(writes, ["write_rows"], "no other step writes over it");
    const [write] = todo.steps.filter(({ kernel }) => kernel === "write_rows");
    assert.is(write.buffers.length, 3, "the state once, as what is written");
    assert.is(
      workBytes(todo),
      todo.buffers.filter(isWork).reduce((n, { bytes }) => n + bytes, 0),
    );
    assert.throws(() => writeRows(x, x, position), /write_rows does not fit x/);
    assert.throws(() => writeRows(state("a", [1, 8, 4]), x, position), /write_rows does not fit/);
    assert.throws(() => writeRows(state("a", [2, 8, WIDTH]), input("x", [2, 1, WIDTH]), position), /write_rows/);
  },
);

/** What owners may do: an owner writes rows into a state, which may have to grow; is gone; or weights arrive. */
type Deed =
  | { kind: "write"; owner: number; name: "a" | "b"; rows: number; n: number; at: number }
  | { kind: "dispose"; owner: number }
  | { kind: "weights"; n: number };
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        owner: fc.nat(2),
        name: fc.constantFrom("a" as const, "b" as const),
        rows: fc.integer({ min: 1, max: 40 }),
        n: fc.integer({ min: 1, max: 3 }),
        at: fc.nat(40),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("dispose" as const), owner: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("weights" as const), n: fc.integer({ min: 1, max: 99 }) }) },
  ),
  { minLength: 1, maxLength: 12 },
);

interface Owner {
  states: States;
  model: Map<string, Float32Array>;
}

async function follow(backend: Backend, list: Deed[], weights: { count: number }): Promise<void> {
  const owners = new Map<number, Owner>();
  const ownerOf = async (i: number) => {
    const found = owners.get(i) ?? { states: await backend.createStates(), model: new Map() };
    owners.set(i, found);
    return found;
  };
  for (const [k, deed] of list.entries()) {
    if (deed.kind === "weights") {
      await upload(backend, `w ${weights.count++}`, random(deed.n));
    } else if (deed.kind === "dispose") {
      const owner = owners.get(deed.owner);
      owner?.states.dispose();
      owners.delete(deed.owner);
      // A run comes after it, so it has happened.
      assert.is(owner?.states.bytes ?? 0, 0);
    } else {
      const { name, rows, n, at } = deed;
      const { states, model } = await ownerOf(deed.owner);
      const before = model.get(name) ?? new Float32Array();
      const now = new Float32Array(Math.max(before.length, rows * WIDTH));
      now.set(before);
      const x = random(n * WIDTH, k + 1);
      for (let r = 0; r < n && at + r < rows; r++) now.set(x.subarray(r * WIDTH, (r + 1) * WIDTH), (at + r) * WIDTH);
      model.set(name, now);
      const program = await backend.prepare(plan(writing(name, rows, n)));
      const found = await program.run({ [`new ${name}`]: x, position: Float32Array.of(at) }, undefined, states);
      program.dispose();
      assert.equal(
        found[name],
        now.subarray(0, rows * WIDTH).map((v) => v + v),
        `${k}: ${JSON.stringify(list)}`,
      );
      const least = [...model.values()].reduce((n, { byteLength }) => n + byteLength, 0);
      assert.ok(least <= states.bytes && states.bytes <= least + 16 * model.size, `${states.bytes} of ${least}`);
    }
  }
  for (const { states } of owners.values()) states.dispose();
}

for (const backend of backends) {
  const test = suite(`states, ${backend.name}`);

  test("owners that write, grow, go and have weights beside them: each has its own, and new rows are zeros", async () => {
    const weights = { count: 0 };
    const property = fc.asyncProperty(deeds, (list) => follow(backend, list, weights));
    await fc.assert(property, { seed, numRuns: backend.name === "wasm" ? 200 : 25 });
  });

  test("plans share what an owner has, and a run after disposal begins with zeros", async () => {
    const [small, large] = [
      await backend.prepare(plan(writing("a", 4, 3))),
      await backend.prepare(plan(writing("a", 9, 1))),
    ];
    const states = await backend.createStates();
    const x = random(3 * WIDTH, 1);
    const y = random(WIDTH, 2);
    await small.run({ "new a": x, position: Float32Array.of(0) }, undefined, states);
    const step = () => large.run({ "new a": y, position: Float32Array.of(3) }, undefined, states);
    const expected = new Float32Array(9 * WIDTH);
    expected.set(x);
    expected.set(y, 3 * WIDTH);
    for (let i = 0; i < 2; i++) {
      assert.equal(
        (await step()).a,
        expected.map((v) => v + v),
      );
    }
    assert.is(states.bytes >= 4 * 9 * WIDTH, true);
    states.dispose();
    expected.fill(0, 0, 3 * WIDTH);
    assert.equal(
      (await step()).a,
      expected.map((v) => v + v),
    );
    states.dispose();
    states.dispose();
    small.dispose();
    large.dispose();
  });

  test.run();
}

const memory = suite("states in WASM memory");

memory("what is freed is used again: memory that one owner needed is enough for those after it", async () => {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  let grown = 0;
  prototype.grow = function (pages) {
    grown++;
    return grow.call(this, pages);
  };
  try {
    const backend = await wasm();
    const program = await backend.prepare(plan(writing("a", 2 ** 16, 1)));
    const inputs = { "new a": random(WIDTH), position: Float32Array.of(0) };
    for (let i = 0; i < 5; i++) {
      const states = await backend.createStates();
      await program.run(inputs, undefined, states);
      assert.is(states.bytes, 4 * 2 ** 16 * WIDTH);
      states.dispose();
      if (!i) grown = 0;
    }
    assert.is(grown, 0);
    backend.dispose();
  } finally {
    prototype.grow = grow;
  }
});

memory.run();

if (backends.some(({ name }) => name === "webgpu")) {
  const gpu = suite("states on a GPU");
  gpu("buffers that are made are destroyed: when they grow, by their owner, and with the backend", async () => {
    const { webgpu } = await import("../src/backends/webgpu/webgpu.ts");
    const device = (await findDevice())!;
    let living = 0;
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      living++;
      let gone = false;
      buffer.destroy = () => {
        if (!gone) living--;
        gone = true;
        destroy();
      };
      return buffer;
    };
    const backend = webgpu(device, false);
    const programs = [4, 40, 400].map((rows) => backend.prepare(plan(writing("a", rows, 1))));
    const inputs = { "new a": random(WIDTH), position: Float32Array.of(0) };
    const ready = await Promise.all(programs);
    const before = living;
    const [one, two] = [await backend.createStates(), await backend.createStates()];
    for (const states of [one, two]) for (const program of ready) await program.run(inputs, undefined, states);
    assert.is(living, before + 2, "a buffer each");
    one.dispose();
    assert.is(living, before + 1);
    for (const program of ready) program.dispose();
    backend.dispose();
    assert.is(living, 0, "the other one goes with the backend");
    device.destroy();
  });
  gpu.run();
}

check.run();
