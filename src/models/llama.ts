import { decoder, decoderFields } from "./decoder.ts";
import type { Family } from "./family.ts";
import { biased } from "./numbers.ts";

/** Llama (Touvron et al., 2023), and what is saved as one: SmolLM2, TinyLlama, distilled R1. */
export const llama: Family = {
  fields: decoderFields(
    {
      attention_bias: false,
      eos_token_id: 2,
      hidden_size: 4096,
      intermediate_size: 11008,
      mlp_bias: false,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      vocab_size: 32000,
    },
    ["pretraining_tp"],
  ),
  own: "model",
  build: (config, w) =>
    decoder(config, biased(config, w, { attention_bias: /self_attn\.\w+\.bias$/, mlp_bias: /mlp\.\w+\.bias$/ })),
};
