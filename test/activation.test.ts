// The activations, their slopes and the identity rule's gates f(x)/x against float64 (test/twin/activations.ts), at 0, near it
// and far out, on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { activations, tanh } from "../src/ops/activation.ts";
import { input, type Tensor } from "../src/tensor.ts";
import { again, inner, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";
import { activations as twins } from "./twin/activations.ts";
import { Phi } from "./twin/normal.ts";

// Measured on WASM and SwiftShader: absolute 2.2e-7; relative 1.2e-5 for gates, where e⁻⁸⁰ is the last there is of them, and
// 9.4e-6 for what is kept; Φ about −5.5 1.2e-7; sums kept 1.5e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 1e-6;
const RELATIVE = 4e-5;
const PHI = 1e-6;
const KEPT = 1e-7;

const NAMES = ["gelu", "gelu_new", "relu", "silu", "tanh"];

// WebGPU may take subnormal numbers for 0.
const MAGNITUDES = [2e-38, 1e-20, 1e-8, 1e-4, 0.01, 0.0999, 0.1001, 0.5, 0.6249, 0.6251, 1, 1.7, 3, 5.5, 8, 9];
const POINTS = [0, -0, ...[...MAGNITUDES, 14, 30, 88, 100, 1e4].flatMap((m) => [m, -m])];

for (const backend of backends) {
  const test = suite(`activations, ${backend.name}`);

  for (const name of NAMES) {
    const { f, gate, derivative, kept } = twins[name];
    const f32 = activations.get(name)!;
    /** `rule` at points with a gradient of 1. */
    const at = (points: ArrayLike<number>, rule: string) => {
      const x = Float32Array.from(points);
      return ruled(backend, f32(input("x", [1, x.length])), rule, { x }, { g: new Float32Array(x.length).fill(1) });
    };
    const dense = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 150);

    test(`${name}, its gate and its slope, from −13 to 13 and at ${POINTS.length} points beyond and about 0`, async () => {
      for (const points of [dense, Float32Array.from(POINTS)]) {
        const identity = await at(points, "identity");
        const gradient = await at(points, "gradient");
        const over = (values: ArrayLike<number>, of: (x: number) => number) => {
          return Float64Array.from(points, (x, i) => (values[i] - of(x)) / Math.max(1, Math.abs(x)));
        };
        const none = new Float64Array(points.length);
        close(over(identity.y, f), none, TOLERANCE, `${name}, f / max(1, |x|)`, 1);
        close(identity.to[0]!, Float64Array.from(points, gate), TOLERANCE, `${name}, f/x`, 1);
        close(gradient.to[0]!, Float64Array.from(points, derivative), TOLERANCE, `${name}, f′`, 1);
        const lost = inner(Float64Array.from(points, kept), [1]);
        close([gradient.kept.activations!], [lost], KEPT, `${name}, activations`, gradient.scale);
        assert.equal(identity.kept, {}, "the identity rule keeps nothing");
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
  for (const name of ["constructor", "__proto__", "GELU", ""]) assert.is(activations.get(name), undefined);
});

names.run();
