// The decoders of test/reference (decoders.py, gemmas.py, mixtures.py): each config with its checkpoint and the numbers that
// transformers makes of it.

import { readFileSync } from "node:fs";
import type { Family } from "./compared.ts";

export interface Decoder extends Family {
  /** The folder of its checkpoint, and the file of its numbers. */
  file: string;
  checkpoint: string;
  config: Record<string, unknown>;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const listed = (file: string): Decoder[] =>
  JSON.parse(at(`${file}.json`).toString())[file].map((one: Decoder) => ({ ...one, file }));
export const decoders = ["decoders", "gemmas", "mixtures"].flatMap(listed);

/** Its files, of which the tokenizer is the same for all. */
export const files = ({ file, checkpoint, config }: Decoder) => ({
  "config.json": JSON.stringify(config),
  "model.safetensors": new Uint8Array(at(`${file}/${checkpoint}/model.safetensors`)),
  "tokenizer.json": new Uint8Array(at("decoders/tokenizer.json")),
  // As 4.x writes it: 5.x would build a tokenizer of Qwen2's own of this vocabulary.
  "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", added_tokens_decoder: {} }),
});
