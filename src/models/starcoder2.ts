import { activation, agree, positive } from "./config.ts";
import { decoder, decoderFields } from "./decoder.ts";
import type { Family } from "./family.ts";
import { sameWindow } from "./layer_types.ts";
import { dense, norm } from "./layers.ts";
import { biased } from "./numbers.ts";

/** StarCoder2 (Lozhkov et al., 2024): Mistral with layer norms, biases, and feed-forward layers without a gate. */
export const starcoder2: Family = {
  fields: decoderFields(
    {
      eos_token_id: 50256,
      hidden_act: "gelu_pytorch_tanh",
      hidden_size: 3072,
      intermediate_size: 12288,
      max_position_embeddings: 4096,
      norm_epsilon: 1e-5,
      num_attention_heads: 24,
      num_hidden_layers: 30,
      num_key_value_heads: 2,
      rms_norm_eps: undefined,
      sliding_window: null,
      tie_word_embeddings: true,
      use_bias: true,
      vocab_size: 49152,
    },
    ["embedding_dropout", "residual_dropout"],
  ),
  own: "model",
  build(config, w) {
    const eps = positive(config, "norm_epsilon");
    const act = activation(config, "hidden_act");
    return decoder(config, biased(config, w, { use_bias: /(_proj|c_fc)\.bias$/ }), {
      lacks: ["question-answering"],
      eps,
      norm: (x, w) => norm(x, w, eps),
      feedforward(layer) {
        const mlp = layer.at("mlp");
        const [inner = 0, width = 0] = mlp.shape("c_fc.weight") ?? [];
        agree(config, "intermediate_size", inner, mlp.name("c_fc.weight"));
        return { up: (x) => act(dense(x, mlp.at("c_fc"), inner)), down: (x) => dense(x, mlp.at("c_proj"), width) };
      },
      window: sameWindow(config),
    });
  },
};
