// The dense layers' variants on WebGPU: whatever the tile, and whether operands are staged in workgroup memory or not,
// the same bits; and these against float64 loops (test/twin/linear.ts).
//
// A software GPU takes seconds to compile a staged variant; RELPROP_FULL=1 tries all of them, else two stand for them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { webgpu } from "../src/backends/webgpu/webgpu.ts";
import { type Plan, plan } from "../src/graph/plan.ts";
import { input, size, type Tensor } from "../src/graph/tensor.ts";
import { add } from "../src/ops/elementwise.ts";
import { linear } from "../src/ops/linear.ts";
import { again } from "./ruled.ts";
import { close, findDevice, random } from "./support.ts";
import * as twin from "./twin/linear.ts";

// Measured on SwiftShader: 5.0e-7.
const TOLERANCE = 2e-6;
const full = globalThis.process?.env?.RELPROP_FULL === "1";

const sizes = [...Array.from({ length: 17 }, (_, i) => i + 1), 31, 32, 33, 63, 64, 65, 127, 128, 129];

/** Rows, depth and columns: each of `sizes` in each place, aligned to four or not, with parts (from 513 on) or without. */
const SHAPES: [rows: number, depth: number, cols: number][] = [
  ...sizes.map((n, i): [number, number, number] => [
    n,
    sizes[(7 * i + 3) % sizes.length],
    sizes[(11 * i + 5) % sizes.length],
  ]),
  [1, 768, 64],
  [7, 512, 36],
  [9, 513, 35],
  [17, 516, 68],
  [33, 1030, 10],
  [130, 640, 72],
];
/** Those that every staged variant is tried on. */
const STAGED: typeof SHAPES = [
  [1, 4, 4],
  [33, 24, 36],
  [70, 516, 68],
  [3, 5, 7],
  [67, 33, 65],
  [34, 521, 35],
];

/** The five kernels on one shape, with gradients of two targets. */
function kernels([rows, depth, cols]: (typeof SHAPES)[0]) {
  const x = input("x", [rows, depth]);
  const w = input("w", [cols, depth]);
  const b = input("b", [cols]);
  const g = input("g", [2 * rows, cols]);
  const grad = () => linear(x, w).op.rules!.gradient(g, linear(x, w), { options: {}, carries: [true] }).gradients[0]!;
  const outputs: Record<string, Tensor> = {
    linear: linear(x, w),
    linear_bias: linear(x, w, b),
    linear_bias_add: add(input("r", [rows, cols]), linear(x, w, b)),
    linear_grad: grad(),
    linear_grad_add: add(input("sum", [2 * rows, depth]), grad()),
  };
  const leaves = Object.values(outputs).flatMap(({ inputs }) => inputs);
  const data = Object.fromEntries(leaves.map((t) => [t.name!, random(size(t), t.name!.charCodeAt(0))]));
  return { outputs, data };
}

/** The plan with other tiles. */
const tiled = ({ steps, ...rest }: Plan, tile: number): Plan => ({
  ...rest,
  steps: steps.map((step) => {
    const [n, m] = step.args;
    const constants = { ...step.constants!, TILE: tile };
    return { ...step, constants, grid: [Math.ceil(m / tile), Math.ceil(n / tile), 1] };
  }),
});

const device = await findDevice();
if (device) {
  const test = suite("tiles, webgpu");
  const direct = webgpu(device, false, { staged: false });
  const staged = webgpu(device, false, { staged: true });

  for (const shape of SHAPES) {
    test(`read where they are, ${shape.join(" × ")}`, async () => {
      const [rows, depth, cols] = shape;
      const { outputs, data } = kernels(shape);
      const todo = plan(outputs);
      assert.equal(todo.steps.map(({ kernel }) => kernel).sort(), Object.keys(outputs).sort(), "one step each");
      const small = await direct.prepare(tiled(todo, 32));
      const found = await small.run(data);
      const y = twin.linear(data.x, data.w, null, rows, depth, cols);
      const biased = twin.linear(data.x, data.w, data.b, rows, depth, cols);
      const gx = twin.linearGrad(data.g, data.w, 2 * rows, depth, cols);
      close(found.linear, y, TOLERANCE, `x wᵀ: ${shape}`);
      close(found.linear_bias, biased, TOLERANCE, `x wᵀ + b: ${shape}`);
      close(found.linear_bias_add, plus(biased, data.r), TOLERANCE, `x wᵀ + b + r: ${shape}`);
      close(found.linear_grad, gx, TOLERANCE, `g w: ${shape}`);
      close(found.linear_grad_add, plus(gx, data.sum), TOLERANCE, `g w + sum: ${shape}`);
      const large = await direct.prepare(tiled(todo, 64));
      assert.equal(await large.run(data), found, "tiles of 64");
      for (const program of [small, large]) program.dispose();
    });
  }

  const names = Object.keys(kernels([1, 1, 1]).outputs);
  const every = names.flatMap((name) => [32, 64].flatMap((tile) => [true, false].map((a) => [name, tile, a] as const)));
  const some = [["linear_bias_add", 32, true] as const, ["linear_grad_add", 64, false] as const];
  for (const [name, tile, aligned] of full ? every : some) {
    test(`staged: ${name}, tiles of ${tile}${aligned ? "" : ", not aligned"}`, async () => {
      for (const shape of STAGED) {
        const { outputs, data } = kernels(shape);
        const todo = plan({ [name]: outputs[name] });
        if (Boolean(todo.steps[0].constants!.ALIGNED) !== aligned) continue;
        const [here, there] = [await direct.prepare(todo), await staged.prepare(tiled(todo, tile))];
        assert.equal(await there.run(data), await here.run(data), `${shape}`);
        for (const program of [here, there]) program.dispose();
      }
    });
  }

  test.run();
}

const plus = (a: Float64Array, b: Float32Array) => again(b, a.length / b.length).map((v, i) => v + a[i]);
