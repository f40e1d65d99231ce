import type { Tensor } from "../graph/tensor.ts";
import { gate } from "../ops/gate.ts";
import { activation, agree, type Config } from "./config.ts";
import { decoder, decoderFields, heads } from "./decoder.ts";
import type { Family } from "./family.ts";
import { sameWindow } from "./layer_types.ts";
import { dense, slice } from "./layers.ts";
import { object, ropeOf } from "./rope.ts";

/** Phi-3 (Abdin et al., 2024): Llama with the dense layers of one input stored as one. */
export const phi3: Family = {
  fields: decoderFields(
    {
      eos_token_id: 32000,
      hidden_size: 3072,
      intermediate_size: 8192,
      max_position_embeddings: 4096,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      original_max_position_embeddings: 4096,
      pad_token_id: 32000,
      partial_rotary_factor: 1,
      rms_norm_eps: 1e-5,
      sliding_window: null,
      vocab_size: 32064,
    },
    ["embd_pdrop", "resid_pdrop"],
  ),
  own: "model",
  build(config, w) {
    const { width, heads: n, kvHeads, d } = heads(config);
    const [wide, kv] = [n * d, kvHeads * d];
    const act = activation(config, "hidden_act");
    return decoder(config, w.without(/_proj\.bias$/), {
      lacks: ["question-answering"],
      project(layer) {
        const part = (first: number, out: number) => (x: Tensor) =>
          slice(x, layer.at("self_attn.qkv_proj"), { first, out, all: wide + 2 * kv });
        const o = (x: Tensor) => dense(x, layer.at("self_attn.o_proj"), width);
        return { q: part(0, wide), k: part(wide, kv), v: part(wide + kv, kv), o };
      },
      feedforward(layer) {
        const both = layer.at("mlp.gate_up_proj");
        const inner = (both.shape("weight")?.[0] ?? 0) / 2;
        agree(config, "intermediate_size", inner, both.name("weight"));
        const half = (x: Tensor, first: number) => slice(x, both, { first, out: inner, all: 2 * inner });
        return {
          up: (x) => gate(act(half(x, 0)), half(x, inner)),
          down: (neurons) => dense(neurons, layer.at("mlp.down_proj"), width),
        };
      },
      ropes: { full_attention: ropeOf(renamed(config), d, { partial: 1 }) },
      window: sameWindow(config),
    });
  },
};

/** What older files call su or yarn is longrope. */
function renamed(config: Config): Config {
  const longrope = (name: string) => {
    const given = object(config, name);
    const old = [given.type, given.rope_type].some((type) => type === "su" || type === "yarn");
    return old ? { ...given, type: "longrope", rope_type: "longrope" } : given;
  };
  return { ...config, rope_scaling: longrope("rope_scaling"), rope_parameters: longrope("rope_parameters") };
}
