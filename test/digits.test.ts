// A model of images that was trained here (reference/digits.py): 8 × 8 digits, in patches of 2 × 2. Its logits are PyTorch's,
// and what explanations point at decides: taking away the ink that they say speaks most for a digit loses it sooner, and what
// they say matters least later, than by attention or by chance.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Pixels } from "../src/inputs/images/picture.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places, random } from "./support.ts";

interface Digits {
  images: { pixels: number[]; label: number }[];
  logits: number[][];
}
const { images, logits }: Digits = JSON.parse(readFileSync(new URL("reference/digits.json", import.meta.url), "utf8"));
const folder = new URL("../models/digits-tiny/", import.meta.url);
const image = (pixels: readonly number[]): Pixels => ({ data: Uint8Array.from(pixels), width: 8, height: 8 });

/** The predicted digit's mean probability while the ink goes, pixel by pixel, what `scores` say is most first. */
async function flipped(model: Model, scores: readonly (readonly number[])[]): Promise<number> {
  let total = 0;
  for (const [i, values] of scores.entries()) {
    const pixels = [...images[i].pixels];
    const ink = [...pixels.keys()].filter((k) => pixels[k]).sort((a, b) => values[b] - values[a]);
    const steps = [image(pixels)];
    for (const k of ink) {
      pixels[k] = 0;
      steps.push(image(pixels));
    }
    const [whole, ...rest] = await model.predict(steps);
    const { index } = whole.classes.reduce((best, one) => (one.logit > best.logit ? one : best));
    total += rest.reduce((sum, { classes }) => sum + classes[index].probability!, 0) / rest.length;
  }
  return total / scores.length;
}

for (const place of places) {
  const test = suite(`digits on ${place.backend}`);

  test("logits are PyTorch's", async () => {
    const model = await load(folder, place);
    const found = await model.predict(images.map(({ pixels }) => image(pixels)));
    const off = Math.max(
      ...found.flatMap(({ classes }, i) => classes.map(({ logit }, c) => Math.abs(logit - logits[i][c]))),
    );
    assert.ok(off < 1e-4, `off by ${off}`);
    const right = found.filter(({ classes }, i) =>
      classes.every(({ logit }) => logit <= classes[images[i].label].logit),
    );
    assert.ok(right.length >= 190, `${right.length} of 200`);
    await model.dispose();
  });

  if (place.backend === "wasm") {
    test("what is pointed at decides", async () => {
      const model = await load(folder, place);
      const some = images.slice(0, 80);
      const given = some.map(({ pixels }) => image(pixels));
      const told = await model.explain(given, { pixels: true });
      const rolled = await model.explain(given, { method: "rollout" });
      const scores = {
        relevance: told.map(({ image }) => image!.pixels!),
        attention: rolled.map(({ tokens }, i) =>
          some[i].pixels.map((v, k) => v * tokens[1 + Math.floor(k / 16) * 4 + Math.floor((k % 8) / 2)].relevance),
        ),
        chance: some.map((_, i) => [...random(64, i)]),
      };
      const rows: string[] = [];
      const by = new Map<string, [first: number, last: number]>();
      for (const [name, values] of Object.entries(scores)) {
        const first = await flipped(model, values);
        const last = await flipped(
          model,
          values.map((row) => row.map((v) => -v)),
        );
        by.set(name, [first, last]);
        rows.push(`${name} ${first.toFixed(3)} and ${last.toFixed(3)}`);
      }
      console.log(`probability left, most first and least first: ${rows.join(", ")}`);
      const [first, last] = by.get("relevance")!;
      for (const name of ["attention", "chance"]) {
        assert.ok(first < by.get(name)![0] - 0.03 && last > by.get(name)![1] + 0.03, name);
      }
      await model.dispose();
    });
  }

  test.run();
}
