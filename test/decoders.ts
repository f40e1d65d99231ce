// The decoders of test/reference (decoders.py, gemmas.py, mixtures.py): each config with its checkpoint and the numbers that
// transformers makes of it.

import { readFileSync } from "node:fs";
import type { Family } from "./compared.ts";

export interface Decoder extends Family {
  /** The folder of its checkpoint, and the file of its numbers. */
  file: string;
  checkpoint: string;
  config: Record<string, unknown>;
  /** How sentence-transformers' files say that a text's vector is made. */
  pooling?: string;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const listed = (file: string): Decoder[] =>
  JSON.parse(at(`${file}.json`).toString())[file].map((one: Decoder) => ({ ...one, file }));
export const decoders = ["decoders", "gemmas", "mixtures"].flatMap(listed);

/** Its files, of which the tokenizer is the same for all. */
export const files = ({ file, checkpoint, config, pooling }: Decoder) => ({
  "config.json": JSON.stringify(config),
  "model.safetensors": new Uint8Array(at(`${file}/${checkpoint}/model.safetensors`)),
  "tokenizer.json": at("decoders/tokenizer.json").toString(),
  // As 4.x writes it: 5.x would build a tokenizer of Qwen2's own of this vocabulary.
  "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", added_tokens_decoder: {} }),
  ...(pooling && {
    "modules.json": JSON.stringify([
      { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
      { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
    ]),
    "1_Pooling/config.json": JSON.stringify({
      word_embedding_dimension: config.hidden_size,
      [`pooling_mode_${pooling}`]: true,
    }),
  }),
});
