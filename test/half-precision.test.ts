// Weights that stay as narrow as they are stored: every number of 16 bits widens as the reader widens it, and a model's results
// are the same bits as with wide ones, whatever rules its dense layers follow.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decode } from "../src/graph/decode.ts";
import { type Layout, places } from "../src/graph/layout.ts";
import { narrow } from "../src/graph/narrow.ts";
import { decoded, type Tensor } from "../src/graph/tensor.ts";
import { linear } from "../src/ops/linear.ts";
import { scaledClamp } from "../src/ops/signs.ts";
import type { Composite, PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { backends, places as devices, input, random, run, runsAll, weight } from "./support.ts";

const test = suite("narrow matrices");

/** The words of a matrix that lies so, of random codes, and its numbers in f32, by the layout's definition. */
function example([rows, width]: [number, number], layout: Layout, seed: number) {
  const at = places([rows, width], layout);
  const buffer = new Uint32Array(at.end);
  const some = random(buffer.length, seed);
  buffer.forEach((_, i) => {
    // Of 16 bits all kinds of numbers that are finite, and in BF16 small enough for sums.
    const half = (h: number) =>
      h & 0x7c00 && layout.kind === "bf16" ? h & 0xbfff : (h & 0x7c00) === 0x7c00 ? h & 0x83ff : h;
    const pair = half((2 * i * 1021) & 0xffff) | (half(((2 * i + 1) * 1021) & 0xffff) << 16);
    const bits = layout.group ? (some[i] * 2 ** 31) | 0 : pair;
    buffer[i] = bits;
  });
  const values = new Float32Array(buffer.buffer);
  if (layout.group) for (let i = at.scales; i < at.end; i++) values[i] = some[i];
  return { buffer, expected: decode(buffer, [rows, width], layout) };
}

const layouts: Layout[] = [
  ...(["f16", "bf16"] as const).map((kind) => ({ kind, group: 0, offsets: false })),
  ...(["int8", "int4"] as const).flatMap((kind) => [8, 16, 64].map((group) => ({ kind, group, offsets: group > 8 }))),
  { kind: "int8", group: 4, offsets: true },
  { kind: "int8", group: 1000, offsets: false },
  { kind: "table8", group: 32, offsets: false },
  { kind: "table4", group: 8, offsets: false },
];

/** One of each kind, codes with offsets. */
const few = layouts
  .filter(({ kind, offsets }) => offsets || !/^int/.test(kind))
  .filter(({ kind }, i, all) => all.findIndex((other) => other.kind === kind) === i);

for (const layout of layouts) {
  const { kind, group, offsets } = layout;
  for (const shape of [
    [9, 24],
    [37, 40],
    [70, 136],
    [3, 152],
  ] as [number, number][]) {
    const [rows, width] = shape;
    test(`${kind} in groups of ${group}${offsets ? " with offsets" : ""} [${shape}]`, async () => {
      const { buffer, expected } = example(shape, layout, rows);
      for (const backend of backends) {
        if (!runsAll(backend.name) && (rows !== 37 || !few.includes(layout))) continue;
        const name = `${JSON.stringify(layout)} ${shape}`;
        const w = weight(name, shape, narrow(shape, layout));
        const wide = input("wide", shape);
        const x = input("x", [5, width]);
        const pairs = [w, wide].map((one) => {
          const parts = [one, scaledClamp(one, 1, 0.25, -1)];
          return parts.flatMap((part) => {
            const y = linear(x, part);
            const back = y.op.rules!.gradient(input("g5", [5, rows]), y, { options: {}, carries: [true, false] });
            return [y, linear(x, part, input("b", [rows])), back.gradients[0]!];
          });
        });
        const outputs: Record<string, Tensor> = { w: decoded(w) };
        for (const [i, some] of pairs.entries()) for (const [j, one] of some.entries()) outputs[`${i} ${j}`] = one;
        const data = {
          [name]: new Float32Array(buffer.buffer),
          wide: expected,
          x: random(5 * width, 1),
          g5: random(5 * rows, 3),
          b: random(rows, 4),
        };
        const found = await run(backend, outputs, data);
        const [is, wanted] = [new Uint32Array(found.w.slice().buffer), new Uint32Array(expected.slice().buffer)];
        // A GPU may round code · scale + offset once.
        const wrong = [...is.keys()].findIndex((i) =>
          offsets && backend.name === "webgpu"
            ? Math.abs(found.w[i] - expected[i]) > 3e-5
            : is[i] !== wanted[i] && (found.w[i] !== 0 || expected[i] !== 0),
        );
        assert.is(wrong, -1, `${backend.name}: number ${wrong} is ${found.w[wrong]}, expected ${expected[wrong]}`);
        pairs[0].forEach((_, j) => {
          const [own, plain] = [found[`0 ${j}`], found[`1 ${j}`]];
          const size = plain.reduce((n, v) => Math.max(n, Math.abs(v)), 0);
          const worst = own.reduce((n, v, i) => Math.max(n, Math.abs(v - plain[i])), 0);
          assert.ok(worst <= 1e-5 * size, `${backend.name}: output ${j} differs by ${worst} of ${size}`);
        });
      }
    });
  }
}

test.run();

/** A safetensors file with all tensors in a dtype of 16 bits. */
function narrowed(file: Uint8Array, dtype: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset);
  const size = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size)));
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, info] of Object.entries<{ data_offsets: [number, number]; dtype: string }>(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = info.data_offsets;
    const values = new Float32Array(file.slice(8 + size + from, 8 + size + to).buffer);
    const bits = new Uint32Array(values.buffer);
    const half = Uint16Array.from(bits, (b, i) => (dtype === "BF16" ? b >>> 16 : f16(values[i])));
    parts.push(new Uint8Array(half.buffer));
    info.data_offsets = [at, at + 2 * half.length];
    info.dtype = dtype;
    at += 2 * half.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + at);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  let end = 8 + text.length;
  for (const part of parts) {
    out.set(part, end);
    end += part.length;
  }
  return out;
}

/** A number as F16, cut off; those too small are subnormal. */
function f16(x: number): number {
  const sign = x < 0 ? 0x8000 : 0;
  const size = Math.min(Math.abs(x), 65504);
  if (size < 2 ** -14) return sign | Math.floor(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | Math.floor((size / 2 ** exponent - 1) * 1024);
}

for (const place of devices) {
  const models = suite(`models with narrow weights on ${place.backend}`);
  for (const [name, dtype] of [
    ["bert-sequence", "F16"],
    ["gpt2-sequence", "BF16"],
    ["modernbert-sequence", "F16"],
    ["deberta-v2-sequence", "BF16"],
  ]) {
    models(`${name} in ${dtype}`, async () => {
      const read = (file: string) => readFileSync(new URL(`reference/families/${name}/${file}`, import.meta.url));
      const source = {
        "config.json": read("config.json"),
        "tokenizer.json": read("tokenizer.json"),
        "model.safetensors": narrowed(new Uint8Array(read("model.safetensors")), dtype),
      };
      const wide = await load(source, { ...place, keepHalfPrecision: false });
      const same = await load(source, { ...place, keepHalfPrecision: true });
      const rules: (PropagationMethod | Composite)[] = [
        "cp-lrp",
        "attn-lrp-gamma",
        "gradient-x-input",
        { linear: ["epsilon", { eps: 1e-3 }] },
        { linear: ["alpha-beta", { alpha: 2, beta: 1 }] },
      ];
      for (const method of rules) {
        const [a, b] = [await wide.explain("a good movie", { method }), await same.explain("a good movie", { method })];
        assert.equal(b, a);
      }
      assert.equal(same.unused, wide.unused);
      await wide.dispose();
      await same.dispose();
    });
  }
  models.run();
}
