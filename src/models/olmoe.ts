import { flag } from "./config.ts";
import { decoder, decoderFields, projectionNorms } from "./decoder.ts";
import { experts, projected } from "./experts.ts";
import type { Family } from "./family.ts";
import { biased } from "./numbers.ts";

/** OLMoE (Muennighoff et al., 2025): experts in every block, and norms of all heads of queries and keys together. */
export const olmoe: Family = {
  fields: {
    ...decoderFields(
      {
        attention_bias: false,
        eos_token_id: 50279,
        hidden_size: 2048,
        intermediate_size: 2048,
        max_position_embeddings: 4096,
        norm_topk_prob: false,
        num_attention_heads: 16,
        num_experts: 64,
        num_experts_per_tok: 8,
        num_hidden_layers: 16,
        pad_token_id: 1,
        rms_norm_eps: 1e-5,
        vocab_size: 50304,
      },
      ["output_router_logits", "router_aux_loss_coef", "sliding_window"],
    ),
    only: { clip_qkv: null },
    aliases: { num_local_experts: "num_experts" },
  },
  own: "model",
  build(config, all) {
    const w = biased(config, all.without(/\.(mlp|\w*norm)\..*bias$/), { attention_bias: /self_attn\.\w+\.bias$/ });
    const fields = { experts: "num_experts", chosen: "num_experts_per_tok", inner: "intermediate_size" };
    const renormalised = flag(config, "norm_topk_prob");
    return decoder(config, w, {
      lacks: ["sequence-classification", "token-classification", "question-answering"],
      project: (layer) => projectionNorms(config, layer, "all heads"),
      feedforward: (layer, _, embedded, act) => ({
        up: experts(config, layer.at("mlp"), { fields, renormalised, names: projected, act }, embedded),
      }),
    });
  },
};
