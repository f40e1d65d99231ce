// softmax over ragged texts and its rule against float64 loops (test/twin/attention.ts), on every backend.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input } from "../src/graph/tensor.ts";
import { softmax } from "../src/ops/softmax.ts";
import { again, ruled, runGuarded } from "./ruled.ts";
import { backends, close, random } from "./support.ts";
import * as twin from "./twin/attention.ts";
import { total } from "./twin/numbers.ts";

// Measured on WASM and SwiftShader: p and its gradient 3.4e-7, kept 3.2e-8 of Σ|y g| + Σ|x g_x|.
const TOLERANCE = 2e-6;
const KEPT = 2e-7;

// Columns around WebGPU's 64 lanes; texts without padding, with some, and with nothing else.
const SHAPES: [batch: number, heads: number, rows: number, cols: number, lengths: number[], targets: number][] = [
  [1, 1, 1, 1, [1], 1],
  [1, 2, 2, 2, [2], 3],
  [3, 1, 3, 3, [0, 1, 3], 2],
  [3, 3, 5, 15, [15, 0, 7], 1],
  [1, 12, 1, 16, [11], 2],
  [3, 2, 17, 17, [17, 16, 1], 1],
  [2, 1, 3, 63, [63, 2], 2],
  [3, 1, 4, 64, [64, 63, 33], 1],
  [3, 2, 2, 65, [64, 65, 0], 3],
  [2, 1, 3, 129, [129, 100], 2],
];

for (const backend of backends) {
  const test = suite(`softmax, ${backend.name}`);

  for (const [batch, heads, rows, cols, lengths, targets] of SHAPES) {
    test(`softmax and its gradient, ${batch} × ${heads} × ${rows} rows of ${cols}, lengths ${lengths}`, async () => {
      const n = batch * heads * rows;
      const data = { x: random(n * cols, cols).map((v) => 6 * v), lengths: Float32Array.from(lengths) };
      const y = softmax(input("x", [batch, heads, rows, cols]), input("lengths", [batch]));
      const found = await ruled(backend, y, "gradient", data, { targets });

      const p = twin.softmax(data.x, lengths, n, cols);
      close(found.y, p, TOLERANCE, "p");
      p.forEach((wanted, i) => {
        if (wanted === 0) assert.ok(Object.is(found.y[i], 0), `masked column ${i} is exactly 0`);
      });
      const [several, s] = [again(p, targets), again(data.x, targets)];
      const gs = twin.softmaxGrad(several, found.g, targets * n, cols);
      close(found.to[0]!, gs, TOLERANCE, "p (g − Σ p g)");
      several.forEach((wanted, i) => {
        if (wanted === 0) assert.is(Math.abs(found.to[0]![i]), 0, `masked column ${i} gets no gradient`);
      });
      const kept = total(twin.softmaxKept(s, several, found.g, targets * n, cols));
      assert.equal(Object.keys(found.kept), ["softmax"]);
      close([found.kept.softmax!], [kept], KEPT, "softmax", found.scale);
    });
  }

  test("one weight nearly 1: its gradient is what the others get, with the sign turned, to a few ulp", async () => {
    const cols = 20;
    const x = random(cols, 4).map((v, i) => (i === 3 ? 9 : v));
    const data = { x, lengths: Float32Array.of(cols) };
    const g = random(cols, 5).map((v) => 1000 + v);
    const y = softmax(input("x", [1, 1, cols]), input("lengths", [1]));
    const found = await ruled(backend, y, "gradient", data, { g });
    const [first, ...rest] = [found.to[0]![3], ...found.to[0]!.filter((_, i) => i !== 3)];
    const size = rest.reduce((sum, v) => sum + Math.abs(v), 0);
    close([first], [-rest.reduce((sum, v) => sum + v, 0)], 1e-6, "Σ g_S", size);
  });

  test("logits of ±1e4", async () => {
    const [hot, cold] = [1e4, -1e4];
    const x = Float32Array.of(hot, cold, cold, cold, hot, hot, cold, cold, cold, cold, cold, cold, 1, hot, hot - 1, 7);
    const y = softmax(input("x", [1, 4, 4]), input("lengths", [1]));
    const found = await ruled(backend, y, "gradient", { x, lengths: Float32Array.of(4) });
    const half = 1 / (1 + Math.exp(-1));
    const wanted = [1, 0, 0, 0, 0.5, 0.5, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, half, 1 - half, 0];
    close(found.y, wanted, TOLERANCE, "p");
    assert.equal([...found.to[0]!.subarray(0, 4)].map(Math.abs), [0, 0, 0, 0], "a sure row has no slope");
    close(found.to[0]!, twin.softmaxGrad(wanted, found.g, 4, 4), TOLERANCE, "p (g − Σ p g)");
    close([found.kept.softmax!], [total(twin.softmaxKept(x, wanted, found.g, 4, 4))], KEPT, "softmax", found.scale);
  });

  test("fully masked texts: zeros, and no relevance kept", async () => {
    const y = softmax(input("x", [2, 3, 5]), input("lengths", [2]));
    const found = await ruled(backend, y, "gradient", { x: random(30), lengths: Float32Array.of(0, 0) });
    assert.ok(found.y.every((v) => Object.is(v, 0)));
    assert.ok(found.to[0]!.every((v) => v === 0));
    assert.equal(found.kept, { softmax: 0 });
  });

  test("one key left, more length than columns, and lengths that are none", async () => {
    const x = random(15, 3);
    const y = softmax(input("x", [5, 1, 3]), input("lengths", [5]));
    const found = await runGuarded(backend, { y }, { x, lengths: Float32Array.of(1, 9, -1, Number.NaN, 1e20) });
    const [second, last] = [3, 12].map((at) => twin.softmax(x.subarray(at, at + 3), [3], 1, 3));
    close(found.y, [1, 0, 0, ...second, 0, 0, 0, 0, 0, 0, ...last], TOLERANCE, "p");
  });

  test("a shift of a row's logits", async () => {
    const x = random(3 * 17, 4).map((v) => Math.round(64 * v) / 16); // exact whatever is added
    const lengths = Float32Array.of(17);
    const y = softmax(input("x", [1, 3, 17]), input("lengths", [1]));
    const [here, there] = [x, x.map((v) => v + 1000)].map((moved) => runGuarded(backend, { y }, { x: moved, lengths }));
    assert.equal((await there).y, (await here).y);
  });

  test.run();
}

const shapes = suite("softmax's shapes");

shapes("lengths that are not one a text", () => {
  assert.throws(
    () => softmax(input("x", [2, 3]), input("lengths", [3])),
    /softmax does not fit \w*\[2,3\] and \w*\[3\]/,
  );
});

shapes.run();
