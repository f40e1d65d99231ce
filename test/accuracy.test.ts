// The shipped model's accuracy on SST-2's test sentences, as its card states it. The sentences are public data but not
// ours to ship: they are read from ../shared, and where that is missing the test says so and skips.

import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/runtime/load.ts";

const data = new URL("../../shared/data/sst2/test.tsv", import.meta.url);
const test = suite("accuracy");

if (existsSync(data)) {
  test("0.822 ± 0.001 on 1,821 test sentences", async () => {
    const [, ...rows] = readFileSync(data, "utf8").trimEnd().split("\n");
    const cases = rows.map((row) => row.split("\t"));
    const model = await load(new URL("../models/sst2-tiny/", import.meta.url), { backend: "wasm" });
    const predictions = await model.predict(cases.map(([sentence]) => sentence));
    const right = predictions.filter(({ classes }, i) => {
      return Number(classes[1].logit > classes[0].logit) === Number(cases[i][1]);
    }).length;
    console.log(`\n${right} of ${cases.length} right: ${(right / cases.length).toFixed(4)}`);
    assert.is(cases.length, 1821);
    assert.ok(Math.abs(right / cases.length - 0.822) <= 0.001);
    await model.dispose();
  });
} else {
  test.skip("../shared/data is not here", () => {});
  console.log("skipped: ../shared/data/sst2/test.tsv is not here");
}

test.run();
