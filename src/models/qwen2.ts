import { decoder, decoderFields } from "./decoder.ts";
import type { Family } from "./family.ts";
import { qwenWindows } from "./layer_types.ts";

/** Qwen2 (Yang et al., 2024): Llama with biases of queries, keys and values. */
export const qwen2: Family = {
  fields: decoderFields({
    hidden_size: 4096,
    intermediate_size: 22016,
    layer_types: null,
    max_position_embeddings: 32768,
    max_window_layers: 28,
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 32,
    sliding_window: 4096,
    use_sliding_window: false,
    vocab_size: 151936,
  }),
  own: "model",
  build: (config, w) => decoder(config, w.without(/(o_proj|mlp\.\w+)\.bias$/), { window: qwenWindows(config) }),
};
