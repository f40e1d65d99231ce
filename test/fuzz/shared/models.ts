// Small models of every kind of input, from the files that the tests have.

import { readFileSync } from "node:fs";
import { eye, files, normal } from "../../systems.ts";

const root = new URL("../../reference/families/", import.meta.url);
const names = ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"];

/** A family's checkpoint in test/reference. */
export function stored(family: string): Record<string, Uint8Array<ArrayBuffer>> {
  const found = names.flatMap((name) => {
    try {
      return [[name, new Uint8Array(readFileSync(new URL(`${family}/${name}`, root)))] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(found);
}

/** A looped model of rows of four numbers. */
export const looped = files(
  { model_type: "energy_transformer", hidden_size: 4, num_hidden_layers: 1, loops: 2, num_labels: 2 },
  { "layers.0.attention.query.weight": eye(4), "classifier.weight": normal(2, 4, 5) },
);
