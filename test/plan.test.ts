// Plans of random graphs: a buffer that is still to be read is never given away, and reuse changes no number.

import fc from "fast-check";
import { test as check, suite } from "uvu";
import * as assert from "uvu/assert";
import { type Plan, plan, workBytes } from "../src/graph/plan.ts";
import { Auxiliary, cols, history, input, size, type Tensor, weight } from "../src/graph/tensor.ts";
import { activations } from "../src/ops/activation.ts";
import { attend } from "../src/ops/attend.ts";
import { dot } from "../src/ops/dot.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import { selectRow } from "../src/ops/select.ts";
import { softmax } from "../src/ops/softmax.ts";
import { runGuarded } from "./ruled.ts";
import { backends, random } from "./support.ts";

const seed = 20;
console.log(`plans: fast-check with seed ${seed}`);

/** A graph as numbers: for each op which, and for its inputs which of the tensors there are so far. */
interface Recipe {
  ops: [op: number, left: number, right: number][];
  outputs: number[];
}

const recipes = (most: number): fc.Arbitrary<Recipe> =>
  fc.record({
    ops: fc.array(fc.tuple(fc.nat(7), fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: most }),
    outputs: fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }),
  });

const lengths = input("lengths", [2]);
const relu = activations.get("relu")!;

/** Two texts of tokens of 3 to 20 numbers each; a recipe's index counts from the newest tensor back. */
function graph({ ops, outputs }: Recipe): Record<string, Tensor> {
  const made: Tensor[] = [input("x", [2, 4, 3]), input("y", [2, 4, 8])];
  const back = (list: Tensor[], i: number) => list[list.length - 1 - (i % list.length)];
  for (const [op, left, right] of ops) {
    const x = back(made, left);
    const others = made.filter((t) => size(t) === size(x) && cols(t) === cols(x));
    const wide = [3, 8, 20][right % 3];
    const apply = [
      () => add(x, back(others, right)),
      () => linear(x, input(`w ${cols(x)} ${wide}`, [wide, cols(x)])),
      () => softmax(x, lengths),
      () => relu(x),
      () => (x.shape.length === 3 ? selectRow(x, right % x.shape[1]) : relu(x)),
      () => (x.shape.length === 3 ? dot(x, back(others, right)) : add(x, x)),
      () => add(x, input(`b ${x.shape}`, x.shape)),
      () => (x.shape.length === 3 ? attend(x, x, x, lengths, 1, 1) : relu(x)),
    ];
    const y = apply[op]();
    made.push(y);
    // What is written beside a tensor is read, or not.
    if (y.auxiliary && right % 2) made.push(softmax(y.auxiliary[0], lengths));
  }
  return Object.fromEntries(outputs.map((i, key) => [`${key}`, back(made, i)]));
}

/** Random numbers for every leaf; the second text has no tokens. */
function leaves(outputs: Record<string, Tensor>): Record<string, Float32Array> {
  const found = history(Object.values(outputs)).filter((t) => t.name !== undefined);
  const data = Object.fromEntries(found.map((t) => [t.name!, random(size(t), 100 * size(t) + t.name!.length)]));
  return { ...data, lengths: Float32Array.of(3, 0) };
}

/** Follows what each buffer holds; `order` are the tensors that the steps make. */
function follow(todo: Plan, outputs: Record<string, Tensor>): void {
  const all = history(Object.values(outputs));
  const order = all.filter((t) => t.name === undefined && t.op !== Auxiliary);
  assert.is(todo.steps.length, order.length);
  const holds = new Map<number, Tensor | string>();
  for (const [name, { buffer, size: n }] of Object.entries(todo.inputs)) {
    assert.not(holds.has(buffer), "an input has a buffer of its own");
    assert.is(todo.buffers[buffer].bytes, 4 * n);
    holds.set(buffer, name);
  }
  for (const [i, t] of order.entries()) {
    const written = [t, ...(t.auxiliary ?? [])];
    const outs = todo.steps[i].buffers.slice(0, written.length);
    const inputs = todo.steps[i].buffers.slice(written.length);
    assert.equal(todo.steps[i].kernel, t.op.call(t).kernel);
    assert.is(new Set([...outs, ...inputs]).size, outs.length + new Set(inputs).size, "outputs are of their own");
    assert.equal(
      inputs.map((b) => holds.get(b)),
      t.inputs.map((x) => x.name ?? x),
      "every input is there, under its buffer",
    );
    for (const [j, out] of outs.entries()) {
      assert.not(typeof holds.get(out) === "string", "an input is never written over");
      assert.ok(todo.buffers[out].bytes >= 4 * size(written[j]), "the buffer is large enough");
      holds.set(out, written[j]);
    }
  }
  for (const [name, t] of Object.entries(outputs)) {
    assert.is(holds.get(todo.outputs[name].buffer), t.name ?? t, "an output survives");
    assert.is(todo.outputs[name].size, size(t));
  }
}

check("random graphs: no live buffer is given to a new owner, and outputs survive", () => {
  const property = fc.property(recipes(30), (recipe) => {
    const outputs = graph(recipe);
    follow(plan(outputs), outputs);
  });
  fc.assert(property, { seed, numRuns: 400 });
});

check("a chain takes two work buffers, however long", () => {
  let y: Tensor = input("x", [1, 100]);
  for (let i = 0; i < 50; i++) y = relu(y);
  const todo = plan({ y });
  assert.is(todo.buffers.length, 3);
  assert.is(workBytes(todo), 3 * 400);
});

check("a small tensor takes no buffer of more than twice its size", () => {
  const wide = relu(relu(input("x", [1, 100])));
  const narrow = linear(wide, input("w", [10, 100]));
  const { steps, buffers } = plan({ y: relu(relu(narrow)) });
  assert.ok(steps.slice(2).every((s) => buffers[s.buffers[0]].bytes === 40));
});

check("leaves: one buffer a name, weights apart from inputs", () => {
  const again = () => input("x", [2, 3]);
  const y = add(add(again(), again()), weight("x", [2, 3]));
  const todo = plan({ y, x: again() });
  assert.is(todo.buffers.length, 4);
  assert.is(todo.buffers.filter((b) => b.weight === "x").length, 1);
  assert.is(workBytes(todo), 3 * 24);
  assert.is(todo.inputs.x.buffer, todo.outputs.x.buffer);
  assert.is(todo.steps[0].buffers[1], todo.steps[0].buffers[2]);
});

check("one name for leaves of two sizes", () => {
  const y = add(add(input("x", [2, 3]), input("b", [3])), input("b", [2, 3]));
  assert.throws(() => plan({ y }), /input b has 3 elements here and 6 there/);
});

for (const backend of backends) {
  const test = suite(`plans, ${backend.name}`);
  test("random graphs: buffers used again or not, and plans that were JSON, give the same numbers", async () => {
    const property = fc.asyncProperty(recipes(14), async (recipe) => {
      const outputs = graph(recipe);
      const todo = plan(outputs);
      const data = leaves(outputs);
      const alone = await runGuarded(backend, outputs, data);
      for (const each of [todo, JSON.parse(JSON.stringify(todo)) as Plan]) {
        const program = await backend.prepare(each);
        for (let i = 0; i < 2; i++) assert.equal(await program.run(data), alone);
        program.dispose();
      }
    });
    await fc.assert(property, { seed, numRuns: backend.name === "wasm" ? 100 : 25 });
  });

  test("outputs that are inputs, and a plan of no step", async () => {
    const x = input("x", [2, 4, 3]);
    const data = leaves({ x });
    const program = await backend.prepare(plan({ x, same: x }));
    assert.equal(await program.run(data), { x: data.x, same: data.x });
    program.dispose();
  });

  test("inputs of another size, or missing", async () => {
    const y = relu(input("x", [2, 4, 3]));
    const data = leaves({ y });
    const program = await backend.prepare(plan({ y }));
    for (const [given, message] of [
      [{ x: random(23) }, /input x has 23 elements, the plan needs 24/],
      [{}, /input x has undefined elements, the plan needs 24/],
    ] as const) {
      await program.run(given).then(
        () => assert.unreachable("it ran"),
        (error) => assert.match(error.message, message),
      );
    }
    assert.equal(
      (await program.run(data)).y,
      data.x.map((v) => Math.max(v, 0)),
      "and runs all the same afterwards",
    );
    program.dispose();
  });

  test.run();
}

check.run();
