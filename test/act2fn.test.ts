// Every activation of transformers' ACT2FN by its name in config.json, against transformers' own model in float64
// (test/reference/activations.py), on every backend. test/activation.test.ts has the kernels by themselves.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { activations as known } from "../src/ops/activation.ts";
import { load } from "../src/runtime/load.ts";
import { compare, type Family, shown } from "./compared.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

const at = (path: string) => new URL(`reference/${path}`, import.meta.url);
const bytes = (path: string) => new Uint8Array(readFileSync(at(path)));
const json = (path: string) => JSON.parse(readFileSync(at(path), "utf8"));
const { activations }: { activations: Family[] } = json("activations.json");

const checkpoint = (name: unknown) => {
  const config = { ...json("families/bert-sequence/config.json"), hidden_act: name };
  return {
    "config.json": new TextEncoder().encode(JSON.stringify(config)),
    "tokenizer.json": bytes("families/bert-sequence/tokenizer.json"),
    "model.safetensors": bytes("families/bert-sequence/model.safetensors"),
  };
};

for (const place of places) {
  const test = suite(`ACT2FN on ${place.backend}`);
  for (const one of activations) {
    test(one.name, async () => {
      const model = await load(checkpoint(one.name), { ...place, deterministic: true });
      try {
        await compare(model, one);
      } finally {
        await model.dispose();
      }
    });
  }
  test("what was measured", () => console.log(shown()));
  test.run();
}

const names = suite("ACT2FN's names");

names("all of them, but those that are learned: they are refused by name", async () => {
  assert.equal(activations.map(({ name }) => name).sort(), [...known.keys()].sort());
  for (const name of ["prelu", "xielu"]) {
    const error: Error = await load(checkpoint(name)).then(
      () => new Error("it loads"),
      (error) => error,
    );
    assert.match(error.message, new RegExp(`hidden_act is "${name}"; it has its own weights`));
  }
  for (const name of ["prelu", "constructor", "Gelu", "", 3, { toString: "gelu" }, ["gelu"]]) {
    assert.is(await code(load(checkpoint(name))), "ConfigUnsupported", JSON.stringify(name));
  }
});

names.run();
