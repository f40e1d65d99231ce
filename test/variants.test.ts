// Checkpoints under other configs than their own, each of which changes what is computed, against transformers of either major
// version in float64 (test/reference/variants.py).

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AttributeOptions } from "../src/attribution/options.ts";
import type { ExplainOptions } from "../src/explain/options.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { encoded, pack, type Stored, unpack } from "./checkpoint.ts";
import { compare, type Family, input, shown } from "./compared.ts";
import { places } from "./support.ts";

interface Variant extends Family {
  checkpoint: string;
  config: Record<string, unknown>;
  without: string[];
  /** Tensors that the file has beside the checkpoint's, by shape, and those that it lacks. */
  more?: Record<string, number[]>;
  less?: string[];
}

const { variants }: { variants: Variant[] } = JSON.parse(
  readFileSync(new URL("reference/variants.json", import.meta.url), "utf8"),
);

/** What variants.py fills tensors with. */
function filled(shape: number[]): Stored {
  const size = shape.reduce((n, d) => n * d, 1);
  const values = Float32Array.from({ length: size }, (_, k) => (((7 * k + 3) % 11) - 5) / 16);
  return { dtype: "F32", shape, bytes: encoded(values, "F32") };
}

/** All read WordPiece here; GPT-2's and DeBERTa's own classes would build another kind of model of its vocabulary. */
function wordPiece({ model_type }: Record<string, unknown>): Record<string, string> {
  if (model_type !== "gpt2" && model_type !== "deberta-v2") return {};
  const names = ["input_ids", "attention_mask", ...(model_type === "gpt2" ? [] : ["token_type_ids"])];
  const config = { tokenizer_class: "PreTrainedTokenizerFast", model_input_names: names };
  return { "tokenizer_config.json": JSON.stringify(config) };
}

/** A checkpoint's files with this config. */
export function files({
  checkpoint,
  config,
  without,
  more = {},
  less = [],
  cases,
}: Variant): Record<string, string | Uint8Array | Blob> {
  const read = (name: string) => readFileSync(new URL(`reference/${checkpoint}/${name}`, import.meta.url));
  const fields = Object.entries({ ...JSON.parse(read("config.json").toString()), ...config });
  const kept = Object.fromEntries(fields.filter(([name]) => !without.includes(name)));
  const stored = [...unpack(new Uint8Array(read("model.safetensors")))].filter(([name]) => !less.includes(name));
  const tensors = [...stored, ...Object.entries(more).map(([name, shape]) => [name, filled(shape)] as const)];
  const common = { "config.json": JSON.stringify(kept), "model.safetensors": pack(tensors) };
  const [{ size }] = cases;
  if (!size) return { ...common, "tokenizer.json": read("tokenizer.json"), ...wordPiece(kept) };
  const [width, height] = size;
  const processor = { size: { height, width }, image_mean: [0.5, 0.4, 0.45], image_std: [0.5, 0.25, 0.3] };
  const type = "ViTImageProcessor";
  return { ...common, "preprocessor_config.json": JSON.stringify({ ...processor, image_processor_type: type }) };
}

/** Ledgers of layers, heads and neurons close too, or are refused where relevance goes around them; so do gradients alone. */
async function within(model: Model, { name, config, cases: [one] }: Variant): Promise<void> {
  const { target, token } = one;
  const asked = { method: "cp-lrp", target, ...(token !== undefined && { token }) } as ExplainOptions;
  if (/convolution|tokens|padded|wide/.test(name)) {
    const attributed = await model.explain(input(one), { ...asked, method: "saliency" } as AttributeOptions);
    assert.ok(
      attributed.tokens.every(({ relevance }) => Number.isFinite(relevance)),
      name,
    );
  }
  const told = await model.explain(input(one), { ...asked, layers: true });
  const size = Math.abs(told.ledger.logit) + told.tokens.reduce((sum, { relevance }) => sum + Math.abs(relevance), 0);
  for (const { ledger } of told.layers!)
    assert.ok(Math.abs(ledger.residual) <= 1e-5 * size, `${name}: layers ${ledger.residual}`);
  const finer = { heads: true, neurons: { top: 2 } } as const;
  if ((config.conv_kernel_size ?? 3) && name.startsWith("deberta")) {
    for (const kind of ["heads", "neurons"] as const) {
      const error = await model.explain(input(one), { ...asked, [kind]: finer[kind] }).then(
        () => undefined,
        (error) => error,
      );
      assert.is(error?.code, "InvalidOption", `${name}: ${kind}`);
    }
    return;
  }
  const { heads, neurons } = await model.explain(input(one), { ...asked, ...finer });
  for (const { residual } of [...heads!.map(({ ledger }) => ledger), ...neurons!.ledgers]) {
    assert.ok(Math.abs(residual) <= 1e-5 * size, `${name}: a half's ${residual}`);
  }
}

for (const place of places) {
  const test = suite(`variants on ${place.backend}`);
  for (const variant of variants) {
    test(variant.name, async () => {
      const model = await load(files(variant), { ...place, deterministic: true });
      try {
        await compare(model, variant);
        await within(model, variant);
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
