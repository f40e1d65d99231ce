// What results, renderers and `inspect` say of questions that are no logit of a class: no class, text or word that is not there.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inspect } from "../src/cli/inspect.ts";
import { ansi } from "../src/render/ansi.ts";
import { html } from "../src/render/html.ts";
import { svg } from "../src/render/svg.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places } from "./support.ts";

const at = (name: string) => new URL(`reference/families/${name}/`, import.meta.url);

/** A checkpoint with other fields in its config. */
function changed(name: string, fields: object, files: readonly string[]) {
  const config = { ...JSON.parse(readFileSync(new URL("config.json", at(name)), "utf8")), ...fields };
  const others = files.map((file) => [file, new Uint8Array(readFileSync(new URL(file, at(name))))]);
  return { ...Object.fromEntries(others), "config.json": new TextEncoder().encode(JSON.stringify(config)) };
}

const vit = (blocks: number) =>
  changed("vit-image", { num_hidden_layers: blocks }, ["model.safetensors", "preprocessor_config.json"]);
const gpt2 = (blocks: number) => changed("gpt2-sequence", { n_layer: blocks }, ["model.safetensors", "tokenizer.json"]);
const image = { data: Uint8Array.from({ length: 3 * 24 * 24 }, (_, i) => (i * 37) % 256), width: 24, height: 24 };

for (const place of places.slice(0, 1)) {
  const test = suite(`what is reported, ${place.backend}`);
  const using = async (source: Parameters<typeof load>[0], use: (model: Model) => Promise<void>) => {
    const model = await load(source, place);
    try {
      await use(model);
    } finally {
      await model.dispose();
    }
  };

  test("a norm right above annihilates relevance: of the only block, of images too", async () => {
    for (const [make, input] of [
      [vit, image],
      [gpt2, "the sea is so"],
    ] as const) {
      for (const [blocks, annihilated] of [
        [1, true],
        [2, false],
      ] as const) {
        await using(make(blocks), async (model) => {
          const methods = ["gradient-x-input", "cp-lrp"] as const;
          const [plain, lrp] = await model.explain(input, { method: methods, at: ["embeddings"] } as object as {
            method: typeof methods;
          });
          const warned = plain.warnings.some((text) => /annihilates relevance read at embeddings/.test(text));
          assert.is(warned, annihilated, `${blocks} blocks: ${plain.warnings}`);
          assert.equal(lrp.warnings, []);
          const sizes = plain.tokens.map(({ relevance }) => Math.abs(relevance)).sort((a, b) => b - a);
          assert.is(sizes[1] < 1e-3 * sizes[0], annihilated, `${blocks} blocks: ${sizes}`);
        });
      }
    }
  });

  test("functions of logits of one class", async () => {
    await using(at("bert-regression"), async (model) => {
      for (const kind of ["log-probability", "softmax-contrast"] as const) {
        const error: Error = await model.explain("the sea", { objective: kind }).then(
          () => new Error("explained"),
          (error) => error,
        );
        assert.match(error.message, /one;? |one class/);
        assert.not.match(error.message, /both texts/);
      }
    });
  });

  test("a cosine's explanation is headed by it and the other text", async () => {
    await using(at("bert-embedding"), async (model) => {
      for (const [objective, heading] of [
        [{ cosine: "so <sing>" }, "cosine with “so <sing>”"],
        [{ dot: "so <sing>" }, "dot product with “so <sing>”"],
        [{ distance: "so <sing>" }, "squared distance from “so <sing>”"],
      ] as const) {
        const told = await model.explain("the sea", { objective });
        const lines = ansi(told, { color: "none", width: 100 }).split("\n");
        assert.ok(lines[0].startsWith(`${heading}: `), lines[0]);
        assert.ok(Math.abs(Number(lines[0].split(": ")[1].replace("−", "-")) - told.explained!.value) < 1e-2, lines[0]);
        const safe = heading.replace("<", "&#60;").replace(">", "&#62;");
        assert.ok(html(told).includes(`<h1><bdi>${safe}</bdi>`), "html");
        assert.ok(svg(told).includes(safe.replaceAll(" ", "\u00a0")), "svg");
        for (const text of [ansi(told, { color: "none" }), html(told)]) {
          assert.not.match(text, new RegExp(`\\b${told.target.label}: `), "no component of the embedding");
          assert.not.match(text, /\blogit\b/, "an embedding has none");
        }
      }
    });
  });

  test("inspect: the task; classes only where there are some", async () => {
    await using(at("bert-embedding"), async (model) => {
      assert.match(inspect(model, false), /^task +embedding$/m);
      assert.match(inspect(model, false), /^dimensions +12$/m);
      assert.not.match(inspect(model, false), /classes/);
      const { task, classes, dimensions } = JSON.parse(inspect(model, true));
      assert.equal([task, classes, dimensions], ["embedding", undefined, 12]);
    });
    await using(at("bert-mlm"), async (model) => {
      assert.match(inspect(model, false), /^classes +\d+ pieces of the vocabulary$/m);
    });
    await using(at("bert-sequence"), async (model) => {
      assert.match(inspect(model, false), /^classes +0 LABEL_0, 1 LABEL_1, 2 LABEL_2$/m);
    });
  });

  test("tables have the text's own word where the vocabulary has none, and say so", async () => {
    await using(at("bert-sequence"), async (model) => {
      const told = await model.explain("the wolf is <so>");
      assert.equal(
        told.tokens.map(({ unknown }) => unknown ?? false),
        [false, false, true, false, true, false, true, false],
      );
      const text = ansi(told, { color: "none" });
      const page = html(told);
      assert.match(text, /^ {2}wolf \[UNK\] /m);
      assert.not.match(text, /^ {2}\[UNK\] /m);
      assert.ok(page.includes("<bdi>wolf [UNK]</bdi>") && !page.includes("<bdi>[UNK]</bdi>"));
      assert.ok(page.includes("<bdi>&#60; [UNK]</bdi>"));
    });
  });

  test.run();
}
