// Ledgers that cannot close, and those that could not before kernels kept what rounding leaves of a mean: models whose norms
// magnify rounding close, or the result says by how much they do not.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Contents } from "../src/checkpoint/sources.ts";
import type { Explanation, Ledger, PartsLedger } from "../src/explain/explanation.ts";
import type { Input } from "../src/inputs/encoded.ts";
import { methods } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { encoded, pack, type Stored, unpack } from "./checkpoint.ts";
import { apart, folder as shipped } from "./shipped.ts";
import { places } from "./support.ts";

const MOST = 2e-6;
const magnitude = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

/** |residual| over Σ|R| + Σ|other entries| */
function off({ logit, residual, ...entries }: Ledger | PartsLedger, relevance: readonly number[]): number {
  const { tokens, parts, ...others } = { tokens: 0, parts: 0, ...entries };
  return residual && Math.abs(residual) / (magnitude(relevance) + magnitude(Object.values(others)));
}

const own = (told: Explanation) =>
  off(
    told.ledger,
    told.tokens.map(({ relevance }) => relevance),
  );

/** A reference's files with other weights. */
function changed(name: string, change: (name: string, values: Float32Array) => Float32Array): Record<string, Contents> {
  const file = (part: string) =>
    new Uint8Array(readFileSync(new URL(`reference/families/${name}/${part}`, import.meta.url)));
  const tensors = [...unpack(file("model.safetensors"))].map(([tensor, { shape, dtype, bytes }]) => {
    const values = change(tensor, widen(bytes as Uint8Array<ArrayBuffer>, dtype));
    return [tensor, { dtype: "F32", shape, bytes: encoded(values, "F32") }] as [string, Stored];
  });
  const others = name.startsWith("vit") ? ["preprocessor_config.json"] : ["tokenizer.json"];
  return {
    "config.json": file("config.json"),
    ...Object.fromEntries(others.map((part) => [part, file(part)])),
    "model.safetensors": pack(tensors),
  };
}

const text = "The sea sings.";
const finer = { layers: true, heads: true, neurons: 2 };

for (const place of places) {
  const test = suite(`residuals on ${place.backend}`);

  async function explained(from: Record<string, Contents>, input: Input): Promise<Explanation[]> {
    const model = await load(from, { ...place, deterministic: true });
    try {
      return (await model.explain(input, { method: [...methods.keys()], ...finer })) as Explanation[];
    } finally {
      await model.dispose();
    }
  }

  test("all weights 0.1: rows that do not vary have no variance, and no relevance", async () => {
    for (const name of ["distilbert-sequence", "bert-sequence"]) {
      for (const told of await explained(
        changed(name, (_, values) => values.fill(0.1)),
        text,
      )) {
        const where = `${name}, ${told.method}`;
        assert.ok(own(told) <= MOST, `${where}: residual ${own(told)}`);
        assert.equal(told.warnings, [], where);
        for (const { relevance } of told.tokens) assert.ok(Math.abs(relevance) < 1e-6, `${where}: ${relevance}`);
      }
    }
  });

  test("embeddings of 1e19 are those of 1e10 to a norm", async () => {
    for (const name of ["distilbert-sequence", "bert-sequence"]) {
      const by = (factor: number) =>
        explained(
          changed(name, (tensor, values) =>
            /embeddings/.test(tensor) && !/Norm/.test(tensor) ? values.map((v) => v * factor) : values,
          ),
          text,
        );
      const [large, less] = [await by(1e19), await by(1e10)];
      large.forEach((told, i) => {
        const where = `${name}, ${told.method}`;
        assert.ok(own(told) <= MOST, `${where}: residual ${own(told)}`);
        assert.equal(told.warnings, [], where);
        assert.ok(Math.abs(told.ledger.logit - less[i].ledger.logit) < 1e-4, where);
        assert.ok(apart(less[i], told) < 1e-5, `${where}: ${apart(less[i], told)}`);
      });
    }
  });

  test("a ViT of equal embeddings, whose first norm magnifies rounding a million times: every result says so", async () => {
    const from = changed("vit-image", (tensor, values) => (/embeddings/.test(tensor) ? values.fill(0.5) : values));
    const { image_size: side } = JSON.parse(new TextDecoder().decode(from["config.json"] as Uint8Array));
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (7919 * i) % 256);
    let said = 0;
    for (const told of await explained(from, { data, width: side, height: side })) {
      if (own(told) <= MOST) continue;
      const amount = /the ledger of the tokens leaves a residual of ([\d.e+-]+)( %)? of/.exec(told.warnings.join());
      assert.ok(amount, `${told.method} leaves ${own(told)} and says ${told.warnings}`);
      const share = Number(amount[1]) / (amount[2] ? 100 : 1);
      assert.ok(Math.abs(share / own(told) - 1) < 0.06, `${told.method} leaves ${own(told)} and says ${amount[0]}`);
      said++;
    }
    assert.ok(said > 0, "it magnifies rounding no longer: look for another model");
  });

  test("a logit near 0, of which little is left at the top: a layer's ledger closes or is named", async () => {
    const model = await load(shipped, { ...place, deterministic: true });
    for (const target of [0, 1]) {
      const told = await model.explain(
        "strictly inh lead stars darling fair starving hew powerful badly summer laughs",
        { target, ...finer },
      );
      const worst = Math.max(...told.layers!.map(({ ledger, relevance }) => off(ledger, relevance)));
      const said = told.warnings.filter((warning) => /ledger of layers \(3\) leaves a residual/.test(warning)).length;
      assert.is(said, Number(worst > MOST), `${worst}: ${told.warnings}`);
      assert.is(told.warnings.length, said, "and nothing else");
      assert.ok(worst < 1e-5 && own(told) <= MOST);
    }
    await model.dispose();
  });

  test.run();
}
