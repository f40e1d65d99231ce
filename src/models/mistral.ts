import { decoder, decoderFields } from "./decoder.ts";
import type { Family } from "./family.ts";
import { sameWindow } from "./layer_types.ts";

/** Mistral (Jiang et al., 2023): Llama with sliding-window attention. */
export const mistral: Family = {
  fields: decoderFields({
    eos_token_id: 2,
    hidden_size: 4096,
    intermediate_size: 14336,
    max_position_embeddings: 131072,
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 8,
    sliding_window: 4096,
    vocab_size: 32000,
  }),
  own: "model",
  build: (config, w) => decoder(config, w.without(/_proj\.bias$/), { window: sameWindow(config) }),
};
