// The soak's slope: what it says of series whose slopes are known.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seeded } from "./corpus/safetensors-mutants.ts";
import { type Sample, slope } from "./soak/slope.ts";

const test = suite("the slope of a soak");

/** 400 samples of a line with noise of which neighbours share most, as a heap's is. */
function series(seed: number, by: number): Sample[] {
  const random = seeded(seed);
  let noise = 0;
  return Array.from({ length: 400 }, (_, i) => {
    noise = 0.7 * noise + (random(2001) - 1000) * 40;
    return { calls: 50 * i, value: 3e7 + by * 50 * i + noise };
  });
}

test("a line without noise is found exactly, whatever came before the first tenth of the calls", () => {
  const line = Array.from({ length: 200 }, (_, i) => ({ calls: 7 * i, value: i < 19 ? 1e9 * i : 5 * 7 * i }));
  const { slope: found, low, high } = slope(line);
  assert.ok(Math.abs(found - 5) < 1e-9 && Math.abs(high - low) < 1e-6, `${low} ${found} ${high}`);
});

test("of noise whose neighbours are alike the interval holds the slope nearly as often as it says", () => {
  for (const by of [0, 30]) {
    let held = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { low, high } = slope(series(seed, by));
      held += Number(low <= by && by <= high);
    }
    assert.ok(held >= 270, `${held} of 300 at ${by}`); // 285 expected; 90 % of a wrong bound would be rare
  }
});

test("a leak of 64 bytes a call is detected", () => {
  for (let seed = 1; seed <= 20; seed++) {
    assert.ok(slope(series(seed, 64)).low > 16, `seed ${seed}`);
    assert.ok(slope(series(seed, 0)).high < 32, `seed ${seed}`);
  }
});

test("too few samples bound nothing", () => {
  assert.is(slope([]).high, Infinity);
  assert.is(slope([{ calls: 1, value: 1 }]).high, Infinity);
});

test.run();
