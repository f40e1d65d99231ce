import type { Tensor } from "../graph/tensor.ts";
import { layerNorm } from "../ops/norm.ts";
import { causalLM } from "../tasks/causal_lm.ts";
import { activation, agree, positive } from "./config.ts";
import { decoder, decoderFields, heads, projections } from "./decoder.ts";
import type { Family } from "./family.ts";
import { dense, norm } from "./layers.ts";
import { flag } from "./numbers.ts";
import { ropeOf } from "./rope.ts";

/** Phi-1.5 and Phi-2 (Li et al., 2023): one layer norm for both halves, which are parallel; half of a head is turned. */
export const phi: Family = {
  fields: decoderFields(
    {
      eos_token_id: 2,
      hidden_act: "gelu_new",
      hidden_size: 2048,
      intermediate_size: 8192,
      layer_norm_eps: 1e-5,
      num_attention_heads: 32,
      num_hidden_layers: 24,
      partial_rotary_factor: 0.5,
      qk_layernorm: false,
      rms_norm_eps: undefined,
      vocab_size: 51200,
    },
    ["embd_pdrop", "ignore_keys_at_rope_validation", "resid_pdrop"],
  ),
  own: "model",
  build(config, w) {
    const eps = positive(config, "layer_norm_eps");
    const act = activation(config, "hidden_act");
    const { width, d } = heads(config);
    return decoder(config, w, {
      lacks: ["question-answering"],
      eps,
      names: { last: "final_layernorm" },
      norm: (x, w) => norm(x, w, eps),
      norms: { before: "input_layernorm" },
      parallel: true,
      project(layer) {
        const own = layer.at("self_attn");
        const { q, k, v } = projections(config, layer);
        const o = (x: Tensor) => dense(x, own.at("dense"), width);
        if (!flag(config, "qk_layernorm", false)) return { q, k, v, o };
        const normed = (f: (x: Tensor) => Tensor, name: string) => (x: Tensor) =>
          layerNorm(f(x), own.get(`${name}.weight`, [d]), own.get(`${name}.bias`, [d]), eps);
        return { q: normed(q, "q_layernorm"), k: normed(k, "k_layernorm"), v, o };
      },
      feedforward(layer) {
        const inner = layer.shape("mlp.fc1.weight")?.[0] ?? 0;
        agree(config, "intermediate_size", inner, layer.name("mlp.fc1.weight"));
        const up = (x: Tensor) => act(dense(x, layer.at("mlp.fc1"), inner));
        return { up, down: (neurons) => dense(neurons, layer.at("mlp.fc2"), width) };
      },
      ropes: { full_attention: ropeOf(config, d, { partial: 0.5 }) },
      head: (words) => ({ "causal-lm": { task: causalLM, out: "lm_head", tied: words } }),
    });
  },
};
