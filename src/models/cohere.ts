import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gate } from "../ops/gate.ts";
import { layerNorm } from "../ops/norm.ts";
import { major, positive } from "./config.ts";
import { decoder, decoderFields, heads, projections } from "./decoder.ts";
import type { Family } from "./family.ts";
import { times } from "./granite.ts";
import { norm } from "./layers.ts";
import { biased, flag } from "./numbers.ts";
import { ropeOf } from "./rope.ts";

/** Cohere's Command R (2024): one norm for both halves, which are parallel, and rotations of neighbours. */
export const cohere: Family = {
  fields: decoderFields({
    attention_bias: false,
    eos_token_id: 255001,
    hidden_size: 8192,
    intermediate_size: 22528,
    layer_norm_eps: 1e-5,
    logit_scale: 0.0625,
    max_position_embeddings: 8192,
    num_attention_heads: 64,
    num_hidden_layers: 40,
    pad_token_id: 0,
    rms_norm_eps: undefined,
    rope_theta: null,
    tie_word_embeddings: true,
    use_qk_norm: false,
    vocab_size: 256000,
  }),
  own: "model",
  build(config, all) {
    const eps = positive(config, "layer_norm_eps");
    const { d } = heads(config);
    const w = biased(config, all.without(/(norm|mlp\.\w+)\.bias$/), { attention_bias: /_proj\.bias$/ });
    /** Of each head, by weights of its own. */
    const normed = (x: Tensor, layer: Weights) => {
      const n = x.shape[2] / d;
      const each = layerNorm(x, layer.constant(1, [d]), layer.constant(0, [d]), eps);
      return gate(each, layer.get("weight", [n, d]));
    };
    return decoder(config, w, {
      lacks: ["sequence-classification", "token-classification", "question-answering"],
      eps,
      norm: (x, w) => norm(x, w, eps, true),
      norms: { before: "input_layernorm" },
      parallel: true,
      project(layer) {
        const { q, k, ...others } = projections(config, layer);
        if (!flag(config, "use_qk_norm", false)) return { q, k, ...others };
        const own = (f: (x: Tensor) => Tensor, name: string) => (x: Tensor) =>
          normed(f(x), layer.at(`self_attn.${name}`));
        return { ...others, q: own(q, "q_norm"), k: own(k, "k_norm") };
      },
      ropes: { full_attention: ropeOf(config, d, { theta: major(config) < 5 ? 10000 : 500000 }) },
      neighbours: true,
      bound: times(w, positive(config, "logit_scale")),
    });
  },
};
