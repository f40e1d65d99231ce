import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gate } from "../ops/gate.ts";
import { activation, positive } from "./config.ts";
import { agreed, decoder, decoderFields, gated, heads, projections } from "./decoder.ts";
import type { Family } from "./family.ts";
import { biased } from "./numbers.ts";

/** Granite (IBM, 2024): Llama with factors of embeddings, sublayers, scores and logits. */
export const granite: Family = {
  fields: decoderFields({
    attention_bias: false,
    attention_multiplier: 1,
    embedding_multiplier: 1,
    eos_token_id: 2,
    hidden_size: 4096,
    intermediate_size: 11008,
    logits_scaling: 1,
    mlp_bias: false,
    num_attention_heads: 32,
    num_hidden_layers: 32,
    residual_multiplier: 1,
    vocab_size: 32000,
  }),
  own: "model",
  build(config, w) {
    const residual = times(w, positive(config, "residual_multiplier"));
    const act = activation(config, "hidden_act");
    const flags = { attention_bias: /self_attn\.\w+\.bias$/, mlp_bias: /mlp\.\w+\.bias$/ };
    return decoder(config, biased(config, w, flags), {
      lacks: ["sequence-classification", "token-classification", "question-answering"],
      attention: { scale: positive(config, "attention_multiplier") },
      enter: times(w, positive(config, "embedding_multiplier")),
      project(layer) {
        const { o, ...asked } = projections(config, layer);
        return { ...asked, o: (x) => residual(o(x)) };
      },
      feedforward(layer) {
        const { up, down } = gated(layer.at("mlp"), heads(config).width, act, agreed(config, "intermediate_size"));
        return { up, down: (neurons) => residual(down(neurons)) };
      },
      bound: times(w, 1 / positive(config, "logits_scaling")),
    });
  },
};

/** x times a number. */
export const times = (w: Weights, by: number) => (x: Tensor) => (by === 1 ? x : gate(x, w.constant(by, [1])));
