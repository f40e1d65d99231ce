import type { Tensor } from "../graph/tensor.ts";
import { causalLM } from "../tasks/causal_lm.ts";
import { activation, agree, positive } from "./config.ts";
import { decoder, decoderFields, heads } from "./decoder.ts";
import type { Family } from "./family.ts";
import { fused } from "./fused.ts";
import { dense, norm } from "./layers.ts";
import { biased, flag } from "./numbers.ts";
import { ropeOf } from "./rope.ts";

/** GPT-NeoX (Black et al., 2022), which Pythia is: parallel halves with norms of their own; a quarter of a head is turned. */
export const gptNeoX: Family = {
  fields: {
    ...decoderFields(
      {
        attention_bias: true,
        eos_token_id: 2,
        head_dim: undefined,
        hidden_act: "gelu",
        hidden_size: 6144,
        intermediate_size: 24576,
        layer_norm_eps: 1e-5,
        num_attention_heads: 64,
        num_hidden_layers: 44,
        num_key_value_heads: undefined,
        rms_norm_eps: undefined,
        rope_theta: undefined,
        rotary_emb_base: 10000,
        rotary_pct: 0.25,
        use_parallel_residual: true,
        vocab_size: 50432,
      },
      // 4.x computes the first two of the fields that are read; another head_dim fits nothing.
      ["partial_rotary_factor", "rope_theta", "rms_norm_eps", "classifier_dropout", "hidden_dropout"],
    ),
    only: { head_dim: null },
  },
  build(config, all) {
    const eps = positive(config, "layer_norm_eps");
    const act = activation(config, "hidden_act");
    const { width, heads: n, d } = heads(config);
    const w = biased(config, all, { attention_bias: /\.attention\.\w+\.bias$/ });
    const rotary = { ...config, rope_theta: config.rotary_emb_base, partial_rotary_factor: config.rotary_pct };
    return decoder(config, w, {
      eps,
      names: { base: "gpt_neox", words: "embed_in", last: "final_layer_norm" },
      norm: (x, w) => norm(x, w, eps),
      parallel: flag(config, "use_parallel_residual", true),
      project: (layer) => ({
        ...fused(layer.at("attention.query_key_value"), width, n),
        o: (x: Tensor) => dense(x, layer.at("attention.dense"), width),
      }),
      feedforward(layer) {
        const inner = layer.shape("mlp.dense_h_to_4h.weight")?.[0] ?? 0;
        agree(config, "intermediate_size", inner, layer.name("mlp.dense_h_to_4h.weight"));
        const up = (x: Tensor) => act(dense(x, layer.at("mlp.dense_h_to_4h"), inner));
        return { up, down: (neurons) => dense(neurons, layer.at("mlp.dense_4h_to_h"), width) };
      },
      ropes: { full_attention: ropeOf(rotary, d, { partial: 0.25 }) },
      head: (words) => {
        const out = w.shape("lm_head.weight") ? "lm_head" : "embed_out";
        const causal = { task: causalLM, out, tied: words, unbiased: true };
        return { "causal-lm": causal, "token-classification": { out: "classifier" } };
      },
    });
  },
};
