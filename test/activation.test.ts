// The activations, their slopes and the identity rule's gates f(x)/x against float64 (test/twin/activations.ts), at 0, near it
// and far out, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input, type Tensor } from "../src/graph/tensor.ts";
import { activations, tanh } from "../src/ops/activation.ts";
import { softCap } from "../src/ops/soft_cap.ts";
import { again, inner, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";
import { type Activation, activations as twins } from "./twin/activations.ts";
import { Phi } from "./twin/normal.ts";

// Measured on WASM and SwiftShader: absolute 2.2e-7; relative 1.2e-5 for gates, where e⁻⁸⁰ is the last there is of them, and
// 9.4e-6 for what is kept; Φ about −5.5 1.2e-7; sums kept 1.5e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 1e-6;
const RELATIVE = 4e-5;
const PHI = 1e-6;
const KEPT = 1e-7;

// One name of each; `linear` has no kernels.
const NAMES = Object.keys(twins).filter((name, i, all) => {
  return name !== "linear" && all.findIndex((other) => activations.get(other) === activations.get(name)) === i;
});

/** cap · tanh(x / cap) */
const capped = (cap: number): Activation => ({
  f: (x) => cap * twins.tanh.f(x / cap),
  derivative: (x) => twins.tanh.derivative(x / cap),
  gate: (x) => twins.tanh.gate(x / cap),
  kept(x) {
    const u = x / cap;
    const series = (2 / 3 - (8 / 15) * u ** 2 + (34 / 105) * u ** 4) * u ** 3; // where the difference cancels
    return cap * (Math.abs(u) < 0.01 ? series : twins.tanh.kept(u));
  },
});

/** Soft caps beside them: those of gemma2, and one below 1. */
const CURVES: [name: string, f32: (x: Tensor) => Tensor, twin: Activation][] = [
  ...NAMES.map((name): (typeof CURVES)[number] => [name, activations.get(name)!, twins[name]]),
  ...[50, 30, 0.3].map((cap): (typeof CURVES)[number] => [`soft cap ${cap}`, (x) => softCap(x, cap), capped(cap)]),
];

// WebGPU may take subnormal numbers for 0.
const SMALL = [2e-38, 1e-20, 1e-8, 1e-4, 0.01, 0.028, 0.029, 0.0999, 0.1001, 0.4999, 0.5, 0.6249, 0.6251];
const MAGNITUDES = [...SMALL, 1, 1.7, 3, 5.5, 5.999, 6, 6.001, 8, 9, 9.999, 10, 10.001];
const POINTS = [0, -0, ...[...MAGNITUDES, 14, 16.9, 17.1, 30, 88, 100, 1e4].flatMap((m) => [m, -m])];

for (const backend of backends) {
  const test = suite(`activations, ${backend.name}`);

  for (const [name, f32, { f, gate, derivative, kept }] of CURVES) {
    /** `rule` at points with a gradient of 1. */
    const at = (points: ArrayLike<number>, rule: string) => {
      const x = Float32Array.from(points);
      return ruled(backend, f32(input("x", [x.length, 1])), rule, { x }, { g: new Float32Array(x.length).fill(1) });
    };
    const dense = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 150);

    test(`${name}, its gate and its slope, from −13 to 13 and at ${POINTS.length} points beyond and about 0`, async () => {
      for (const points of [dense, Float32Array.from(POINTS)]) {
        const identity = await at(points, "identity");
        const gradient = await at(points, "gradient");
        const over = (values: ArrayLike<number>, of: (x: number) => number, what: string) => {
          const errors = Float64Array.from(points, (x, i) => (values[i] - of(x)) / Math.max(1, Math.abs(of(x))));
          close(errors, new Float64Array(points.length), TOLERANCE, `${name}, ${what} over max(1, itself)`, 1);
        };
        over(identity.y, f, "f");
        over(identity.to[0]!, gate, "f/x");
        over(gradient.to[0]!, derivative, "f′");
        const lost = inner(Float64Array.from(points, kept), [1]);
        close([gradient.kept.activations!], [lost], KEPT, `${name}, activations`, gradient.scale);
        const { activations: offset = 0, ...others } = identity.kept;
        assert.equal(others, {}, "the identity rule keeps nothing else");
        close([offset], [points.length * f(0)], KEPT, `${name}, f(0) for each`, identity.scale);
      }
    });

    test(`${name}'s gates, relative`, async () => {
      const points = dense.filter((x) => gate(x) > 1e-37);
      const { to } = await at(points, "identity");
      const ratios = Float64Array.from(points, (x, i) => to[0]![i] / gate(x));
      close(ratios, new Float64Array(points.length).fill(1), RELATIVE, `${name}, f/x, relative`);
    });

    test(`what ${name}'s gradient keeps, relative`, async () => {
      const points = [...dense, ...Float32Array.from(POINTS)].filter((x) => Math.abs(kept(x)) > 1e-30);
      const y = f32(input("x", [points.length || 1, 1]));
      const rule = y.op.rules!.gradient(input("g", y.shape), y, { options: {}, carries: [true] });
      const x = Float32Array.from(points.length ? points : [1]);
      const { rows } = await runGuarded(backend, { rows: rule.kept![0].rows }, { x, g: x.map(() => 1) });
      const ratios = rows.map((v, i) => (kept(x[i]) ? v / kept(x[i]) : 1 + v));
      close(
        ratios,
        ratios.map(() => 1),
        RELATIVE,
        `${name}, f − x f′, relative`,
      );
    });

    test(`${name} far out`, async () => {
      const points = Float32Array.from([1e5, 1e10, 1e20, 1e30].flatMap((x) => [x, -x]));
      const [x, g] = [input("x", [points.length, 1]), input("g", [points.length, 1])];
      const y = f32(x);
      const at = { options: {}, carries: [true] };
      const [identity, gradient] = ["identity", "gradient"].map((rule) => y.op.rules![rule](g, y, at));
      const outputs = {
        f: y,
        gate: identity.gradients[0]!,
        slope: gradient.gradients[0]!,
        kept: gradient.kept![0].rows,
      };
      const found = await runGuarded(backend, outputs, { x: points, g: points.map(() => 1) });
      for (const [what, of] of Object.entries({ f, gate, slope: derivative, kept })) {
        const expected = Float32Array.from(points, of);
        const same = (v: number, i: number) => v === expected[i] || Math.abs(v / expected[i] - 1) < 1e-6;
        const odd = [...found[what]].findIndex((v, i) => !same(v, i));
        assert.is(odd, -1, `${name}, ${what} at ${points[odd]}: ${found[what][odd]}, not ${expected[odd]}`);
      }
    });

    test(`${name} of more targets than texts`, async () => {
      const data = { x: random(3 * 67, 5).map((v) => 4 * v) };
      const x = again(data.x, 3);
      const y = f32(input("x", [3, 67]));
      const identity = await ruled(backend, y, "identity", data, { targets: 3 });
      close(
        identity.to[0]!,
        identity.g.map((g, i) => g * gate(x[i])),
        TOLERANCE,
        `${name}, g f/x`,
      );
      const gradient = await ruled(backend, y, "gradient", data, { targets: 3 });
      close(
        gradient.to[0]!,
        gradient.g.map((g, i) => g * derivative(x[i])),
        TOLERANCE,
        `${name}, g f′`,
      );
      const lost = inner(gradient.g, data.x.map(kept));
      close([gradient.kept.activations!], [lost], KEPT, `${name}, activations`, gradient.scale);
    });
  }

  test("the gates' limits at 0: GELU ½, tanh 1", async () => {
    const gates = async (f: (x: Tensor) => Tensor) => {
      const x = Float32Array.of(0, -0, 1e-45, -1e-45, 1e-30, -1e-30);
      return (await ruled(backend, f(input("x", [1, 6])), "identity", { x }, { g: new Float32Array(6).fill(1) }))
        .to[0]!;
    };
    for (const [name, limit] of Object.entries({ gelu: 1 / 2, gelu_new: 1 / 2, silu: 1 / 2, tanh: 1 })) {
      close(await gates(activations.get(name)!), new Float32Array(6).fill(limit), 1e-7, `${name}'s limit at 0`);
    }
    const relu = await gates(activations.get("relu")!);
    assert.equal([...relu.subarray(0, 2), ...relu.subarray(3)], [0, 0, 0, 1, 0]);
    assert.equal(await gates(tanh), await gates(activations.get("tanh")!), "the pooler's tanh is the same");
  });

  test("Φ(−5.5) and about it, relative", async () => {
    for (const x of [-5.5, -5.3, -5.711, -6.25]) {
      const y = activations.get("gelu")!(input("x", [1, 1]));
      const { to } = await ruled(backend, y, "identity", { x: Float32Array.of(x) }, { g: Float32Array.of(1) });
      close(to[0]!, [Phi(Math.fround(x))], PHI, `Φ: ${x}`);
    }
  });

  test.run();
}

const names = suite("activations by name");

names("the names of config.json, own ones only", () => {
  assert.is(activations.get("gelu_pytorch_tanh"), activations.get("gelu_new"));
  assert.is(activations.get("swish"), activations.get("silu"));
  assert.equal([...activations.keys()], Object.keys(twins), "the twins' names");
  const x = input("x", [1, 1]);
  assert.is(activations.get("linear")!(x), x);
  for (const name of ["constructor", "__proto__", "GELU", ""]) assert.is(activations.get(name), undefined);
});

names.run();
