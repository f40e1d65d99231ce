import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Config, field, flag, integer, invalid, major } from "./config.ts";
import { agreed, type Decoder, decoder, decoderFields, gated, projectionNorms } from "./decoder.ts";
import { experts, projected, shared } from "./experts.ts";
import type { Family } from "./family.ts";
import { type LayerType, layerTypes, windows } from "./layer_types.ts";
import { biased, natural } from "./numbers.ts";

const common = {
  decoder_sparse_step: 1,
  hidden_size: 2048,
  max_position_embeddings: 32768,
  mlp_only_layers: [],
  norm_topk_prob: false,
  num_hidden_layers: 24,
  sliding_window: 4096,
  use_sliding_window: false,
  vocab_size: 151936,
};
const idle = ["output_router_logits", "router_aux_loss_coef"];

/** The feed-forward half of block `i`: a mixture of experts, or in some blocks none. */
function halves(
  config: Config,
  number: string,
  more: (w: Weights, act: Decoder["act"]) => (x: Tensor, sum: Tensor) => Tensor,
) {
  const step = integer(config, "decoder_sparse_step", 2 ** 20);
  const plain = field(config, "mlp_only_layers") ?? [];
  if (!Array.isArray(plain) || !plain.every(Number.isInteger)) {
    throw invalid("mlp_only_layers", plain, "a list of blocks");
  }
  const width = integer(config, "hidden_size", 2 ** 20);
  const fields = { experts: number, chosen: "num_experts_per_tok", inner: "moe_intermediate_size" };
  const sparse = natural(config, number, 0) > 0;
  const renormalised = flag(config, "norm_topk_prob");
  const feedforward: Decoder["feedforward"] = (layer, i, embedded, act) => {
    const mlp = layer.at("mlp");
    if (!sparse || plain.includes(i) || (i + 1) % step) {
      return gated(mlp, width, act, agreed(config, "intermediate_size"));
    }
    const make = experts(config, mlp, { fields, renormalised, names: projected, act }, embedded);
    const add = more(mlp, act);
    return { up: (x) => add(x, make(x)) };
  };
  return feedforward;
}

const kind = (slides: boolean): LayerType => (slides ? "sliding_attention" : "full_attention");

/** Qwen2-MoE (Yang et al., 2024): mixtures of experts, and a shared expert for every token. */
export const qwen2Moe: Family = {
  fields: decoderFields(
    {
      ...common,
      intermediate_size: 5632,
      layer_types: null,
      max_window_layers: 28,
      moe_intermediate_size: 1408,
      num_attention_heads: 16,
      num_experts: 60,
      num_experts_per_tok: 4,
      num_key_value_heads: 16,
      qkv_bias: true,
      shared_expert_intermediate_size: 5632,
    },
    idle,
  ),
  own: "model",
  build(config, all) {
    const other = all.without(/\blayers\..*(o_proj|gate|gate_proj|up_proj|down_proj|shared_expert_gate|norm)\.bias$/);
    // transformers 4 slides in every block, 5 in every other one below `max_window_layers`.
    const old = major(config) < 5;
    const below = natural(config, "max_window_layers", 28);
    const slides = flag(config, "use_sliding_window");
    const usual = (i: number) => kind(slides && (old || (i % 2 === 0 && i < below)));
    const types = layerTypes(config, usual, old ? null : field(config, "layer_types"));
    return decoder(config, biased(config, other, { qkv_bias: /self_attn\.\w+\.bias$/ }), {
      window: windows(config, types),
      feedforward: halves(config, "num_experts", (w, act) => shared(config, w, act, "shared_expert_intermediate_size")),
    });
  },
};

/** Qwen3-MoE (Yang et al., 2025): Qwen3 with mixtures of experts. */
export const qwen3Moe: Family = {
  fields: {
    ...decoderFields(
      {
        ...common,
        attention_bias: false,
        intermediate_size: 6144,
        moe_intermediate_size: 768,
        num_attention_heads: 32,
        num_experts_per_tok: 8,
        num_key_value_heads: 4,
        num_local_experts: 128,
      },
      idle,
    ),
    aliases: { num_experts: "num_local_experts" },
  },
  own: "model",
  build(config, all) {
    const w = biased(config, all.without(/\.(mlp|\w*norm)\..*bias$/), { attention_bias: /self_attn\.\w+\.bias$/ });
    const slides = flag(config, "use_sliding_window");
    return decoder(config, w, {
      window: windows(
        config,
        layerTypes(config, () => kind(slides), null),
      ),
      project: (layer) => projectionNorms(config, layer, "each head"),
      feedforward: halves(config, "num_local_experts", () => (_, sum) => sum),
    });
  },
};
