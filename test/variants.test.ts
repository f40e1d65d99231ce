// Checkpoints under other configs than their own, each of which changes what is computed, against transformers of either major
// version in float64 (test/reference/variants.py).

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/load.ts";
import { compare, type Family, input, shown } from "./compared.ts";
import { places } from "./support.ts";

interface Variant extends Family {
  checkpoint: string;
  config: Record<string, unknown>;
  without: string[];
}

const { variants }: { variants: Variant[] } = JSON.parse(
  readFileSync(new URL("reference/variants.json", import.meta.url), "utf8"),
);

/** A checkpoint's files with this config. */
export function files({ checkpoint, config, without, cases }: Variant): Record<string, string | Uint8Array> {
  const read = (name: string) => readFileSync(new URL(`reference/${checkpoint}/${name}`, import.meta.url));
  const fields = Object.entries({ ...JSON.parse(read("config.json").toString()), ...config });
  const kept = Object.fromEntries(fields.filter(([name]) => !without.includes(name)));
  const common = { "config.json": JSON.stringify(kept), "model.safetensors": read("model.safetensors") };
  const [{ size }] = cases;
  if (!size) return { ...common, "tokenizer.json": read("tokenizer.json") };
  const [width, height] = size;
  const processor = { size: { height, width }, image_mean: [0.5, 0.4, 0.45], image_std: [0.5, 0.25, 0.3] };
  const type = "ViTImageProcessor";
  return { ...common, "preprocessor_config.json": JSON.stringify({ ...processor, image_processor_type: type }) };
}

for (const place of places) {
  const test = suite(`variants on ${place.backend}`);
  for (const variant of variants) {
    test(variant.name, async () => {
      const model = await load(files(variant), { ...place, deterministic: true });
      try {
        await compare(model, variant);
        for (const one of variant.cases) {
          if (!one.embedding) continue;
          const { embedding } = await model.predict(input(one));
          const off = embedding!.map((v, k) => Math.abs(v - one.embedding![k]));
          assert.is(off.length, one.embedding.length);
          assert.ok(Math.max(...off) <= 1e-4, `${variant.name}: ${off}`);
        }
      } finally {
        await model.dispose();
      }
    });
  }
  test("what was measured", () => console.log(shown()));
  test.run();
}
