import { decoder, decoderFields, projectionNorms } from "./decoder.ts";
import type { Family } from "./family.ts";
import { qwenWindows } from "./layer_types.ts";
import { biased } from "./numbers.ts";
import { qwen2 } from "./qwen2.ts";

/** Qwen3 (Yang et al., 2025): Qwen2 with norms of each head's queries and keys in place of biases. */
export const qwen3: Family = {
  fields: decoderFields({ ...qwen2.fields.read, attention_bias: false, head_dim: 128 }),
  own: "model",
  build: (config, w) =>
    decoder(config, biased(config, w.without(/mlp\.\w+\.bias$/), { attention_bias: /self_attn\.\w+\.bias$/ }), {
      project: (layer) => projectionNorms(config, layer, "each head"),
      window: qwenWindows(config),
    }),
};
