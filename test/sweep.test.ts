// Checkpoints at random over each family's configuration space, written and run by transformers of both major versions
// (test/reference/sweep.py): each gives what transformers gives, or is refused for the reason that is recorded. This is the
// sample of a sweep of thousands; docs/checkpoints.md has its counts.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { places } from "./support.ts";
import { judge, type Line } from "./sweep.ts";

const folder = new URL("reference/sweep/", import.meta.url);

for (const place of places) {
  const test = suite(`sweep on ${place.backend}`);
  for (const file of readdirSync(folder).sort()) {
    test(file, async () => {
      const lines = readFileSync(new URL(file, folder), "utf8").trimEnd().split("\n");
      const some = place.backend === "wasm" ? lines : lines.slice(0, 1); // their kernels have tests of their own
      for (const text of some) {
        const line: Line = JSON.parse(text);
        const { verdict, why, message } = await judge(line, place);
        const expected = line.refused ? `refused ${line.refused}` : "right";
        assert.is(
          verdict === "right" ? verdict : `${verdict} ${why}`,
          expected,
          `${line.head} ${line.version} seed ${line.seed}: ${message}`,
        );
      }
    });
  }
  test.run();
}
