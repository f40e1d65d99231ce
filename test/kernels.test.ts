// The kernels as a whole: every one has a twin in the other language that is called the same way, stays within its buffers
// and takes its rows from a folded grid as from a straight one.

import { test as check, suite } from "uvu";
import * as assert from "uvu/assert";
import { builtin, rest } from "../src/backends/wasm/builtin.ts";
import { chooseBuild } from "../src/backends/wasm/module.ts";
import { argumentTypes, entryPoints, kernelName } from "../src/backends/webgpu/kernels.ts";
import { rare } from "../src/generated/rare.ts";
import { shaders as common } from "../src/generated/shaders.ts";
import { narrow } from "../src/graph/narrow.ts";
import { plan } from "../src/graph/plan.ts";
import { decoded, history, input, state, type Tensor, words } from "../src/graph/tensor.ts";
import { activations } from "../src/ops/activation.ts";
import { attend } from "../src/ops/attend.ts";
import { context, scores } from "../src/ops/attention.ts";
import { dot } from "../src/ops/dot.ts";
import { add } from "../src/ops/elementwise.ts";
import { expertLinear } from "../src/ops/expert_linear.ts";
import { gate } from "../src/ops/gate.ts";
import { linear } from "../src/ops/linear.ts";
import { layerNorm } from "../src/ops/norm.ts";
import { normalize } from "../src/ops/normalize.ts";
import { plainWeights } from "../src/ops/plain_weights.ts";
import { relativeShift } from "../src/ops/relative_shift.ts";
import { reshape } from "../src/ops/reshape.ts";
import { rotary } from "../src/ops/rotary.ts";
import { mixture, take, topK } from "../src/ops/routing.ts";
import { scaleRows } from "../src/ops/scale_rows.ts";
import { seed } from "../src/ops/seed.ts";
import { repeat, segmentMax } from "../src/ops/segments.ts";
import { selectRow } from "../src/ops/select.ts";
import { share, signedPart, wherePositive } from "../src/ops/signs.ts";
import { softCap } from "../src/ops/soft_cap.ts";
import { softmax } from "../src/ops/softmax.ts";
import { squares } from "../src/ops/squares.ts";
import { stabilize, stabilizer } from "../src/ops/stabilize.ts";
import { writeRows } from "../src/ops/write_rows.ts";
import { type Composite, methods } from "../src/propagation/composites.ts";
import { propagate } from "../src/propagation/propagate.ts";
import { runGuarded } from "./ruled.ts";
import { backends, findDevice, random } from "./support.ts";

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
const exportsOf = async (bytes: Uint8Array<ArrayBuffer>) =>
  (await WebAssembly.instantiate(bytes, { env: { memory } })).instance.exports;
const usual = await exportsOf(await builtin("simd"));
const others = await exportsOf((await rest("simd"))!);
const exports = { ...others, ...usual };
const functions = new Map(Object.entries(exports).filter(([, f]) => typeof f === "function") as [string, () => void][]);
const shaders = { ...common, ...rare };
const entries = Object.entries(shaders).flatMap(([file, code]) =>
  entryPoints(code).map((entryPoint) => ({ name: kernelName(file, entryPoint), entryPoint, code })),
);

/** A function's text, with that of every function of its shader that it calls. */
function reachable(code: string, name: string, seen = new Set<string>()): string {
  if (seen.has(name)) return "";
  seen.add(name);
  const start = code.search(new RegExp(`\\bfn ${name}\\b`));
  const rest = code.slice(code.indexOf("{", start));
  const end = /\n(@compute|fn |const |override |struct |var<)/.exec(rest)?.index ?? rest.length;
  const body = rest.slice(0, end);
  const called = [...body.matchAll(/\b(\w+)\(/g)].map(([, f]) => f).filter((f) => code.includes(`fn ${f}(`));
  return body + called.map((f) => reachable(code, f, seen)).join("");
}

/** The names of a shader's bindings that an entry point uses, by their numbers, of which it uses none twice. */
function bindings(code: string, name: string): string[] {
  const text = reachable(code, name);
  const used = [...code.matchAll(/@binding\((\d+)\) ?var<[^>]*> ?(\w+)/g)]
    .map(([, at, binding]) => ({ at: Number(at), binding }))
    .filter(({ binding }) => new RegExp(`(?<![.\\w])${binding}[.[]`).test(text))
    .sort((a, b) => a.at - b.at);
  assert.equal(
    used.map(({ at }) => at),
    [...used.keys()],
    `${name}: bindings without a gap`,
  );
  return used.map(({ binding }) => binding);
}

check("twins: every entry point has an export, every export an entry point", () => {
  assert.equal(entries.map(({ name }) => name).sort(), [...functions.keys()].sort());
  assert.is(new Set(entries.map(({ name }) => name)).size, entries.length, "no name twice");
  assert.ok(entries.length > 30, "the scan finds them");
});

check("twins: the output, the inputs, then the fields of Args", () => {
  for (const { name, entryPoint, code } of entries) {
    const used = bindings(code, entryPoint);
    assert.equal(used.slice(0, 2), ["out", "args"], `${name} uses its output and its arguments`);
    const fields = argumentTypes(code);
    assert.ok(fields.length && fields.every((type) => type === "u32" || type === "f32"), name);
    assert.is(functions.get(name)!.length, used.length - 1 + fields.length, `${name}: as many parameters`);
  }
});

check("exports: kernels and where free memory begins, nothing else", () => {
  assert.equal(
    Object.keys(exports).filter((name) => !functions.has(name)),
    ["heap"],
  );
});

check("the rare kernels have nothing that the usual ones have, and keep out of their memory", () => {
  const both = Object.keys(others).filter((name) => name in usual);
  assert.equal(both, ["heap"]);
  const scratch = 4 * (3 * 2 ** 17 + 4); // assembly/memory.ts
  const start = (module: WebAssembly.Exports) => (module.heap as WebAssembly.Global<"i32">).value - scratch;
  assert.ok(start(others) <= 4096 && start(usual) > 4096, `${start(others)} and ${start(usual)}`);
});

check("builds: the same exports with relaxed SIMD, where the runtime takes it", async () => {
  if (chooseBuild() === "simd") return console.log("no relaxed SIMD here");
  for (const [bytes, simd] of [
    [await builtin("relaxed"), usual],
    [(await rest("relaxed"))!, others],
  ] as const) {
    const names = WebAssembly.Module.exports(await WebAssembly.compile(bytes)).map(({ name }) => name);
    assert.equal(names, Object.keys(simd));
  }
  assert.is(chooseBuild(true), "simd");
});

/** Activations that have kernels, each once. */
const curves = [...new Set(activations.values()), (x: Tensor) => softCap(x, 0.7)].filter(
  (f) => f(input("x", [1, 1])).op.name === "activation",
);

/** A small model of every op, explained by every rule: each kernel is at work in it. */
function everything(): Record<string, Tensor> {
  const [batch, t, heads, width, classes] = [3, 5, 2, 6, 4];
  const dense = (name: string, x: Tensor, n: number, bias = true) => {
    const w = input(`${name}.w`, [n, x.shape[x.shape.length - 1]]);
    return bias ? linear(x, w, input(`${name}.b`, [n])) : linear(x, w);
  };
  const words = input("words", [batch, t, width]);
  const x = layerNorm(add(words, input("places", [t, width])), input("n.w", [width]), input("n.b", [width]), 1e-5);
  const [q, k, v] = ["q", "k", "v"].map((name) => dense(name, x, width));
  const lengths = input("lengths", [batch]);
  const p = softmax(scores(q, k, heads, 0.5), lengths);
  let y = add(attend(q, k, v, lengths, heads, 0.5), dense("o", context(p, v), width, false));
  y = add(y, dense("residual", y, width));
  const turned = rotary(y, input("angles", [t, width]));
  const apart = [false, true].map((keys) =>
    relativeShift(scores(turned, input("table", [batch, 2 * t - 1, width]), heads, 0.5), keys),
  );
  const near = softmax(add(apart[0], apart[1]), lengths, { before: 2, after: 1 });
  y = gate(dense("gate", context(near, turned), width), y);
  for (const [i, f] of curves.entries()) y = f(dense(`activation ${i}`, y, width));
  const pairs = repeat(segmentMax(reshape(y, [batch, 2 * t, width / 2]), 2), 2);
  y = add(y, reshape(pairs, [batch, t, width]));
  const router = dense("router", y, 5, false);
  const choice = topK(router, 2);
  const made = expertLinear(y, input("experts", [5, width, width]), choice);
  y = mixture(made, softmax(take(router, choice), input("two", [1])));
  const linearly = add(scores(y, y, heads, 0.5), scores(input("ones", [1, t, heads]), squares(y, heads), heads, -0.5));
  y = scaleRows(context(plainWeights(linearly, lengths), y), input("rows", [batch, t]));
  const logits = dense("classes", normalize(selectRow(y, 1)), classes);
  const start = seed(logits, input("request", [2 * batch, classes + 1]));

  const outputs: Record<string, Tensor> = { logits };
  outputs.written = writeRows(state("kept", [1, t, width]), input("new", [1, t, width]), input("position", [1]));
  for (const kind of ["f16", "bf16"] as const) {
    outputs[kind] = decoded(input(`${kind} bits`, [6, 3], narrow([6, 3], { kind, group: 0, offsets: false })));
  }
  const kept = (shape: number[]) => narrow(shape, { kind: "int8", group: 8, offsets: true }, 0, 1, -1);
  const weights = input("narrow", [8, 16], kept([8, 16]));
  const given = input("narrow x", [2, 16]);
  const back = (y: Tensor, more?: Tensor) => {
    const { gradients } = y.op.rules!.gradient(input(`narrow g ${y.shape}`, [...y.shape]), y, {
      options: {},
      carries: [true, false],
    });
    return more ? gradients[0]!.op.plus!(gradients[0]!, more)! : gradients[0]!;
  };
  const plain = linear(given, weights);
  const biased = linear(given, weights, input("narrow b", [8]));
  const added = biased.op.plus!(biased, input("narrow r", [2, 8]))!;
  outputs.plain = plain;
  outputs.biased = biased;
  outputs.added = added;
  outputs.back = back(plain);
  outputs["back added"] = back(plain, given);
  const mixed = expertLinear(
    input("narrow tokens", [batch, t, 16]),
    input("narrow experts", [5, 8, 16], kept([5, 8, 16])),
    choice,
  );
  outputs.mixed = mixed;
  outputs["mixed back"] = back(mixed);
  const epsilon: Composite = { linear: ["epsilon", { eps: 0.1 }] };
  const others = [["epsilon", epsilon] as const, ["z-plus", { linear: "z-plus" }] as const];
  for (const [name, composite] of [...methods, ...others]) {
    const { gradients, kept } = propagate(logits, start, [[words]], composite);
    outputs[name] = gradients.get(words)!;
    for (const [i, { rows }] of kept.entries()) outputs[`${name} kept ${i}`] = rows;
  }
  return outputs;
}

/** Every kernel of a thread an element or a row, on more of them than two workgroups take. */
function many(): Record<string, Tensor> {
  const n = 200;
  const [x, g] = [input("many x", [n, 3]), input("many g", [n, 3])];
  const at = { options: {}, carries: [true] };
  const through = (y: Tensor, rule: string) => y.op.rules![rule](g, y, at);
  const found: Tensor[] = [add(x, g), dot(x, g), stabilize(x, g, 0.1), stabilizer(x, 0.1)];
  found.push(signedPart(x, -1), share(x, x, g, 1), wherePositive(x, g, x));
  for (const f of curves) {
    const gradient = through(f(x), "gradient");
    found.push(f(x), gradient.gradients[0]!, gradient.kept![0].rows, through(f(x), "identity").gradients[0]!);
  }
  const picked = selectRow(input("many rows", [n, 2, 3]), 1);
  const placed = picked.op.rules!.gradient(input("many picked", [n, 1, 3]), picked, at).gradients[0]!;
  const angles = input("many angles", [n / 2, 2]);
  const turned = rotary(input("many turned", [2, n / 2, 4]), angles);
  const bits = (["f16", "bf16"] as const).map((kind) =>
    input("many bits", [2 * n, 3], narrow([2 * n, 3], { kind, group: 0, offsets: false })),
  );
  found.push(...bits.map(decoded));
  found.push(turned, gate(x, g), through(gate(x, g), "gradient").gradients[0]!);
  const apart = relativeShift(input("many apart", [1, 2, 20, 39]), false);
  found.push(apart, apart.op.rules!.gradient(input("many pairs", [1, 2, 20, 20]), apart, at).gradients[0]!);
  found.push(softmax(input("many scores", [2, n, 4]), input("many lengths", [2]), { before: 2, after: 1 }));
  const grouped = input("many grouped", [2, n, 3]);
  for (const y of [segmentMax(grouped, 2), repeat(grouped, 2)]) {
    found.push(y, y.op.rules!.gradient(input(`many ${y.op.name}`, [...y.shape]), y, at).gradients[0]!);
  }
  found.push(plainWeights(input("many scores", [2, n, 4]), input("many lengths", [2])));
  found.push(scaleRows(x, input("many scales", [n, 1])), normalize(x));
  const router = input("many routers", [1, n, 3]);
  const taken = take(router, topK(router, 2));
  found.push(taken, taken.op.rules!.gradient(input("many taken", [1, n, 2]), taken, at).gradients[0]!);
  found.push(mixture(input("many made", [1, 2 * n, 3]), taken));
  found.push(writeRows(state("many kept", [1, n, 3]), input("many new", [1, n, 3]), input("position", [1])));
  found.push(picked, placed, seed(x, input("many requests", [n, 4])));
  return Object.fromEntries(found.map((t, i) => [`many ${i}`, t]));
}

const outputs = everything();
const large = many();
const leaves = history(Object.values({ ...outputs, ...large })).filter((t) => t.name !== undefined);
const data = Object.fromEntries(leaves.map((t, i) => [t.name!, random(words(t), i + 1)]));
// Pairs of numbers of 16 bits, finite in either dtype.
for (const [name, values] of Object.entries(data)) {
  const bits = new Uint32Array(values.buffer);
  if (name.endsWith("bits")) for (let i = 0; i < bits.length; i++) bits[i] &= 0xbb3fbb3f;
}
data.lengths = Float32Array.of(5, 0, 3);
data["many lengths"] = Float32Array.of(4, 3);
data.position = Float32Array.of(0);
data.two = Float32Array.of(2);

for (const backend of backends) {
  const test = suite(`kernels, ${backend.name}`);

  test("canaries: every kernel within its buffers, every element written", async () => {
    const made = plan(outputs).steps.map(({ kernel }) => kernel);
    assert.equal([...new Set(made)].sort(), [...functions.keys()].sort(), "no kernel is left out");
    await runGuarded(backend, outputs, data);
  });

  test("a plan that reuses buffers, to the bit", async () => {
    const program = await backend.prepare(plan(outputs));
    const states = await backend.createStates();
    const [once, twice] = [await program.run(data, undefined, states), await program.run(data, undefined, states)];
    states.dispose();
    assert.equal(once, await runGuarded(backend, outputs, data));
    assert.equal(twice, once, "and again, over what the last run left");
    program.dispose();
  });

  if (backend.name === "webgpu") {
    test("grids folded as beyond 65,535 workgroups, to the bit", async () => {
      const straight = plan({ ...outputs, ...large });
      const folding = new Set(entries.filter(({ name, code }) => folds(name, code)).map(({ name }) => name));
      const fold = ([n]: readonly number[]): [number, number, number] => [2, Math.ceil(n / 2) + 1, 1];
      const steps = straight.steps.map((s) => (folding.has(s.kernel) ? { ...s, grid: fold(s.grid) } : s));
      const folded = new Set(straight.steps.filter((s) => s.grid[0] > 2).map((s) => s.kernel));
      for (const name of folding) assert.ok(folded.has(name), `${name} has workgroups to fold`);
      assert.ok(folding.size > 25);
      const results = [];
      for (const todo of [straight, { ...straight, steps }]) {
        const program = await backend.prepare(todo);
        const states = await backend.createStates();
        results.push(await program.run(data, undefined, states));
        states.dispose();
        program.dispose();
      }
      assert.equal(results[1], results[0]);
    });

    test("shaders, each compiled by itself, without a message", async () => {
      const device = (await findDevice())!;
      for (const [name, code] of Object.entries(shaders)) {
        device.pushErrorScope("validation");
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
        assert.equal(
          messages.map(({ message }) => message),
          [],
          name,
        );
        assert.is(await device.popErrorScope(), null, name);
      }
      device.destroy();
    });
  }

  test.run();
}

/** Kernels that go by their row or element read the grid's width, all others one of its dimensions for each of theirs. */
function folds(name: string, code: string): boolean {
  const header = code.slice(0, code.indexOf("{", code.search(new RegExp(`fn ${name}\\b`))));
  return header.slice(header.lastIndexOf("@compute")).includes("num_workgroups");
}

check.run();
