// Weights that stay as narrow as they are stored: every number of 16 bits widens as the reader widens it, and a model's results
// are the same bits as with wide ones, whatever rules its dense layers follow.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen as reference } from "../src/checkpoint/dtypes.ts";
import { halfPrecision, widen } from "../src/ops/widen.ts";
import type { Composite, PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { backends, places, run, weight } from "./support.ts";

const test = suite("numbers of 16 bits");

for (const dtype of halfPrecision) {
  for (const n of [65_535, 63, 6]) {
    test(`${n} of ${dtype}`, async () => {
      // All of them that are finite, or some.
      const exponent = dtype === "F16" ? 0x7c00 : 0x7f80;
      const bits = Uint16Array.from({ length: n }, (_, i) => (n < 100 ? i * 1021 : i)).map((h) =>
        (h & exponent) === exponent ? h & 0x8000 : h,
      );
      const expected = reference(new Uint8Array(bits.buffer), dtype);
      const room = new Float32Array(Math.ceil(n / 2));
      new Uint16Array(room.buffer).set(bits);
      const name = `${n} of ${dtype}`;
      for (const backend of backends) {
        const y = widen(weight(name, [room.length]), [n / 3, 3], dtype);
        const { y: found } = await run(backend, { y }, { [name]: room });
        const [is, wanted] = [new Uint32Array(found.buffer, found.byteOffset, n), new Uint32Array(expected.buffer)];
        const wrong = wanted.findIndex((bits, i) => is[i] !== bits);
        assert.is(wrong, -1, `${backend.name}: number ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
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

for (const place of places) {
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
