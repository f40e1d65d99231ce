import { decoder, decoderFields } from "./decoder.ts";
import { experts } from "./experts.ts";
import type { Family } from "./family.ts";
import { sameWindow } from "./layer_types.ts";

/** Mixtral (Jiang et al., 2024): Mistral with mixtures of experts as feed-forward layers. */
export const mixtral: Family = {
  fields: {
    ...decoderFields(
      {
        eos_token_id: 2,
        hidden_size: 4096,
        intermediate_size: 14336,
        max_position_embeddings: 131072,
        num_attention_heads: 32,
        num_experts_per_tok: 2,
        num_hidden_layers: 32,
        num_key_value_heads: 8,
        num_local_experts: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 1e6,
        sliding_window: null,
        vocab_size: 32000,
      },
      ["output_router_logits", "router_aux_loss_coef", "router_jitter_noise"],
    ),
    aliases: { num_experts: "num_local_experts" },
  },
  own: "model",
  build(config, all) {
    const w = all.without(/\blayers\..*\.bias$/);
    const fields = { experts: "num_local_experts", chosen: "num_experts_per_tok", inner: "intermediate_size" };
    const names = { gate: "w1", up: "w3", down: "w2" };
    return decoder(config, w, {
      window: sameWindow(config),
      feedforward(layer, _, embedded, act) {
        const own = layer.at(layer.shape("block_sparse_moe.gate.weight") ? "block_sparse_moe" : "mlp");
        return { up: experts(config, own, { fields, renormalised: true, names, act }, embedded) };
      },
    });
  },
};
