// The engine against the float64 twin (test/twin), which was written from the papers without a look at the kernels: random
// checkpoints and the shipped model, six methods at three reading points, and every entry of the ledger.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Ledger } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import { unpack } from "./checkpoint.ts";
import { relevance } from "./shipped.ts";
import { places } from "./support.ts";
import { explain, type Method, type Model, methods, points } from "./twin.ts";

// Shares of Σ|R| and of the ledger's size; each test prints what it measured.
const TOLERANCE = 1e-5;
const RESIDUAL = 2e-6;

const cases = [
  ["reference/tiny/gelu-new-3-labels/", "The sea!"],
  ["reference/tiny/relu-1-layer/", "10 - 7 = 3"],
  ["reference/tiny/silu-5-labels/", "The sea!"],
  ["../models/sst2-tiny/", "not a bad movie"],
] as const;

/** A checkpoint as the twin takes it. */
function twin(folder: URL): Model {
  const config = JSON.parse(readFileSync(new URL("config.json", folder), "utf8"));
  const file = new Uint8Array(readFileSync(new URL("model.safetensors", folder)));
  const tensors = [...unpack(file)].map(([name, { shape, dtype, bytes }]) => {
    return [name, { shape, data: widen(bytes as Uint8Array<ArrayBuffer>, dtype) }] as const;
  });
  return { config, weights: new Map(tensors) };
}

const magnitude = (values: number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

for (const place of places) {
  const test = suite(`the whole model and its twin on ${place.backend}`);

  for (const [path, text] of cases) {
    test(path, async () => {
      const folder = new URL(path, import.meta.url);
      const reference = twin(folder);
      const model = await load(folder, place);
      const worst = { entries: 0, relevance: 0, layers: 0, residual: 0 };
      for (const [method, rules] of (Object.keys(methods) as Method[]).map((name) => [name, methods[name]] as const)) {
        for (const actual of await model.explain(text, { method, at: points, layers: true })) {
          const ids = actual.tokens.map(({ id }) => id);
          const seed = actual.classes.map(({ index }) => Number(index === actual.target.index));
          const expected = explain(reference, ids, seed, { rules, at: actual.at as (typeof points)[number] });
          const { logit, tokens, residual, ...others } = expected.ledger;
          const size = magnitude(expected.relevance) + magnitude(Object.values(others));
          const where = `${method} at ${actual.at}`;

          for (const [name, value] of Object.entries({ logit, tokens, ...others })) {
            const off = Math.abs(actual.ledger[name as keyof Ledger] - value) / size;
            worst.entries = Math.max(worst.entries, off);
            assert.ok(off <= TOLERANCE, `${where}: ${name} off by ${off}`);
          }
          for (const ledger of [actual.ledger, ...actual.layers!.map((layer) => layer.ledger)]) {
            const { logit, residual, ...kept } = ledger;
            const missing = Object.values(kept).reduce((rest, value) => rest - value, logit);
            assert.ok(
              Math.abs(residual - missing) <= 1e-12 * size,
              `${where}: ${residual} is what is left, ${missing}`,
            );
          }
          expected.stream.forEach((row, i) => {
            const layer = actual.layers![i];
            const entries = Object.entries(layer.ledger).filter(([name]) => !/logit|tokens|residual/.test(name));
            const whole = magnitude(row) + magnitude(entries.map(([, value]) => value));
            const apart = Math.max(...row.map((r, j) => Math.abs(r - layer.relevance[j])));
            worst.layers = Math.max(worst.layers, apart / whole);
            worst.residual = Math.max(worst.residual, Math.abs(layer.ledger.residual) / whole);
            assert.ok(apart <= TOLERANCE * whole, `${where}: layer ${i} off by ${apart / whole}`);
            assert.ok(Math.abs(layer.ledger.residual) <= RESIDUAL * whole, `${where}: layer ${i} does not close`);
          });
          assert.is(actual.layers!.length, expected.stream.length);
          if (actual.warnings.length) continue; // annihilated: only rounding is left
          const apart = Math.max(...relevance(actual).map((r, i) => Math.abs(r - expected.relevance[i])));
          const off = apart / magnitude(expected.relevance);
          worst.relevance = Math.max(worst.relevance, off);
          assert.ok(off <= TOLERANCE, `${where}: relevance off by ${off}`);
        }
      }
      console.log(`\n${place.backend}, ${path}:`, worst);
      await model.dispose();
    });
  }

  test.run();
}
