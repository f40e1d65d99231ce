// `ali2022` against a float64 PyTorch evaluation of the same sentences (test/reference/faithfulness.py): of 40 that were
// written for this (corpus/reviews.tsv) and, where ../shared has them, of SST-2's, which are public data but not ours to ship.

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

const full = globalThis.process?.env?.RELPROP_FULL;
const test = suite("ali2022 and its float64 reference");

const golden = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`reference/${name}.json`, import.meta.url), "utf8"));

/** How far the means over some examples may be off. A rank that rounding turns weighs more, the fewer the sentences. */
interface Bounds {
  area: number;
  share: number;
}

function compare(data: URL, { sha256, examples: count, results }: Golden, usual: RegExp, { area, share }: Bounds) {
  test(`the reference of ${data.pathname.split("/").pop()} is of this model`, () => {
    const file = readFileSync(new URL("model.safetensors", folder));
    assert.is(createHash("sha256").update(file).digest("hex"), sha256);
  });
  for (const [at, expected] of Object.entries(results)) {
    const names = (Object.keys(expected) as MethodName[]).filter((name) => full || usual.test(`${name} ${at}`));
    if (!names.length) continue;
    test(`${count} sentences at ${at}: ${names.join(", ")}`, async () => {
      const examples = readExamples(readFileSync(data, "utf8"), "tsv").slice(0, count);
      assert.is(examples.length, count);
      const model = await load(folder, { backend: "wasm" });
      const { methods } = await evaluate(model, examples, { methods: names, at: at as ReadingPoint });
      await model.dispose();
      for (const name of names) {
        const [auac, auMse, aupc] = ["auac", "auMse", "aupc"].map((metric) => (methods[name][metric] as Interval).mean);
        const right = expected[name];
        const off = [auac - right.auac, auMse / right.auMse - 1, aupc - right.aupc];
        console.log(`\n${name}: AUAC off by ${off[0].toExponential(1)}, AU-MSE by ${(100 * off[1]).toFixed(5)} %`);
        assert.ok(Math.abs(off[0]) <= area, `${name}: AUAC ${auac}, expected ${right.auac}`);
        assert.ok(Math.abs(off[1]) <= share, `${name}: AU-MSE ${auMse}, expected ${right.auMse}`);
        assert.ok(Math.abs(off[2]) <= area, `${name}: AUPC ${aupc}, expected ${right.aupc}`);
      }
    });
  }
}

const sample = new URL("corpus/reviews.tsv", import.meta.url);
compare(sample, golden("faithfulness-sample"), /./, { area: 1e-6, share: 1e-5 });

// Three methods at the usual point; the rest where there is time.
const data = new URL("../../shared/data/sst2/dev.tsv", import.meta.url);
const usual = /^(gradient-x-input|lrp-ah-ln|cp-lrp) embeddings$/;
if (existsSync(data)) compare(data, golden("faithfulness"), usual, { area: 0.002, share: 0.01 });
else {
  test.skip("../shared/data is not here", () => {});
  console.log("skipped beside the sample: ../shared/data/sst2/dev.tsv is not here");
}

test.run();
