// Every family and head against transformers' own models in float64 (test/reference/families.py): tiny random checkpoints that
// transformers wrote, each case alone and all of a checkpoint together, on every backend.
// What was measured is printed; the bounds are in compared.ts.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import { load } from "../src/runtime/load.ts";
import { compare, type Family, shown } from "./compared.ts";
import { places, runsAll } from "./support.ts";

const { families }: { families: Family[] } = JSON.parse(
  readFileSync(new URL("reference/families.json", import.meta.url), "utf8"),
);

const kind = ({ name }: Family) =>
  name.replace(/-(sequence|token|qa|mlm|embedding|lm|image|multi-label|regression)$/, "");
const firstOf = (family: Family, i: number) => families.findIndex((other) => kind(other) === kind(family)) === i;

for (const place of places) {
  const test = suite(`families on ${place.backend}`);
  // Else the first head of each family: its blocks run all the family's kernels.
  const some = runsAll(place.backend) ? families : families.filter(firstOf);
  for (const family of some) {
    test(family.name, async () => {
      const folder = new URL(`reference/families/${family.name}/`, import.meta.url);
      const model = await load(folder, { ...place, deterministic: true });
      try {
        await compare(model, family);
      } finally {
        await model.dispose();
      }
    });
  }
  test.after(() => console.log(shown()));
  test.run();
}
