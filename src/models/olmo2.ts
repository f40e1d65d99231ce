import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { rmsNorm } from "../ops/norm.ts";
import { activation, type Config, positive } from "./config.ts";
import { agreed, type Decoder, decoder, decoderFields, gated, heads, projectionNorms } from "./decoder.ts";
import type { Family } from "./family.ts";
import { biased } from "./numbers.ts";

const fields = decoderFields({
  attention_bias: false,
  eos_token_id: 50279,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  pad_token_id: 1,
  rms_norm_eps: 1e-5,
  vocab_size: 50304,
});

/** OLMo 2 (Walsh et al., 2024): Llama with norms of what the halves add, and of queries and keys. */
export const olmo2: Family = {
  fields,
  own: "model",
  build: (config, w) =>
    decoder(config, weights(config, w), {
      ...normedAfter(config),
      lacks: ["token-classification", "question-answering"],
    }),
};

/** The weights that the class has. */
export const weights = (config: Config, w: Weights): Weights =>
  biased(config, w.without(/mlp\.\w+\.bias$/), { attention_bias: /self_attn\.\w+\.bias$/ });

/** Norms where OLMo has them from its second version on. */
export function normedAfter(config: Config): Partial<Decoder> {
  const { width } = heads(config);
  const act = activation(config, "hidden_act");
  const eps = positive(config, "rms_norm_eps");
  const normed = (f: (x: Tensor) => Tensor, w: Weights) => (x: Tensor) => {
    const y = f(x);
    return rmsNorm(y, w.get("weight", [y.shape[2]]), eps);
  };
  return {
    norms: {},
    project(layer) {
      const { o, ...others } = projectionNorms(config, layer, "all heads");
      return { ...others, o: normed(o, layer.at("post_attention_layernorm")) };
    },
    feedforward(layer) {
      const { up, down } = gated(layer.at("mlp"), width, act, agreed(config, "intermediate_size"));
      return { up, down: normed(down, layer.at("post_feedforward_layernorm")) };
    },
  };
}
