// Checkpoints at random over each family's configuration space, written and run by transformers of both major versions
// (test/reference/sweep.py): each gives what transformers gives, or is refused for the reason that is recorded. This is the
// sample of a sweep of thousands; docs/checkpoints.md has its counts.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { familyOf } from "../src/models/architecture.ts";
import { places } from "./support.ts";
import { judge, type Line } from "./sweep.ts";

const folder = new URL("reference/sweep/", import.meta.url);

/** On a GPU, the first checkpoint of these: their kernels have tests of their own. */
const few = ["bert.jsonl", "deberta-v2.jsonl", "gpt2.jsonl", "vit.jsonl"];

const docs = suite("docs/checkpoints.md");
docs("lists the fields that each family reads", async () => {
  const text = readFileSync(new URL("../docs/checkpoints.md", import.meta.url), "utf8");
  const section = text.split("## ").find((part) => part.startsWith("Fields"))!;
  const rows = [...section.matchAll(/^\| ([a-z0-9_-]+) \| (\w+(?:, \w+)+) \|$/gm)];
  const versions = JSON.parse(readFileSync(new URL("reference/config-fields.json", import.meta.url), "utf8"));
  const types = Object.values(versions).flatMap((version) => Object.keys((version as { classes: object }).classes));
  assert.equal(rows.map(([, type]) => type).sort(), [...new Set(types)].sort());
  for (const [, type, listed] of rows) {
    const { fields } = await familyOf({ model_type: type });
    assert.is(listed, Object.keys(fields.read).sort().join(", "), type);
  }
});
docs.run();

for (const place of places) {
  const test = suite(`sweep on ${place.backend}`);
  const all = place.backend === "wasm";
  for (const file of all ? readdirSync(folder).sort() : few) {
    test(file, async () => {
      const lines = readFileSync(new URL(file, folder), "utf8").trimEnd().split("\n");
      for (const text of all ? lines : lines.slice(0, 1)) {
        const line: Line = JSON.parse(text);
        const { verdict, why, message } = await judge(line, place);
        const found = verdict === "right" ? verdict : `${verdict} ${why}`;
        const where = `${line.head} ${line.version} seed ${line.seed}: ${message}`;
        assert.is(found, line.refused ? `refused ${line.refused}` : "right", where);
      }
    });
  }
  test.run();
}
