// docs/trust.md names tests that are there.

import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("docs/trust.md");
const text = readFileSync(new URL("../docs/trust.md", import.meta.url), "utf8");
const rows = text.split("\n").filter((line) => /^\| P\d/.test(line));

const cells = (row: string) => row.split(/(?<!\\) \| /);

test("has a row for each of P1 to P24, proven by a test, or says what is missing", () => {
  assert.equal(
    rows.map((row) => cells(row)[0]),
    Array.from({ length: 24 }, (_, i) => `| P${i + 1}`),
  );
  for (const row of rows) {
    const [, , state, tests, reached] = cells(row);
    assert.ok(["proven", "partly", "open"].includes(state), row);
    assert.is(state === "open", !tests.includes("`"), row);
    assert.ok(reached.length > 3, row);
  }
});

test("every file and title is there", () => {
  for (const row of rows.filter((row) => cells(row)[2] !== "open")) {
    const tests = cells(row)[3];
    for (const one of tests.split("; ")) {
      const [, file, title] = /^`([^`]+)`(?: "(.+)")?$/.exec(one.trim()) ?? [];
      assert.ok(file, `${one} in ${row.slice(0, 40)}`);
      const url = new URL(file, import.meta.url);
      assert.ok(existsSync(url), file);
      if (title) assert.ok(readFileSync(url, "utf8").includes(title), `${file} has no ${title}`);
    }
  }
});

test.run();
