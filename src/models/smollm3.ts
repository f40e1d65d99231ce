import { type Config, field, integer, invalid } from "./config.ts";
import { decoder, decoderFields, heads } from "./decoder.ts";
import type { Family } from "./family.ts";
import { layerTypes, windows } from "./layer_types.ts";
import { biased } from "./numbers.ts";
import { ropeOf } from "./rope.ts";

/** SmolLM3 (Bakouch et al., 2025): Llama without rotary positions in every fourth block (Yang et al., 2025). */
export const smollm3: Family = {
  fields: decoderFields({
    attention_bias: false,
    eos_token_id: 128001,
    hidden_size: 2048,
    intermediate_size: 11008,
    layer_types: null,
    max_position_embeddings: 32768,
    mlp_bias: false,
    no_rope_layer_interval: 4,
    no_rope_layers: null,
    num_attention_heads: 16,
    num_hidden_layers: 36,
    num_key_value_heads: 4,
    pad_token_id: 128004,
    rope_theta: 2000000,
    sliding_window: null,
    tie_word_embeddings: true,
    use_sliding_window: false,
    vocab_size: 128256,
  }),
  own: "model",
  build(config, w) {
    const turned = turns(config);
    const slides = Boolean(field(config, "use_sliding_window")) && field(config, "sliding_window") !== undefined;
    const listed = layerTypes(config, (i) => (slides && !turned[i] ? "sliding_attention" : "full_attention"));
    const flags = { attention_bias: /self_attn\.\w+\.bias$/, mlp_bias: /mlp\.\w+\.bias$/ };
    return decoder(config, biased(config, w, flags), {
      ropes: { turned: ropeOf(config, heads(config).d) },
      kind: (i) => (turned[i] ? "turned" : "not"),
      window: windows(config, listed),
    });
  },
};

/** Whether each block turns queries and keys. */
function turns(config: Config): boolean[] {
  const blocks = integer(config, "num_hidden_layers", 512);
  const listed = field(config, "no_rope_layers");
  const every = listed === undefined ? integer(config, "no_rope_layer_interval", 2 ** 30) : 1;
  const found = listed ?? Array.from({ length: blocks }, (_, i) => Number((i + 1) % every !== 0));
  if (Array.isArray(found) && found.length >= blocks && found.every((one) => one === 0 || one === 1))
    return found.map(Boolean);
  throw invalid("no_rope_layers", found, `1 or 0 for each of ${blocks} blocks`);
}
