// `ali2022` against a float64 PyTorch evaluation of the same sentences (test/reference/faithfulness.py). The sentences are
// public data but not ours to ship: they are read from ../shared, and where that is missing the test says so and skips.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MethodName } from "../src/attribution/names.ts";
import { evaluate, type Interval, readExamples } from "../src/evaluate.ts";
import type { ReadingPoint } from "../src/models/family.ts";
import { load } from "../src/runtime/load.ts";
import { folder } from "./shipped.ts";

interface Golden {
  sha256: string;
  examples: number;
  results: Record<ReadingPoint, Record<string, Record<"auac" | "auMse" | "aupc", number>>>;
}

const data = new URL("../../shared/data/sst2/dev.tsv", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(new URL("reference/faithfulness.json", import.meta.url), "utf8"));
const full = globalThis.process?.env?.RELPROP_FULL;
const test = suite("ali2022 and its float64 reference");

test("the reference is of this model", () => {
  const file = readFileSync(new URL("model.safetensors", folder));
  assert.is(createHash("sha256").update(file).digest("hex"), golden.sha256);
});

if (existsSync(data)) {
  for (const [at, results] of Object.entries(golden.results)) {
    // Three methods at the usual point; the rest where there is time.
    const names = (Object.keys(results) as MethodName[]).filter(
      (name) => full || /^(gradient-x-input|lrp-ah-ln|cp-lrp)$/.test(name),
    );
    if (at !== "embeddings" && !full) continue;
    test(`${golden.examples} sentences at ${at}: ${names.join(", ")}`, async () => {
      const examples = readExamples(readFileSync(data, "utf8"), "tsv").slice(0, golden.examples);
      const model = await load(folder, { backend: "wasm" });
      const { methods } = await evaluate(model, examples, { methods: names, at: at as ReadingPoint });
      await model.dispose();
      for (const name of names) {
        const [auac, auMse, aupc] = ["auac", "auMse", "aupc"].map((metric) => (methods[name][metric] as Interval).mean);
        const expected = results[name];
        const off = [auac - expected.auac, auMse / expected.auMse - 1, aupc - expected.aupc];
        console.log(`\n${name}: AUAC off by ${off[0].toExponential(1)}, AU-MSE by ${(100 * off[1]).toFixed(3)} %`);
        assert.ok(Math.abs(off[0]) <= 0.002, `${name}: AUAC ${auac}, expected ${expected.auac}`);
        assert.ok(Math.abs(off[1]) <= 0.01, `${name}: AU-MSE ${auMse}, expected ${expected.auMse}`);
        assert.ok(Math.abs(off[2]) <= 0.002, `${name}: AUPC ${aupc}, expected ${expected.aupc}`);
      }
    });
  }
} else {
  test.skip("../shared/data is not here", () => {});
  console.log("skipped: ../shared/data/sst2/dev.tsv is not here");
}

test.run();
